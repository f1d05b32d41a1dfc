/* Beside the settings of mail: the server's password, which is never shown, and a letter that tries them. */

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery, useMay } from "../api/session";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";

const passwordQuery = queryOptions({
  queryKey: ["mail-password"],
  queryFn: ({ signal }) => request<{ is_set: boolean }>("/api/mail/password", { signal }),
});

export function MailDesk() {
  if (!useMay("hub.settings.write")) return null;
  return (
    <div className="desk">
      <Password />
      <Trial />
    </div>
  );
}

function Password() {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const kept = useQuery(passwordQuery);
  const [password, setPassword] = useState("");
  const save = useMutation({
    mutationFn: (next: string) => stepUp(() => request<undefined>("/api/mail/password", { method: "PUT", json: { password: next } })),
    onSuccess: async (_, next) => {
      setPassword("");
      notifications.show({ message: t(next === "" ? "mail.passwordTaken" : "mail.passwordSaved"), color: "green" });
      await queries.invalidateQueries({ queryKey: passwordQuery.queryKey });
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(password);
      }}
    >
      <PasswordInput
        size="xs"
        label={t("mail.password")}
        description={t(kept.data?.is_set ? "provider.secretKept" : "provider.secretText")}
        maxLength={1000}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {save.isError && <FailureNote error={save.error} />}
      <div className="row">
        <Button type="submit" variant="default" loading={save.isPending} disabled={password === ""}>{t("mail.passwordSave")}</Button>
        {kept.data?.is_set && <Button variant="subtle" color="red" disabled={save.isPending} onClick={() => save.mutate("")}>{t("mail.passwordTake")}</Button>}
      </div>
    </form>
  );
}

function Trial() {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const [to, setTo] = useState<string | null>(null);
  const receiver = to ?? session.data?.user?.email ?? "";
  const send = useMutation({
    mutationFn: () => request<undefined>("/api/mail/trial", { method: "POST", json: { to: receiver.trim() } }),
    onSuccess: () => notifications.show({ message: t("mail.trialSent", { to: receiver.trim() }), color: "green" }),
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <TextInput size="xs" type="email" label={t("mail.trialTo")} description={t("mail.trialText")} maxLength={254} value={receiver} onChange={(event) => setTo(event.currentTarget.value)} />
      {send.isError && <FailureNote error={send.error} />}
      <div className="row">
        <Button type="submit" variant="default" loading={send.isPending} disabled={receiver.trim().length < 3}>{t("mail.trialSend")}</Button>
      </div>
    </form>
  );
}
