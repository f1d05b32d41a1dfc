import { expect, test } from "vitest";
import type { Forecast } from "../../api/types";
import { seriesOfForecast } from "./series";

const NAMES = { spent: "spent", likely: "likely", within80: "80", within95: "95", budget: "budget" };
const POINT = { likely: "5", low_80: "4", high_80: "7", low_95: "3", high_95: "9" };
const FORECAST: Forecast = {
  currency: "USD", timezone: "UTC", country: "", from: "2026-11-01T00:00:00Z", to: "2026-11-01T03:00:00Z", as_of: "2026-11-01T02:00:00Z",
  spent: "3", total: POINT, budget: null, run_out: null,
  history: [{ at: "2026-11-01T01:00:00Z", spent: "1" }, { at: "2026-11-01T02:00:00Z", spent: "3" }],
  points: [{ at: "2026-11-01T03:00:00Z", ...POINT }],
};

test("the bands begin where the line of what was spent ends", () => {
  const { buckets, series } = seriesOfForecast(FORECAST, NAMES);
  expect(buckets).toHaveLength(3);
  expect(series.map(({ name }) => name)).toEqual(["95", "80", "likely", "spent"]);
  expect(series[0]).toMatchObject({ kind: "band", low: [null, 3, 3], values: [null, 3, 9] });
  expect(series[2]?.values).toEqual([null, 3, 5]);
  expect(series[3]?.values).toEqual([1, 3, null]);
});

test("a budget is a line across, and a period without a past begins with the forecast", () => {
  const { series } = seriesOfForecast({ ...FORECAST, history: [], budget: "8" }, NAMES);
  expect(series[0]?.values).toEqual([9]);
  expect(series.at(-1)?.values).toEqual([8]);
});
