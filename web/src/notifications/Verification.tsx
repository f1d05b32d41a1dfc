/* For whoever receives webhooks: what they carry, and the code that checks their signature. */

import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { useWords } from "../i18n/language";
import { Card } from "../ui/Page";
import { Snippet } from "../ui/Snippet";
import { VERIFICATION, type VerificationLanguage } from "./verification";

export function Verification() {
  const t = useWords();
  const [language, setLanguage] = useState<VerificationLanguage>("python");
  return (
    <Card
      title={t("channels.verify")}
      acts={<SegmentedControl aria-label={t("channels.verify")} value={language} onChange={setLanguage} data={[{ value: "python", label: "Python" }, { value: "javascript", label: "JavaScript" }]} />}
    >
      <div className="stack">
        <p className="dim" style={{ margin: 0, maxWidth: "80ch" }}>{t("channels.verifyText")}</p>
        <Snippet text={VERIFICATION[language]} />
      </div>
    </Card>
  );
}
