/* How a budget's amounts and periods read. */

import type { Budget, BudgetCounter } from "../../api/types";
import { formatMoney } from "../../format/money";
import { formatCount } from "../../format/number";
import { bucketsOf } from "../../format/time";
import type { Translate } from "../../i18n/language";

export const UNITS = ["money", "tokens", "calls"] as const;
export const PERIODS = ["hour", "day", "week", "month", "rolling"] as const;
export const CONDITIONS = ["user", "session", "agent", "api_key", "provider", "model", "environment"] as const;
export type Unit = Budget["unit"];

/** "$1.50", "2,000 tokens". Amounts of a budget are in USD whatever the display currency is: it holds in USD. */
export function amountText(value: string | number, unit: Unit, language: string, t: Translate): string {
  if (unit === "money") return formatMoney(value, "USD", language);
  return t(unit === "tokens" ? "budgets.tokens" : "budgets.calls", { amount: formatCount(Number(value), language) });
}

export function periodText(budget: Pick<Budget, "period" | "rolling_s">, t: Translate): string {
  if (budget.period !== "rolling") return t(`budgets.period.${budget.period}`);
  const hours = Math.round(budget.rolling_s / 3600);
  return hours % 24 === 0 ? t("budgets.rollingDays", { count: hours / 24 }) : t("budgets.rollingHours", { count: hours });
}

/** Whom it is for: "whole team", "each user", "model gpt-4o". */
export function scopeText(budget: Pick<Budget, "of" | "matches" | "per">, name: (dimension: string) => string, t: Translate): string {
  const parts = Object.entries(budget.matches).map(([dimension, value]) => `${name(dimension)} ${value}`);
  if (budget.per !== "") parts.unshift(t("budgets.each", { dimension: name(budget.per) }));
  if (budget.of === "team") parts.unshift(t("budgets.of.team"));
  return parts.length > 0 ? parts.join(" · ") : t("budgets.of.project");
}

export function toneOf(percent: number): "good" | "attention" | "broken" {
  return percent >= 100 ? "broken" : percent >= 80 ? "attention" : "good";
}

export const MANTINE_TONE = { good: "teal", attention: "yellow", broken: "red" } as const;

export interface BurnDownLine {
  buckets: number[];
  spent: (number | null)[];
  interval: "minute" | "hour" | "day";
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps that fall on round times, some hundred of them; months of a rolling window go by days. */
function stepFor(length: number): number {
  if (length <= 2 * HOUR) return MINUTE;
  if (length <= 2 * DAY) return 15 * MINUTE;
  return length <= 32 * DAY ? HOUR : DAY;
}

/** The whole period as points of a chart; what has not happened yet is null. */
export function burnDownLine(budget: Pick<Budget, "period">, standing: BudgetCounter, steps: readonly { at: string; spent: string }[], now: number): BurnDownLine {
  const start = Date.parse(standing.period_start);
  const end = budget.period === "rolling" ? now : Date.parse(standing.resets_at);
  const step = stepFor(end - start);
  const interval = step === DAY ? "day" : step < HOUR ? "minute" : "hour";
  const buckets = step === DAY ? bucketsOf(start, end, "day") : Array.from({ length: Math.ceil((end - start) / step) }, (_, place) => Math.floor(start / MINUTE) * MINUTE + place * step);
  let place = 0;
  let spent = 0;
  const values = buckets.map((at) => {
    for (let next = steps[place]; next !== undefined && Date.parse(next.at) <= Math.min(at + step, now); next = steps[++place]) spent = Number(next.spent);
    return at > now ? null : spent;
  });
  return { buckets, spent: values, interval };
}
