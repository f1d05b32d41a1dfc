/* Rules that most teams want first. A click opens one of them in the editor, where everything can be changed. */

import type { Word } from "../../i18n/language";
import type { RuleWish } from "./shapes";

export interface Suggestion {
  word: Word;
  wish: Omit<RuleWish, "name">;
}

const DAY_S = 86_400;

export const SUGGESTIONS: readonly Suggestion[] = [
  { word: "alerts.suggest.spend", wish: { measure: "cost", threshold: "50", clear: "45", window_s: DAY_S, severity: "critical" } },
  { word: "alerts.suggest.model", wish: { measure: "cost", threshold: "20", clear: "15", window_s: DAY_S, group_by: "model" } },
  { word: "alerts.suggest.errors", wish: { measure: "error_rate", threshold: "5", clear: "2", window_s: 300, minimum_calls: 20, severity: "critical" } },
  { word: "alerts.suggest.latency", wish: { measure: "latency", threshold: "30000", clear: "25000", window_s: 900, quantile: 95, minimum_calls: 20 } },
  { word: "alerts.suggest.budget", wish: { measure: "budget_share", threshold: "80", clear: "80" } },
  { word: "alerts.suggest.anomaly", wish: { measure: "anomalies", threshold: "1", clear: "1" } },
];
