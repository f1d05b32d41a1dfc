/* Choosing a password, with the one rule that can be told beforehand; the server refuses the others with its reason. */

import { PasswordInput } from "@mantine/core";
import { useWords } from "../../i18n/language";

/** As in sign_in/passwords/rules.py. */
export const MIN_PASSWORD_CHARACTERS = 12;

interface NewPasswordProps {
  value: string;
  onChange: (value: string) => void;
  /** Whose password it becomes, for password managers. */
  email?: string;
  autoFocus?: boolean;
  size?: "xs" | "sm";
}

export function NewPassword({ value, onChange, email, autoFocus = false, size = "sm" }: NewPasswordProps) {
  const t = useWords();
  const isShort = value !== "" && value.length < MIN_PASSWORD_CHARACTERS;
  return (
    <>
      {email !== undefined && email !== "" && <input type="text" autoComplete="username" value={email} readOnly hidden />}
      <PasswordInput
        size={size}
        required withAsterisk={false}
        autoFocus={autoFocus}
        label={t("password.new")}
        description={isShort ? t("password.missing", { count: MIN_PASSWORD_CHARACTERS - value.length }) : t("password.rule", { count: MIN_PASSWORD_CHARACTERS })}
        autoComplete="new-password"
        maxLength={256}
        visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </>
  );
}
