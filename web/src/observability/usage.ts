/* Usage summaries: how pages ask for them, and how rows become the series of a chart. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { address, type Query, request } from "../api/client";
import type { Interval, UsageRow, UsageSummary } from "../api/types";
import { MOST_SERIES } from "../charts/palette";
import { bucketsOf, localTimezone } from "../format/time";

export const METRICS = ["cost", "calls", "tokens", "errors", "latency"] as const;
export type Metric = (typeof METRICS)[number];

export function metricOf(row: UsageRow, metric: Metric): number | null {
  switch (metric) {
    case "cost":
      return Number(row.cost);
    case "calls":
      return row.calls;
    case "tokens":
      return row.input_tokens + row.output_tokens;
    case "errors":
      return row.errors;
    case "latency":
      return row.latency_ms_p95;
  }
}

export function usageQuery(query: Query) {
  const withZone = { ...query, timezone: query["interval"] === "day" ? localTimezone() : undefined };
  return queryOptions({
    queryKey: ["usage", withZone],
    queryFn: ({ signal }) => request<UsageSummary>(address("/api/usage/summary", withZone), { signal }),
    placeholderData: keepPreviousData,
    // A range that ends now slides on even where nothing happens.
    refetchInterval: 60_000,
  });
}

export const NO_USAGE: UsageRow = {
  calls: 0, errors: 0, unpriced_calls: 0, input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0,
  reasoning_tokens: 0, cost: "0", cost_input: "0", cost_cache_read: "0", cost_cache_write: "0", cost_output: "0",
  latency_ms_p50: null, latency_ms_p95: null,
};

/** The single row of a summary without interval and dimension. */
export function totalOf(summary: UsageSummary | undefined): UsageRow | undefined {
  return summary && (summary.rows[0] ?? NO_USAGE);
}

export function bucketsOfSummary(summary: UsageSummary): number[] {
  if (summary.interval === "none") return [];
  return bucketsOf(Date.parse(summary.from), Date.parse(summary.to), summary.interval);
}

/** One value per bucket; a bucket without a row is nothing (0), for latency unknown (null). */
export function seriesOf(buckets: readonly number[], rows: readonly UsageRow[], metric: Metric): (number | null)[] {
  const values = new Map(rows.map((row) => [Date.parse(row.bucket ?? ""), metricOf(row, metric)]));
  return buckets.map((bucket) => values.get(bucket) ?? (metric === "latency" ? null : 0));
}

/** The value of a dimension in a row; the field of `tag:NAME` is named so. */
export function dimensionOf(row: UsageRow, dimension: string): string {
  const value = (row as unknown as Record<string, unknown>)[dimension];
  return typeof value === "string" ? value : "";
}

export interface GroupSeries {
  /** The value of the dimension; null is everything that has no series of its own. */
  value: string | null;
  values: (number | null)[];
}

/** The largest groups as a series each, at most MOST_SERIES, the others added up as one. */
export function groupedSeries(
  buckets: readonly number[], rows: readonly UsageRow[], dimension: string, metric: Exclude<Metric, "latency">,
): GroupSeries[] {
  const groups = new Map<string, UsageRow[]>();
  for (const row of rows) {
    const value = dimensionOf(row, dimension);
    const group = groups.get(value);
    if (group) group.push(row);
    else groups.set(value, [row]);
  }
  const sums = [...groups].map(([value, members]) => ({
    value,
    members,
    sum: members.reduce((sum, row) => sum + (metricOf(row, metric) ?? 0), 0),
  }));
  sums.sort((left, right) => right.sum - left.sum || left.value.localeCompare(right.value));
  const own = sums.slice(0, MOST_SERIES).map(({ value, members }): GroupSeries => ({ value, values: seriesOf(buckets, members, metric) }));
  const rest = sums.slice(MOST_SERIES);
  if (rest.length === 0) return own;
  const series = rest.map(({ members }) => seriesOf(buckets, members, metric));
  const values = buckets.map((_, index) => series.reduce((sum, each) => sum + (each[index] ?? 0), 0));
  return [...own, { value: null, values }];
}

/** The interval as the server names it. */
export type ChartInterval = Exclude<Interval, "none">;
