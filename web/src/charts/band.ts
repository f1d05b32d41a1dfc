/* Bands and marks of a chart: the space in which something may lie, and the dots on what is wrong. */

import type { BarSeriesOption, LineSeriesOption } from "echarts/charts";
import type { Series } from "./series";

export type Drawn = BarSeriesOption | LineSeriesOption;

/** What stands in the table and in the tooltip: one figure, or the two bounds of a band. */
export function figureAt(one: Series, index: number, format: (value: number) => string): string {
  const value = one.values[index];
  if (value === null || value === undefined) return "–";
  const low = one.low?.[index];
  return low === null || low === undefined ? format(value) : `${format(low)} – ${format(value)}`;
}

/** Two stacked lines that are not drawn: up to the lower bound nothing, from there to the upper one the band. */
export function bandOf(one: Series, index: number, tone: string, format: (value: number) => string): Drawn[] {
  const low = one.low ?? [];
  const shared = { type: "line" as const, stack: `band ${index}`, showSymbol: false, silent: true, lineStyle: { opacity: 0 }, itemStyle: { color: tone }, z: 1 };
  return [
    { ...shared, name: `${one.name} `, data: [...low], tooltip: { show: false } },
    {
      ...shared,
      name: one.name,
      data: one.values.map((value, place) => (value === null ? null : value - (low[place] ?? 0))),
      areaStyle: { color: tone, opacity: 0.16 },
      tooltip: { valueFormatter: (_: unknown, place: number) => figureAt(one, place, format) },
    },
  ];
}

export function marksOf(one: Series, tone: string): Drawn[] {
  return [
    {
      type: "line" as const, name: one.name, data: [...one.values], showSymbol: true, showAllSymbol: true, symbol: "circle", symbolSize: 6,
      lineStyle: { opacity: 0 }, itemStyle: { color: tone }, z: 4,
    },
  ];
}
