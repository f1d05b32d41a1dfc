/* A forecast as the series of a chart: the line of what was spent, the line and both bands of what is to come. */

import type { Forecast } from "../../api/types";
import type { Series } from "../../charts/series";

export interface SeriesNames {
  spent: string;
  likely: string;
  within80: string;
  within95: string;
  budget: string;
}

export function seriesOfForecast(forecast: Forecast, names: SeriesNames): { buckets: number[]; series: Series[] } {
  const { history, points } = forecast;
  const buckets = [...history, ...points].map(({ at }) => Date.parse(at));
  const past = history.map(() => null);
  // the bands begin where the line of what was spent ends
  const start = history.at(-1);
  const ahead = (read: (point: Forecast["points"][number]) => string) =>
    [...(start ? [...past.slice(1), Number(start.spent)] : []), ...points.map((point) => Number(read(point)))];
  const series: Series[] = [
    { name: names.within95, kind: "band", color: 1, low: ahead((point) => point.low_95), values: ahead((point) => point.high_95) },
    { name: names.within80, kind: "band", color: 1, low: ahead((point) => point.low_80), values: ahead((point) => point.high_80) },
    { name: names.likely, color: 1, values: ahead((point) => point.likely) },
    { name: names.spent, color: 0, values: [...history.map(({ spent }) => Number(spent)), ...points.map(() => null)] },
  ];
  if (forecast.budget !== null) series.push({ name: names.budget, kind: "before", values: buckets.map(() => Number(forecast.budget)) });
  return { buckets, series };
}
