/* An alert's or a preview's points as the series of a chart, with the lines that they are held against. */

import type { Series } from "../../charts/series";
import type { AlertPoint, Preview } from "./shapes";

export interface Held {
  threshold: string;
  clear: string;
}

export const MOST_LINES = 6;

export const valueOf = ({ value }: AlertPoint): number | null => (value === null ? null : Number(value));

function linesOf(length: number, held: Held, names: { threshold: string; clear: string }): Series[] {
  const line = (name: string, kind: "limit" | "clear", amount: string): Series => ({ name, kind, values: Array.from({ length }, () => Number(amount)) });
  const limit = line(names.threshold, "limit", held.threshold);
  return Number(held.clear) === Number(held.threshold) ? [limit] : [limit, line(names.clear, "clear", held.clear)];
}

export function seriesOfAlert(points: readonly AlertPoint[], held: Held, names: { measure: string; threshold: string; clear: string }): { buckets: number[]; series: Series[] } {
  return {
    buckets: points.map(({ at }) => Date.parse(at)),
    series: [{ name: names.measure, color: 0, values: points.map(valueOf) }, ...linesOf(points.length, held, names)],
  };
}

/** The groups that would have fired most, then those that came closest. */
export function seriesOfPreview({ lines }: Preview, held: Held, names: { group: (group: string) => string; threshold: string; clear: string }): { buckets: number[]; series: Series[] } {
  const peak = (points: readonly AlertPoint[]) => Math.max(...points.map((point) => valueOf(point) ?? 0), 0);
  const shown = [...lines].sort((left, right) => right.fired - left.fired || peak(right.points) - peak(left.points)).slice(0, MOST_LINES);
  const buckets = shown[0]?.points.map(({ at }) => Date.parse(at)) ?? [];
  return {
    buckets,
    series: [...shown.map((line): Series => ({ name: names.group(line.group), values: buckets.map((_, place) => (line.points[place] ? valueOf(line.points[place]) : null)) })), ...linesOf(buckets.length, held, names)],
  };
}
