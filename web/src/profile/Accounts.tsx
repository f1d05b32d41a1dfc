/* Accounts elsewhere that open this one: GitHub and the providers that are set up here. */

import { Button } from "@mantine/core";
import { IconBrandGithub, IconBuilding } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, request, VERIFICATION_REQUIRED } from "../api/client";
import type { Session } from "../api/types";
import { useWords } from "../i18n/language";
import type { LinkedAccount, ProfileShape } from "../identity/shapes";
import { methodsQuery, startOf } from "../identity/sign_in/methods";
import { useStepUp } from "../identity/StepUp";
import { ConfirmByName } from "../ui/ConfirmByName";
import { FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";

const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  queryFn: async ({ signal }) => (await request<{ items: LinkedAccount[] }>("/api/auth/accounts", { signal })).items,
});
/** A factor counts for ten minutes at the server; the journey's first step must still be within them. */
const FRESH_MS = 9 * 60_000;

export function Accounts({ profile }: { profile: ProfileShape }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const methods = useQuery(methodsQuery);
  const accounts = useQuery(accountsQuery);
  const [leaving, setLeaving] = useState<{ account: LinkedAccount; title: string } | null>(null);
  const unlink = useMutation({
    mutationFn: (provider: string) => stepUp(() => request<undefined>(`/api/auth/accounts/${provider}`, { method: "DELETE" })),
    onSuccess: () => {
      setLeaving(null);
      return queries.invalidateQueries({ queryKey: accountsQuery.queryKey });
    },
  });
  const link = useMutation({
    mutationFn: async (provider: string) => {
      const hasToShow = profile.password || profile.second_factors.length > 0;
      // The browser leaves the page for this, so the factor is asked for before.
      if (hasToShow) await stepUp(checkFresh);
      window.location.assign(startOf(provider, { returnTo: "/profile", link: true }));
    },
  });
  const linked = accounts.data ?? [];
  const offered = [
    ...(methods.data?.github || linked.some((one) => one.provider === "github") ? [{ id: "github", name: "GitHub" }] : []),
    ...(methods.data?.providers ?? []),
  ];
  // A provider that was switched off keeps its links; they can still be taken away.
  const others = linked.filter((one) => !offered.some(({ id }) => id === one.provider)).map((one) => ({ id: one.provider, name: t("accounts.off") }));
  return (
    <>
      {(accounts.isError || link.isError) && <FailureNote error={accounts.error ?? link.error} />}
      {[...offered, ...others].map(({ id, name }) => {
        const Icon = id === "github" ? IconBrandGithub : IconBuilding;
        const account = linked.find((one) => one.provider === id);
        return (
          <div className="way" key={id}>
            <div className="grow">
              <h3 className="row" style={{ gap: 6 }}><Icon size={14} aria-hidden />{name}</h3>
              <p>
                {account ? t("accounts.as", { name: [account.name, account.email].filter(Boolean).join(" · ") }) : t("accounts.notLinked")}
                {account && <> · <Ago at={account.last_at} /></>}
              </p>
            </div>
            <span className={account ? "mark good" : "mark"}>{account ? t("accounts.linked") : t("way.off")}</span>
            {account ? (
              <Button variant="subtle" color="red" aria-label={`${t("accounts.unlink")} ${name}`} onClick={() => setLeaving({ account, title: name })}>{t("accounts.unlink")}</Button>
            ) : (
              <Button variant="default" aria-label={`${t("accounts.link")} ${name}`} loading={link.isPending && link.variables === id} onClick={() => link.mutate(id)}>{t("accounts.link")}</Button>
            )}
          </div>
        );
      })}
      {leaving && (
        <ConfirmByName
          title={t("accounts.unlinkTitle", { name: leaving.title })}
          text={t("accounts.unlinkText")}
          name={leaving.title}
          act={t("accounts.unlink")}
          pending={unlink.isPending}
          error={unlink.error}
          confirm={() => unlink.mutate(leaving.account.provider)}
          close={() => {
            setLeaving(null);
            unlink.reset();
          }}
        />
      )}
    </>
  );
}

async function checkFresh(): Promise<void> {
  const { session } = await request<Session>("/api/auth/session");
  const shown = session?.verified_at ? Date.parse(session.verified_at) : 0;
  if (Date.now() - shown > FRESH_MS) throw new Problem(403, "", "", null, VERIFICATION_REQUIRED);
}
