/* Opened by the link of a letter (or one that an administrator handed over): sets a new password, once. */

import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { useEntered } from "./entered";
import { Front } from "./Front";
import { MIN_PASSWORD_CHARACTERS, NewPassword } from "./NewPassword";
import { useTokenOfAddress } from "./token";

export default function ResetPasswordPage() {
  const t = useWords();
  const token = useTokenOfAddress();
  const entered = useEntered();
  const [password, setPassword] = useState("");
  const set = useMutation({
    mutationFn: () => request<undefined>("/api/auth/password/new", { method: "POST", json: { token, password } }),
    // it ended every session of the person, perhaps the one of this browser
    onSuccess: () => entered(),
  });
  if (set.isSuccess) {
    return (
      <Front title={t("reset.done")}>
        <div className="notice good" role="status">
          <IconCircleCheck size={16} aria-hidden />
          <span className="grow">{t("reset.doneText")}</span>
        </div>
        <Button component={Link} to="/" size="sm">
          {t("signIn.title")}
        </Button>
      </Front>
    );
  }
  return (
    <Front title={t("reset.title")} text={t("reset.text")}>
      {token === "" && <FailureNote error={new Error(t("link.incomplete"))} />}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        <NewPassword autoFocus value={password} onChange={setPassword} />
        {set.isError && <FailureNote error={set.error} />}
        <Button type="submit" size="sm" loading={set.isPending} disabled={token === "" || password.length < MIN_PASSWORD_CHARACTERS}>
          {t("password.set")}
        </Button>
      </form>
    </Front>
  );
}
