/* Shown where there is no session: the way in is a link that the program prints. */

import { Button, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { LANGUAGES, useLanguage } from "../i18n/language";
import { Snippet } from "../ui/Snippet";
import { Logo } from "./Logo";

export function SignIn() {
  const { t, language, setLanguage } = useLanguage();
  const queries = useQueryClient();
  useEffect(() => {
    document.title = `${t("signIn.title")} · MachineNativeOps`;
  }, [t]);
  return (
    <main style={{ minHeight: "100dvh", display: "grid", placeItems: "center", padding: 16 }}>
      <div className="card" style={{ width: "min(100%, 460px)", padding: 32, display: "flex", flexDirection: "column", gap: 20 }}>
        <div className="row" style={{ gap: 12 }}>
          <Logo />
          <strong style={{ fontSize: 15 }}>MachineNativeOps</strong>
        </div>
        <div>
          <h1 style={{ fontSize: 20, lineHeight: "28px", fontWeight: 600, margin: "0 0 4px" }}>{t("signIn.title")}</h1>
          <p className="dim" style={{ margin: 0 }}>{t("signIn.text")}</p>
        </div>
        <Snippet text="mno serve" label={t("signIn.first")} />
        <Snippet text="mno link" label={t("signIn.again")} />
        <div className="row wrap" style={{ justifyContent: "space-between" }}>
          <Button onClick={() => void queries.invalidateQueries({ queryKey: ["session"] })}>{t("signIn.retry")}</Button>
          <SegmentedControl
            aria-label={t("profile.language")}
            value={language}
            onChange={(code) => setLanguage(code)}
            data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
          />
        </div>
      </div>
    </main>
  );
}
