/* How a server does, in marks: does it answer, is it left alone, is something of it held back. */

import { IconCircleCheck, IconCircleX, IconHelpCircle, IconPlayerPause, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useWords } from "../../i18n/language";
import type { Health } from "../shapes";

const STATES: Record<Health["state"], { tone: string; icon: ComponentType<IconProps> }> = {
  reachable: { tone: "good", icon: IconCircleCheck },
  failing: { tone: "broken", icon: IconCircleX },
  unknown: { tone: "", icon: IconHelpCircle },
  off: { tone: "", icon: IconPlayerPause },
};

export function StateMark({ health }: { health: Health }) {
  const t = useWords();
  const { tone, icon: Icon } = STATES[health.state];
  return (
    <span className={`mark ${tone}`}>
      <Icon size={12} aria-hidden />
      {t(`mcp.state.${health.state}`)}
    </span>
  );
}

/** Nothing while calls go to the server as they should. */
export function BreakerMark({ health }: { health: Health }) {
  const t = useWords();
  if (health.breaker === "closed") return null;
  const isOpen = health.breaker === "open";
  return (
    <span className={`mark ${isOpen ? "broken" : "attention"}`} title={t("mcp.breakerText")}>
      {isOpen ? t("mcp.breaker.open", { seconds: Math.ceil(health.retry_in_s) }) : t("mcp.breaker.halfOpen")}
    </span>
  );
}
