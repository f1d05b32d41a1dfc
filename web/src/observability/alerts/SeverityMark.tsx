import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { useWords } from "../../i18n/language";
import type { Severity } from "./shapes";

const LOOKS = {
  critical: { tone: "broken", icon: IconAlertOctagon },
  warning: { tone: "attention", icon: IconAlertTriangle },
  info: { tone: "information", icon: IconInfoCircle },
} as const;

export function SeverityMark({ severity }: { severity: Severity }) {
  const t = useWords();
  const { tone, icon: Icon } = LOOKS[severity];
  return (
    <span className={`mark ${tone}`}>
      <Icon size={13} aria-hidden />
      {t(`alerts.severity.${severity}`)}
    </span>
  );
}
