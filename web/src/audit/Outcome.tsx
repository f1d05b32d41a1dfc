import { useWords } from "../i18n/language";
import type { Entry } from "./shapes";

const TONES: Record<Entry["outcome"], string> = { done: "good", refused: "attention", failed: "broken" };

export function OutcomeMark({ entry }: { entry: Entry }) {
  const t = useWords();
  return (
    <span className="row" style={{ gap: 4, display: "inline-flex" }}>
      <span className={`mark ${TONES[entry.outcome]}`}>{t(`audit.outcome.${entry.outcome}`)}</span>
      {entry.times > 1 && <span className="dim">×{entry.times}</span>}
    </span>
  );
}
