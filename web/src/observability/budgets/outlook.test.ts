import { expect, test } from "vitest";
import { forecastFilters, outlookOf } from "./outlook";

const BUDGET = { unit: "money", of: "project", period: "month", per: "", matches: { model: "gpt-4o" } } as const;
const HOUR = 3_600_000;
const point = (at: number, likely: string) => ({ at: new Date(at).toISOString(), likely, low_80: "2", high_80: "9", low_95: "1", high_95: "12" });

test("a forecast is asked for what the budget counts, where there can be one", () => {
  expect(forecastFilters(BUDGET, "")).toEqual({ model: "gpt-4o" });
  expect(forecastFilters({ ...BUDGET, per: "user" }, "ann")).toEqual({ model: "gpt-4o", user: "ann" });
  for (const other of [{ unit: "calls" }, { of: "team" }, { period: "rolling" }, { period: "hour" }, { per: "user" }, { matches: { model: "gpt-4o*" } }] as const) {
    expect(forecastFilters({ ...BUDGET, ...other }, "")).toBeNull();
  }
});

test("the band goes on from what the counter says, and never below it", () => {
  const line = { buckets: [0, HOUR, 2 * HOUR, 3 * HOUR], spent: [1, 4, null, null] };
  const outlook = outlookOf(line, { spent: "3", points: [point(3 * HOUR, "5"), point(4 * HOUR, "7")] }, 4);
  expect(outlook.likely).toEqual([null, 4, 6, 8]);
  expect(outlook.low).toEqual([null, 4, 4, 4]);
  expect(outlook.high).toEqual([null, 4, 10, 10]);
});

test("without points there is no band", () => {
  expect(outlookOf({ buckets: [0, HOUR], spent: [1, null] }, { spent: "1", points: [] }, 1).likely).toEqual([1, null]);
});
