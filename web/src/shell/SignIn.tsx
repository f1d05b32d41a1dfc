/* Shown in place of every page where there is no session; whoever comes in goes on at the page that was wanted. */

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Front } from "../identity/sign_in/Front";
import { SignInPanel } from "../identity/sign_in/SignInPanel";
import { useWords } from "../i18n/language";
import { Snippet } from "../ui/Snippet";

/** In a browser that was signed in once, the hint for the first start stays folded. */
export const KNOWN_AS = "mno.known";

export function SignIn() {
  const t = useWords();
  const queries = useQueryClient();
  return (
    <Front title={t("signIn.title")}>
      <SignInPanel />
      <details open={localStorage.getItem(KNOWN_AS) === null}>
        <summary>{t("signIn.byLink")}</summary>
        <div className="stack">
          <Snippet text="mno serve" label={t("signIn.first")} />
          <Snippet text="mno link" label={t("signIn.again")} />
          <Button variant="default" style={{ alignSelf: "flex-start" }} onClick={() => void queries.invalidateQueries({ queryKey: ["session"] })}>
            {t("signIn.retry")}
          </Button>
        </div>
      </details>
    </Front>
  );
}
