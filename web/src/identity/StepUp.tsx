/*
 * Sensitive changes ask the person to show a factor again. The server says so with a 403 of its own problem type;
 * here the dialog opens, and the change that was refused goes on by itself once the factor was shown.
 *
 *   const stepUp = useStepUp();
 *   useMutation({ mutationFn: () => stepUp(() => request("/api/…", { method: "DELETE" })) });
 */

import { Button, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { createContext, type ReactNode, use, useCallback, useRef, useState } from "react";
import { Problem, request, VERIFICATION_REQUIRED } from "../api/client";
import { sessionQuery } from "../api/session";
import { useWords } from "../i18n/language";
import { Failure } from "../ui/State";
import { FactorForm } from "./FactorForm";
import { profileQuery } from "./profile";

/** Runs an action; where it is refused until a factor is shown, asks for it and runs the action once more. */
export type StepUp = <Answer>(action: () => Promise<Answer>) => Promise<Answer>;

const StepUpContext = createContext<StepUp | null>(null);

export function useStepUp(): StepUp {
  const stepUp = use(StepUpContext);
  if (!stepUp) throw new Error("A page must stand inside the StepUpProvider");
  return stepUp;
}

interface Asked {
  shown: Promise<boolean>;
  answer: (isShown: boolean) => void;
}

export function StepUpProvider({ children }: { children: ReactNode }) {
  const t = useWords();
  const asked = useRef<Asked | null>(null);
  const [isOpen, setOpen] = useState(false);

  const ask = useCallback((): Promise<boolean> => {
    if (!asked.current) {
      let answer: Asked["answer"] = () => undefined;
      const shown = new Promise<boolean>((resolve) => (answer = resolve));
      asked.current = { shown, answer };
      setOpen(true);
    }
    return asked.current.shown;
  }, []);
  const close = useCallback((isShown: boolean) => {
    setOpen(false);
    asked.current?.answer(isShown);
    asked.current = null;
  }, []);
  const stepUp = useCallback<StepUp>(
    async (action) => {
      try {
        return await action();
      } catch (failure) {
        if (!(failure instanceof Problem) || failure.type !== VERIFICATION_REQUIRED) throw failure;
        if (!(await ask())) throw new Problem(403, t("stepUp.title"), t("stepUp.left"));
        return action();
      }
    },
    [ask, t],
  );
  return (
    <StepUpContext value={stepUp}>
      {children}
      {isOpen && <StepUpDialog close={close} />}
    </StepUpContext>
  );
}

function StepUpDialog({ close }: { close: (isShown: boolean) => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const profile = useQuery({ ...profileQuery, staleTime: 0 });
  const { data } = profile;
  const factors = data && (data.second_factors.length > 0 ? data.second_factors : data.password ? (["password"] as const) : []);
  return (
    <Modal
      opened
      onClose={() => close(false)}
      title={t("stepUp.title")}
      size="sm"
      zIndex={400}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("act.close"), "data-mantine-stop-propagation": "true" } as never}
    >
      {/* A dialog may stand beneath: Escape closes this one alone. */}
      <div className="stack" onKeyDown={(event) => event.key === "Escape" && close(false)}>
        <p className="dim" style={{ margin: 0 }}>{t("stepUp.text")}</p>
        {profile.isPending && <div aria-busy="true" style={{ minHeight: 96 }} />}
        {profile.isError && <Failure error={profile.error} retry={() => void profile.refetch()} />}
        {factors?.length === 0 && <NothingToShow close={() => close(false)} />}
        {factors && factors.length > 0 && (
          <FactorForm
            factors={factors}
            email={data.email}
            submit={async (proof) => {
              await request<undefined>("/api/auth/verify", { method: "POST", json: proof });
              void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
              close(true);
            }}
          />
        )}
      </div>
    </Modal>
  );
}

function NothingToShow({ close }: { close: () => void }) {
  const t = useWords();
  return (
    <>
      <p style={{ margin: 0 }}>{t("stepUp.nothing")}</p>
      <Button component={Link} to="/profile" onClick={close} data-autofocus>
        {t("stepUp.toProfile")}
      </Button>
    </>
  );
}
