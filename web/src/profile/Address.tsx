/* One's e-mail address: another one is proved by a letter that goes there. */

import { Button, Modal, TextInput } from "@mantine/core";
import { IconMailCheck, IconMailForward } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery } from "../api/session";
import { useWords } from "../i18n/language";
import { profileQuery } from "../identity/profile";
import type { ProfileShape } from "../identity/shapes";
import { useStepUp } from "../identity/StepUp";
import { TriedNote } from "../identity/TriedNote";
import { useWait } from "../identity/waiting";

export function Address({ profile }: { profile: ProfileShape }) {
  const t = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="way">
      <div className="grow">
        <h3>{t("signIn.email")}</h3>
        <p className={profile.email === "" ? "attention" : undefined} style={{ overflowWrap: "anywhere" }}>{profile.email || t("address.none")}</p>
      </div>
      {profile.email !== "" && (
        <span className={profile.email_verified ? "mark good" : "mark attention"}>
          {profile.email_verified && <IconMailCheck size={12} aria-hidden />}
          {profile.email_verified ? t("profile.verified") : t("profile.notVerified")}
        </span>
      )}
      <Button variant="default" onClick={() => setOpen(true)}>
        {profile.email === "" ? t("address.enter") : profile.email_verified ? t("address.change") : t("address.verify")}
      </Button>
      {isOpen && <ChangeAddress profile={profile} close={() => setOpen(false)} />}
    </div>
  );
}

function ChangeAddress({ profile, close }: { profile: ProfileShape; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [email, setEmail] = useState(profile.email_verified ? "" : profile.email);
  const ask = useMutation({
    mutationFn: () => stepUp(() => request<{ mailed: boolean }>("/api/auth/address", { method: "POST", json: { email: email.trim() } })),
    onSuccess: async ({ mailed }) => {
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
      await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
      if (!mailed) close();
    },
  });
  const wait = useWait(ask.error);
  return (
    <Modal opened onClose={close} title={t("address.title")} size="sm" closeButtonProps={{ "aria-label": t("act.close") }}>
      {ask.data?.mailed ? (
        <div className="stack">
          <div className="notice good" role="status">
            <IconMailForward size={16} aria-hidden />
            <span className="grow">{t("address.sent", { email: email.trim() })}</span>
          </div>
          <Button style={{ alignSelf: "flex-end" }} onClick={close}>{t("act.close")}</Button>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            ask.mutate();
          }}
        >
          <p className="dim" style={{ margin: 0 }}>{t("address.text")}</p>
          <TextInput data-autofocus required withAsterisk={false} type="email" maxLength={254} label={t("signIn.email")} autoComplete="email" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <TriedNote error={ask.error} wait={wait} />
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
            <Button type="submit" loading={ask.isPending} disabled={wait > 0 || email.trim() === ""}>{t("act.save")}</Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
