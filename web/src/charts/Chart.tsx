/*
 * One chart over time. The figures stand in a table behind it, which also is its CSV; colours come from
 * the theme, the axis starts at nothing, the period before is a thin line.
 */

import { ActionIcon, Skeleton, Tooltip, useComputedColorScheme } from "@mantine/core";
import { IconChartLine, IconDownload, IconTable } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Interval } from "../api/types";
import { useLanguage } from "../i18n/language";
import { formatBucket } from "../format/time";
import { Card } from "../ui/Page";
import { Failure } from "../ui/State";
import { bandOf, type Drawn, figureAt, marksOf } from "./band";
import { csvOf, download } from "./csv";
import { echarts } from "./engine";
import { colorsOf, OTHER_COLOR } from "./palette";
import type { Series } from "./series";

interface ChartProps {
  title: ReactNode;
  hint?: ReactNode;
  acts?: ReactNode;
  buckets: readonly number[] | undefined;
  interval: Interval;
  series: readonly Series[];
  shape: "bars" | "stack" | "line" | "area";
  format: (value: number) => string;
  formatAxis?: (value: number) => string;
  height?: number;
  maximum?: number;
  /** The name of the file that the table is saved as. */
  file: string;
  error?: unknown;
  retry?: () => void;
}

export function ChartCard(props: ChartProps) {
  const { title, hint, acts, buckets, series, interval, format, height = 240, file, error, retry } = props;
  const { t, language } = useLanguage();
  const [isTable, setIsTable] = useState(false);
  const label = (bucket: number) => formatBucket(bucket, interval, language, true);
  const save = () => {
    const head = [t("chart.time"), ...series.flatMap(({ name, low }) => (low ? [`${name} ${t("chart.low")}`, `${name} ${t("chart.high")}`] : [name]))];
    const cells = (one: Series, index: number) => (one.low ? [one.low[index], one.values[index]] : [one.values[index]]).map((value) => String(value ?? ""));
    const rows = (buckets ?? []).map((bucket, index) => [new Date(bucket).toISOString(), ...series.flatMap((one) => cells(one, index))]);
    download(`${file}.csv`, "text/csv", csvOf([head, ...rows]));
  };
  return (
    <Card
      title={title}
      hint={hint}
      acts={
        <>
          {acts}
          <Tooltip label={isTable ? t("chart.asChart") : t("chart.asTable")}>
            <ActionIcon aria-label={isTable ? t("chart.asChart") : t("chart.asTable")} aria-pressed={isTable} onClick={() => setIsTable(!isTable)}>
              {isTable ? <IconChartLine size={16} /> : <IconTable size={16} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t("chart.csv")}>
            <ActionIcon aria-label={t("chart.csv")} onClick={save} disabled={!buckets}>
              <IconDownload size={16} />
            </ActionIcon>
          </Tooltip>
        </>
      }
    >
      {error && !buckets ? (
        <Failure error={error} retry={retry} />
      ) : !buckets ? (
        <Skeleton height={height} />
      ) : isTable ? (
        <div className="table-scroll" style={{ maxHeight: height, overflow: "auto", margin: "0 -16px" }} tabIndex={0}>
          <table className="table">
            <thead style={{ position: "sticky", top: 0 }}>
              <tr>
                <th scope="col">{t("chart.time")}</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" className="num">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {buckets.map((bucket, index) => (
                <tr key={bucket}>
                  <td>{label(bucket)}</td>
                  {series.map((one) => (
                    <td key={one.name} className="num">
                      {figureAt(one, index, format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Canvas {...props} buckets={buckets} height={height} />
      )}
    </Card>
  );
}

function Canvas({ title, buckets, interval, series, shape, format, formatAxis, height, maximum }: ChartProps & { buckets: readonly number[]; height: number }) {
  const { language } = useLanguage();
  const scheme = useComputedColorScheme("light");
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof echarts.init> | null>(null);

  useEffect(() => {
    if (!element.current) return;
    const made = echarts.init(element.current, undefined, { renderer: "canvas" });
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const palette = colorsOf(scheme);
    const font = getComputedStyle(document.body).fontFamily;
    const isOverDays = interval === "hour" && buckets.length > 48;
    const isMarked = markOf(buckets, interval);
    const colorOf = (one: Series, index: number) =>
      one.kind === "before" ? color("--mno-text") : isLimit(one) ? color(LIMIT_COLORS[one.kind]) : one.kind === "other" ? OTHER_COLOR[scheme] : (palette[(one.color ?? index) % palette.length] ?? "");
    chart.current?.setOption(
      {
        animation: false,
        aria: { enabled: true },
        textStyle: { fontFamily: font },
        grid: { left: 4, right: 8, top: 12, bottom: 0, containLabel: true },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: shape === "bars" || shape === "stack" ? "shadow" : "line", shadowStyle: { color: color("--mno-text"), opacity: 0.05 }, lineStyle: { color: color("--mno-line-strong") } },
          backgroundColor: color("--mno-surface"),
          borderColor: color("--mno-line-strong"),
          padding: [8, 12],
          textStyle: { color: color("--mno-text"), fontSize: 12, fontFamily: font },
          extraCssText: "border-radius:6px;box-shadow:0 4px 16px rgb(0 0 0/14%);font-variant-numeric:tabular-nums",
          order: "seriesDesc",
          valueFormatter: (value: unknown) => (typeof value === "number" ? format(value) : "–"),
        },
        xAxis: {
          type: "category",
          data: buckets.map((bucket) => formatBucket(bucket, interval, language, true)),
          axisTick: { show: false },
          axisLine: { lineStyle: { color: color("--mno-line-strong") } },
          axisLabel: {
            color: color("--mno-faint"),
            fontSize: 11,
            hideOverlap: true,
            interval: isMarked,
            formatter: (_: string, index: number) => formatBucket(buckets[index] ?? 0, isOverDays ? "day" : interval, language, false),
          },
        },
        yAxis: {
          type: "value",
          min: 0,
          max: maximum,
          splitNumber: 4,
          splitLine: { lineStyle: { color: color("--mno-line") } },
          axisLabel: { color: color("--mno-faint"), fontSize: 11, formatter: formatAxis ?? format },
        },
        series: series.flatMap((one, index): Drawn[] => {
          if (one.kind === "band") return bandOf(one, index, colorOf(one, index), format);
          if (one.kind === "mark") return marksOf(one, color("--mno-broken"));
          const isThin = one.kind === "before" || isLimit(one);
          const line = isThin || shape === "line" || shape === "area";
          const tone = colorOf(one, index);
          return [line
            ? {
                type: "line",
                name: one.name,
                data: one.values,
                showSymbol: buckets.length === 1,
                symbolSize: 6,
                connectNulls: false,
                lineStyle: { width: isThin ? 1 : 1.75, type: isThin ? [3, 3] : "solid", color: tone, opacity: one.kind === "before" ? 0.6 : 1 },
                itemStyle: { color: tone },
                areaStyle: shape === "area" && !isThin ? { color: tone, opacity: 0.1 } : undefined,
                z: isThin ? 3 : 2,
              }
            : {
                type: "bar",
                name: one.name,
                data: one.values,
                stack: shape === "stack" ? "all" : undefined,
                barMaxWidth: 28,
                barCategoryGap: buckets.length > 120 ? "10%" : "28%",
                itemStyle: { color: tone, borderRadius: shape === "bars" ? [2, 2, 0, 0] : 0 },
              }];
        }),
      },
      { notMerge: true },
    );
  }, [buckets, interval, series, shape, format, formatAxis, language, scheme, maximum]);

  const palette = colorsOf(scheme);
  return (
    <>
      <div ref={element} role="img" aria-label={typeof title === "string" ? title : undefined} style={{ height }} />
      {series.length > 1 && (
        <div className="legend" style={{ marginTop: 12 }}>
          {series.map((one, index) => (
            <span key={one.name}>
              <i
                className={one.kind === "before" || isLimit(one) ? "line" : undefined}
                style={{
                  opacity: one.kind === "band" ? (index === 0 ? 0.25 : 0.55) : undefined,
                  background:
                    one.kind === "mark" ? "var(--mno-broken)" : one.kind === "before" || isLimit(one)
                      ? `repeating-linear-gradient(90deg, var(${isLimit(one) ? LIMIT_COLORS[one.kind] : "--mno-faint"}) 0 3px, transparent 3px 5px)`
                      : one.kind === "other"
                        ? OTHER_COLOR[scheme]
                        : palette[(one.color ?? index) % palette.length],
                }}
              />
              <span className="cut">{one.name}</span>
            </span>
          ))}
        </div>
      )}
    </>
  );
}

const LIMIT_COLORS = { limit: "--mno-broken", clear: "--mno-good" } as const;

function isLimit(one: Series): one is Series & { kind: keyof typeof LIMIT_COLORS } {
  return one.kind === "limit" || one.kind === "clear";
}

/** Which buckets have their name on the axis: round times, about a dozen of them. */
function markOf(buckets: readonly number[], interval: Interval): (index: number) => boolean {
  const [unit, steps] = MARKS[interval === "none" ? "day" : interval];
  const length = ((buckets.at(-1) ?? 0) - (buckets[0] ?? 0)) / unit;
  const step = steps.find((each) => length / each <= 13) ?? steps.at(-1) ?? 1;
  const unitsOf = (bucket: number) => Math.floor((bucket - new Date(bucket).getTimezoneOffset() * 60_000) / unit);
  return (index) => {
    const units = unitsOf(buckets[index] ?? 0);
    return units % step === 0 && (index === 0 || unitsOf(buckets[index - 1] ?? 0) !== units);
  };
}

const MARKS = {
  minute: [60_000, [1, 2, 5, 10, 15, 30, 60]],
  hour: [3_600_000, [1, 2, 3, 6, 24]],
  day: [86_400_000, [1, 2, 7, 14]],
} as const satisfies Record<string, readonly [number, readonly number[]]>;
