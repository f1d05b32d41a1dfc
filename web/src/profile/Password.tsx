/* Setting a password for the first time, or another one; both end one's other sessions. */

import { Button, Modal, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { profileQuery } from "../identity/profile";
import type { ProfileShape } from "../identity/shapes";
import { MIN_PASSWORD_CHARACTERS, NewPassword } from "../identity/sign_in/NewPassword";
import { useStepUp } from "../identity/StepUp";
import { TriedNote } from "../identity/TriedNote";
import { useWait } from "../identity/waiting";

export function Password({ profile }: { profile: ProfileShape }) {
  const t = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="way">
      <div className="grow">
        <h3>{t("factor.password")}</h3>
        <p>{profile.password ? t("password.on") : t("password.off")}</p>
      </div>
      <span className={profile.password ? "mark good" : "mark"}>{profile.password ? t("way.on") : t("way.off")}</span>
      <Button variant="default" onClick={() => setOpen(true)}>{profile.password ? t("password.change") : t("password.set")}</Button>
      {isOpen && <ChangePassword profile={profile} close={() => setOpen(false)} />}
    </div>
  );
}

function ChangePassword({ profile, close }: { profile: ProfileShape; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const set = useMutation({
    mutationFn: () => stepUp(() => request<undefined>("/api/auth/password", { method: "PUT", json: { password, current } })),
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
      await queries.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
  const wait = useWait(set.error);
  return (
    <Modal opened onClose={close} title={profile.password ? t("password.change") : t("password.set")} size="sm" closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        <p className="dim" style={{ margin: 0 }}>{t("password.ends")}</p>
        {profile.password && (
          <PasswordInput data-autofocus required withAsterisk={false} label={t("password.current")} autoComplete="current-password" maxLength={1000} visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }} value={current} onChange={(event) => setCurrent(event.currentTarget.value)} size="xs" />
        )}
        <NewPassword size="xs" email={profile.email} value={password} onChange={setPassword} />
        <TriedNote error={set.error} wait={wait} />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={set.isPending} disabled={wait > 0 || password.length < MIN_PASSWORD_CHARACTERS || (profile.password && current === "")}>
            {profile.password ? t("password.change") : t("password.set")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
