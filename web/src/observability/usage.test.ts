import { describe, expect, it } from "vitest";
import type { UsageRow } from "../api/types";
import { groupedSeries, NO_USAGE, seriesOf } from "./usage";

const HOURS = [0, 1, 2].map((hour) => Date.parse(`2026-11-21T0${hour}:00:00Z`));
const row = (part: Partial<UsageRow>): UsageRow => ({ ...NO_USAGE, ...part });

describe("a series", () => {
  it("is nothing where no row is, and unknown for latency", () => {
    const rows = [row({ bucket: "2026-11-21T01:00:00Z", calls: 5, latency_ms_p95: 80 })];
    expect(seriesOf(HOURS, rows, "calls")).toEqual([0, 5, 0]);
    expect(seriesOf(HOURS, rows, "latency")).toEqual([null, 80, null]);
  });
});

describe("series by a dimension", () => {
  const rows = Array.from({ length: 11 }, (_, index) =>
    row({ bucket: "2026-11-21T00:00:00Z", model: `m${index}`, calls: 100 - index }),
  );

  it("are at most eight and the others together", () => {
    const series = groupedSeries(HOURS, rows, "model", "calls");
    expect(series.map(({ value }) => value)).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", null]);
    expect(series.at(-1)?.values).toEqual([92 + 91 + 90, 0, 0]);
  });

  it("lose nothing", () => {
    const total = groupedSeries(HOURS, rows, "model", "calls").reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
    expect(total).toBe(rows.reduce((sum, each) => sum + each.calls, 0));
  });
});
