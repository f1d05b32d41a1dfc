/* Targets that fail at this moment, and what the gateway does about it. Nothing is said where all is well. */

import { IconHeartBroken } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useWords } from "../i18n/language";
import { healthQuery } from "./shapes";

export function HealthNotice() {
  const t = useWords();
  const { data: failing } = useQuery(healthQuery);
  if (!failing || failing.length === 0) return null;
  return (
    <div className="notice broken" role="status">
      <IconHeartBroken size={16} aria-hidden />
      <div className="grow">
        <div style={{ fontWeight: 500 }}>{t("gateway.failing", { count: failing.length })}</div>
        <ul className="gateway-failing">
          {failing.map(({ provider, model, state }) => (
            <li key={`${provider}/${model}`}>
              <span className="mono">{provider}/{model}</span> <span className="dim">{t(`gateway.state.${stateOf(state)}`)}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

const STATES = ["open", "half-open", "failing"] as const;

/** A state that this page does not know yet is a failure all the same. */
const stateOf = (state: string): (typeof STATES)[number] => STATES.find((each) => each === state) ?? "failing";
