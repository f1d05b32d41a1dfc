/* Alerts in the reader's words: figures with their units, what a rule compares, and of what an alert is. */

import { useQuery } from "@tanstack/react-query";
import { useMay } from "../../api/session";
import { formatMoney, formatMoneyShort } from "../../format/money";
import { formatCompact, formatDuration } from "../../format/number";
import { type Translate, useLanguage } from "../../i18n/language";
import { keysQuery } from "../../identity/keys";
import { useProjects } from "../../secrets/projects";
import { dimensionName, dimensionWithin } from "../../ui/Filters";
import { isTold, type Measure, type Rule } from "./shapes";

/** Alerts compare what is stored, which is US dollars, percent and milliseconds. */
export function figureText(value: string | number, measure: Measure, language: string): string {
  const figure = Number(value);
  switch (measure) {
    case "cost":
      return formatMoney(figure, "USD", language, figure >= 1 ? 2 : undefined);
    case "error_rate":
    case "tool_error_rate":
    case "budget_share":
      return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(figure / 100);
    case "latency":
      return formatDuration(figure, language);
    default:
      return formatCompact(figure, language);
  }
}

/** The same for the axis of a chart. */
export function axisText(value: number, measure: Measure, language: string): string {
  return measure === "cost" ? formatMoneyShort(value, "USD", language) : figureText(value, measure, language);
}

/** What stands behind a threshold that is entered. */
export function unitOf(measure: Measure, t: Translate): string {
  switch (measure) {
    case "cost":
      return "USD";
    case "error_rate":
    case "tool_error_rate":
    case "budget_share":
      return "%";
    case "latency":
      return "ms";
    case "tokens":
      return t("settings.unit.tokens");
    default:
      return "";
  }
}

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const;

/** "5 minutes", "1 day": in the largest unit that leaves a whole number. */
export function lengthText(seconds: number, language: string): string {
  const [unit, length] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? (["second", 1] as const);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
}

type Compared = Pick<Rule, "measure" | "comparison" | "threshold" | "window_s" | "quantile">;

/** "Spend in 1 day ≥ $5.00" */
export function comparisonText({ measure, comparison, threshold, window_s, quantile }: Compared, t: Translate, language: string): string {
  const sign = comparison === "above" ? "≥" : "<";
  const named = measureName(measure, t, quantile);
  const figure = figureText(threshold, measure, language);
  return isTold(measure) ? t("alerts.told", { measure: named, sign, threshold: figure }) : t("alerts.compares", { measure: named, window: lengthText(window_s, language), sign, threshold: figure });
}

export function measureName(measure: Measure, t: Translate, quantile = 0): string {
  return quantile > 0 ? t("alerts.latencyOf", { quantile: String(quantile) }) : t(`alerts.measure.${measure}`);
}

/** What alerts are of, besides the dimensions of calls. */
const OWN = ["budget", "anomaly", "driver"] as const;
const isOwn = (name: string): name is (typeof OWN)[number] => OWN.some((each) => each === name);

export interface Names {
  /** The value of a dimension as people call it: keys and projects have names. */
  value: (dimension: string, value: string) => string;
  /** "Model gpt-4o · Agent research" */
  labels: (labels: Readonly<Record<string, string>>) => string;
}

export function useNames(): Names {
  const { t } = useLanguage();
  const keys = useQuery({ ...keysQuery, enabled: useMay("keys.read") });
  const projects = useProjects();
  const value = (dimension: string, text: string): string => {
    if (dimension === "api_key") return keys.data?.find(({ id }) => id === text)?.name ?? text;
    if (dimension === "project") return projects.names.get(text.replace(/^prj_/, "")) ?? text;
    return text === "" ? t("value.none") : text;
  };
  const titleOf = (dimension: string) => (isOwn(dimension) ? t(`alerts.${dimension}`) : dimensionName(dimension, t));
  return { value, labels: (labels) => Object.entries(labels).map(([dimension, text]) => `${titleOf(dimension)} ${value(dimension, text)}`).join(" · ") };
}

/** Whose calls a rule looks at: its filters, and by what it tells them apart. */
export function scopeText(rule: Pick<Rule, "of" | "matches" | "group_by" | "measure">, names: Names, t: Translate): string {
  const parts = Object.entries(rule.matches).map(([dimension, values]) => `${dimensionName(dimension, t)} ${values.map((value) => names.value(dimension, value)).join(", ")}`);
  if (rule.group_by !== "") parts.unshift(t("budgets.each", { dimension: dimensionWithin(rule.group_by, t) }));
  if (rule.of === "team") parts.unshift(t("budgets.of.team"));
  return parts.join(" · ") || t(rule.measure === "budget_share" ? "alerts.anyBudget" : "budgets.of.project");
}
