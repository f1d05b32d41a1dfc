/*
 * Somebody new: a name, and a password or a passkey. The link is spent first, which signs them in; then the browser
 * makes the passkey. Where that fails they are in already, and choose again, so that they can come back another day.
 */

import { Button, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { addPasskey } from "../passkeys";
import type { Accepted } from "../shapes";
import { methodsQuery } from "../sign_in/methods";
import { MIN_PASSWORD_CHARACTERS, NewPassword } from "../sign_in/NewPassword";
import { TriedNote } from "../TriedNote";
import { useWait } from "../waiting";
import { isPasskeyPossible } from "../webauthn";

export function NewAccount({ token, onBegin }: { token: string; onBegin: () => void }) {
  const t = useWords();
  const methods = useQuery(methodsQuery);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isIn, setIn] = useState(false);
  async function spend(withPassword: boolean): Promise<void> {
    if (isIn) {
      if (withPassword) await request<undefined>("/api/auth/password", { method: "PUT", json: { password } });
      return;
    }
    await request<Accepted>("/api/invitations/accept", {
      method: "POST",
      json: { token, name: name.trim(), ...(withPassword ? { password } : {}) },
    });
    onBegin();
    setIn(true);
  }
  const join = useMutation({
    mutationFn: async (way: "password" | "passkey") => {
      await spend(way === "password");
      if (way === "passkey") await addPasskey(t("passkeys.first"));
    },
    onSuccess: () => window.location.assign("/"),
  });
  const wait = useWait(join.error);
  const hasPasskey = (methods.data?.passkey ?? false) && isPasskeyPossible();
  const hasPassword = methods.data?.password ?? false;
  const isNamed = isIn || name.trim() !== "";
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        join.mutate(hasPassword && password !== "" ? "password" : "passkey");
      }}
    >
      {isIn ? (
        <p style={{ margin: 0 }}>{t("invitation.in")}</p>
      ) : (
        <TextInput autoFocus size="sm" required withAsterisk={false} maxLength={100} label={t("invitation.name")} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      )}
      {hasPassword && <NewPassword value={password} onChange={setPassword} />}
      <TriedNote error={join.error} wait={wait} />
      {hasPassword && (
        <Button type="submit" size="sm" loading={join.isPending && join.variables === "password"} disabled={!isNamed || wait > 0 || password.length < MIN_PASSWORD_CHARACTERS}>
          {isIn ? t("password.set") : t("invitation.withPassword")}
        </Button>
      )}
      {hasPassword && hasPasskey && <div className="front-or">{t("signIn.or")}</div>}
      {hasPasskey && (
        <Button size="sm" variant="default" leftSection={<IconFingerprint size={16} />} loading={join.isPending && join.variables === "passkey"} disabled={!isNamed || wait > 0} onClick={() => join.mutate("passkey")}>
          {isIn ? t("passkeys.makeAgain") : t("invitation.withPasskey")}
        </Button>
      )}
    </form>
  );
}
