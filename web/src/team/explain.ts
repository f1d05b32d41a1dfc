/* Why somebody may, or may not: which sentence tells it. The server decides; this only says it in words. Pure. */

import type { ApiKey } from "../api/types";
import type { Explanation, Level, Reason } from "./queries";

export interface Place {
  level: Level;
  project: string;
  name: string;
}

export type Verdict =
  | { kind: "denied" | "granted" | "factor"; reason: Reason }
  | { kind: "ownKey" | "beyondProject" | "beyondAgent" | "notGiven" | "nothing" };

/** The sentence that tells the decision, and the grant that it names. */
export function verdictOf(answer: Explanation, place: Place, key: ApiKey | undefined): Verdict {
  const [denial] = answer.denies;
  if (!answer.allowed && denial) return { kind: "denied", reason: denial };
  if (answer.allowed) {
    const counting = answer.allows.find((reason) => !reason.needs_second_factor);
    return counting ? { kind: "granted", reason: counting } : { kind: "ownKey" };
  }
  if (key) {
    if (place.project !== "" && place.project !== key.project) return { kind: "beyondProject" };
    if (key.agent !== "" && (place.level !== "agent" || place.name !== key.agent)) return { kind: "beyondAgent" };
  }
  const waiting = answer.allows.find((reason) => reason.needs_second_factor);
  if (waiting) return { kind: "factor", reason: waiting };
  return { kind: answer.allows.length > 0 ? "notGiven" : "nothing" };
}
