/* What is likely to be spent until a budget's period ends: the forecast, laid onto the steps of the burn-down. */

import type { Budget, Forecast } from "../../api/types";
import type { BurnDownLine } from "./amounts";

/**
 * The filters of a forecast that looks at what the budget counts; null where none can: forecasts are of money, of one
 * project, to the end of a calendar period, and know no patterns.
 */
export function forecastFilters(budget: Pick<Budget, "unit" | "of" | "period" | "per" | "matches">, who: string): Record<string, string> | null {
  const isForecast = budget.unit === "money" && budget.of === "project" && budget.period !== "rolling" && budget.period !== "hour";
  if (!isForecast || (budget.per !== "" && who === "")) return null;
  const filters = { ...budget.matches, ...(budget.per === "" ? {} : { [budget.per]: who }) };
  return Object.values(filters).some((value) => value.includes("*")) ? null : filters;
}

export interface Outlook {
  likely: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

/**
 * The forecast at the end of each step that is still to come, with 80 % confidence. It goes on from `spent`, which the
 * budget's own counter says; the forecast counts whole hours.
 */
export function outlookOf({ buckets, spent: line }: Pick<BurnDownLine, "buckets" | "spent">, forecast: Pick<Forecast, "points" | "spent">, spent: number): Outlook {
  const step = (buckets[1] ?? 0) - (buckets[0] ?? 0);
  const last = line.findLastIndex((value) => value !== null);
  const more = spent - Number(forecast.spent);
  const pointAt = (end: number) => forecast.points.find(({ at }) => Date.parse(at) >= end) ?? forecast.points.at(-1);
  const read = (name: "likely" | "low_80" | "high_80") =>
    buckets.map((bucket, place) => {
      if (place <= last) return place === last ? spent : null;
      const point = pointAt(bucket + step);
      return point ? Math.max(spent, Number(point[name]) + more) : null;
    });
  return { likely: read("likely"), low: read("low_80"), high: read("high_80") };
}
