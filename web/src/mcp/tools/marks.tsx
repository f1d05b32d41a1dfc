/* A tool's marks: what its server says of it, and whether it may be used. */

import { IconBolt, IconEye, IconRepeat, IconWorld, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useWords } from "../../i18n/language";
import type { Tool } from "../shapes";
import type { Hint } from "./definition";

const HINT_MARKS: Record<Hint, { tone: string; icon: ComponentType<IconProps> }> = {
  readOnly: { tone: "good", icon: IconEye },
  destructive: { tone: "broken", icon: IconBolt },
  idempotent: { tone: "", icon: IconRepeat },
  openWorld: { tone: "", icon: IconWorld },
};

export function HintMarks({ hints }: { hints: readonly Hint[] }) {
  const t = useWords();
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {hints.map((hint) => {
        const { tone, icon: Icon } = HINT_MARKS[hint];
        return (
          <span key={hint} className={`mark ${tone}`} title={t("tools.hintText")}>
            <Icon size={12} aria-hidden />
            {t(`tools.hint.${hint}`)}
          </span>
        );
      })}
    </span>
  );
}

const TONES: Record<Tool["state"], string> = { accepted: "good", changed: "attention", new: "attention" };

export function ToolStateMarks({ tool }: { tool: Tool }) {
  const t = useWords();
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      <span className={`mark ${TONES[tool.state]}`}>{t(`tools.state.${tool.state}`)}</span>
      {tool.hidden.length > 0 && <span className="mark broken">{t("tools.hidden")}</span>}
    </span>
  );
}
