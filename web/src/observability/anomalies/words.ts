/* Anomalies in the reader's words: what they are about, how much, and who drove them. */

import type { Anomaly } from "../../api/types";
import { formatMoney } from "../../format/money";
import { formatCompact, formatDuration } from "../../format/number";
import type { Translate } from "../../i18n/language";

export const MEASURES = ["cost", "tokens", "errors", "latency"] as const;
type Measure = Anomaly["measure"];
type Scope = Anomaly["scope"];
type Driver = Anomaly["drivers"][number];

/** Detection works on what is stored, which is US dollars. */
export function figureText(value: number, measure: Measure, language: string): string {
  if (measure === "cost") return formatMoney(value, "USD", language);
  return measure === "latency" ? formatDuration(value, language) : formatCompact(Math.round(value), language);
}

export function scopeText(scope: Scope, t: Translate): string {
  return scope.dimension === "" ? t("anomalies.project") : partText(scope, t);
}

/** "82 % from model gpt-4o, API key Production": the share and what it came from. */
export function driverText(driver: Driver, t: Translate, language: string): string {
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(driver.share / 100);
  const parts = driver.values.map((value) => partText(value, t));
  return t("anomalies.driver", { share, parts: parts.join(" · ") });
}

function partText({ dimension, name, value }: Scope, t: Translate): string {
  switch (dimension) {
    case "model":
    case "api_key":
    case "agent":
    case "user":
      return `${t(`dimension.${dimension}`)} ${name || value}`;
    default:
      return name || value;
  }
}
