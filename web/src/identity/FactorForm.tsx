/* Showing one factor: a code of the authenticator app, a passkey, a recovery code, or the password. */

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { IconDeviceMobile, IconFingerprint, IconKey, IconLifebuoy } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useWords } from "../i18n/language";
import { TriedNote } from "./TriedNote";
import type { Factor, Proof } from "./shapes";
import { isPasskeyPossible, showPasskey } from "./webauthn";
import { useWait } from "./waiting";

const ORDER = ["passkey", "totp", "recovery_code", "password"] as const;
type Shown = (typeof ORDER)[number];
const ICONS = { passkey: IconFingerprint, totp: IconDeviceMobile, recovery_code: IconLifebuoy, password: IconKey };

/** The ways that this person and this browser have, the quickest first. */
export function waysOf(factors: readonly Factor[], hasPasskeys: boolean): Shown[] {
  return ORDER.filter((one) => factors.includes(one) && (one !== "passkey" || hasPasskeys));
}

interface FactorFormProps {
  factors: readonly Factor[];
  /** Sends the proof; what it raises is shown beside the field. */
  submit: (proof: Proof) => Promise<unknown>;
  /** Whose password a password manager may offer. */
  email?: string;
}

export function FactorForm({ factors, submit, email }: FactorFormProps) {
  const t = useWords();
  const ways = waysOf(factors, isPasskeyPossible());
  const [chosen, setChosen] = useState<Shown | null>(null);
  const [text, setText] = useState("");
  const way = chosen ?? ways[0];
  const show = useMutation({
    mutationFn: async () => {
      if (way === "passkey") return submit({ passkey: await showPasskey() });
      if (way === "totp") return submit({ totp: text.replaceAll(/\s/g, "") });
      return submit(way === "password" ? { password: text } : { recovery_code: text.trim() });
    },
    onError: () => setText(""),
  });
  const wait = useWait(show.error);
  if (way === undefined) return <p className="dim">{t("factor.passkeyElsewhere")}</p>;

  function choose(next: Shown): void {
    setChosen(next);
    setText("");
    show.reset();
  }
  const field = {
    "data-autofocus": true,
    "data-mantine-stop-propagation": "true",
    autoFocus: true,
    required: true,
    withAsterisk: false,
    key: way,
    label: t(`factor.${way}`),
    value: text,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setText(event.currentTarget.value),
    size: "sm",
  } as const;
  const { key, ...fieldProps } = field;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        show.mutate();
      }}
    >
      {way === "passkey" && <p style={{ margin: 0 }}>{t("factor.passkeyText")}</p>}
      {way === "totp" && (
        <TextInput key={key} {...fieldProps} description={t("factor.totpText")} inputMode="numeric" autoComplete="one-time-code" maxLength={10} classNames={{ input: "mono" }} />
      )}
      {way === "recovery_code" && (
        <TextInput key={key} {...fieldProps} description={t("factor.recovery_codeText")} autoComplete="off" spellCheck={false} maxLength={60} classNames={{ input: "mono" }} />
      )}
      {way === "password" && (
        <>
          <input type="text" name="username" autoComplete="username" value={email ?? ""} readOnly hidden />
          <PasswordInput key={key} {...fieldProps} autoComplete="current-password" visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }} />
        </>
      )}
      <TriedNote error={show.error} wait={wait} />
      <Button type="submit" size="sm" loading={show.isPending} disabled={wait > 0 || (way !== "passkey" && text.trim() === "")} data-mantine-stop-propagation="true" {...(way === "passkey" ? { "data-autofocus": true } : {})}>
        {way === "passkey" ? t("factor.showPasskey") : t("factor.go")}
      </Button>
      {ways.length > 1 && (
        <div className="row wrap" style={{ gap: 4, justifyContent: "center" }}>
          {ways.filter((one) => one !== way).map((one) => {
            const Icon = ICONS[one];
            return (
              <Button key={one} variant="subtle" leftSection={<Icon size={14} />} onClick={() => choose(one)} data-mantine-stop-propagation="true">
                {t(`factor.${one}Instead`)}
              </Button>
            );
          })}
        </div>
      )}
    </form>
  );
}
