/* Overview: what the agents spend and do, now and against the period before. */

import { Button } from "@mantine/core";
import { IconAlertTriangle, IconRocket } from "@tabler/icons-react";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { UsageSummary } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import type { Series } from "../../charts/series";
import { formatMoney, formatMoneyShort } from "../../format/money";
import { formatCompact, formatCount, formatDuration, formatShare } from "../../format/number";
import { intervalFor, isLive, periodBefore } from "../../format/time";
import { useLanguage, useWords } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { keepRange, type Search, useAddress } from "../../shell/address";
import { Figure, Figures } from "../../ui/Figures";
import { Filters } from "../../ui/Filters";
import { Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { Failure, State } from "../../ui/State";
import { useNow } from "../../ui/now";
import { Change, Money } from "../../ui/Values";
import { bucketsOfSummary, METRICS, type Metric, metricOf, seriesOf, totalOf, usageQuery } from "../usage";
import { Ranks } from "./Ranks";

const TOTALS_EVERY_MS = 1000;
const TREND_EVERY_MS = 5000;

export default function OverviewPage() {
  const t = useWords();
  const { range, filters, query, value, set } = useAddress();
  const now = useNow();
  const interval = intervalFor(range, now);
  const before = { ...filters, ...periodBefore(range, now) };
  const live = isLive(range);

  const totals = useQuery(usageQuery({ ...query, interval: "none" }));
  const totalsBefore = useQuery(usageQuery({ ...before, interval: "none" }));
  const trend = useQuery(usageQuery({ ...query, interval }));
  const trendBefore = useQuery(usageQuery({ ...before, interval }));
  useRefresh(totals, TOTALS_EVERY_MS, live);
  useRefresh(trend, TREND_EVERY_MS, live);

  const metric = METRICS.find((each) => each === value("metric")) ?? "cost";
  const total = totalOf(totals.data);
  const isEmpty = total?.calls === 0 && totalOf(totalsBefore.data)?.calls === 0 && Object.keys(filters).length === 0;
  return (
    <Page title={t("nav.overview")} acts={<RangePicker />}>
      <Filters />
      {totals.isError && !totals.data ? (
        <Failure error={totals.error} retry={() => void totals.refetch()} />
      ) : isEmpty ? (
        <div className="card">
          <State icon={IconRocket} title={t("overview.empty")} text={t("overview.emptyText")}>
            <Button component={Link} to="/start">
              {t("nav.start")}
            </Button>
          </State>
        </div>
      ) : (
        <>
          {total !== undefined && total.unpriced_calls > 0 && <UnpricedNotice count={total.unpriced_calls} />}
          <Totals metric={metric} onChoose={(chosen) => set({ metric: chosen === "cost" ? undefined : chosen }, { replace: true })} totals={totals} before={totalsBefore} trend={trend} />
          <Trend metric={metric} trend={trend} before={trendBefore} />
          <div className="columns">
            <Ranks dimension="model" />
            <Ranks dimension="user" />
            <Ranks dimension="agent" />
          </div>
        </>
      )}
    </Page>
  );
}

type Usage = UseQueryResult<UsageSummary>;

function UnpricedNotice({ count }: { count: number }) {
  const t = useWords();
  return (
    <div className="notice attention" role="note">
      <IconAlertTriangle size={16} aria-hidden />
      <span className="grow">{t("overview.unpriced", { count })}</span>
      <Button component={Link} to="/costs" search={((search: Search) => keepRange(search)) as never} hash="unpriced" variant="default">
        {t("unpriced.see")}
      </Button>
    </div>
  );
}

interface TotalsProps {
  metric: Metric;
  onChoose: (metric: Metric) => void;
  totals: Usage;
  before: Usage;
  trend: Usage;
}

function Totals({ metric, onChoose, totals, before, trend }: TotalsProps) {
  const { t, language } = useLanguage();
  const total = totalOf(totals.data);
  const past = totalOf(before.data);
  const currency = totals.data?.currency ?? "USD";
  const buckets = useMemo(() => (trend.data ? bucketsOfSummary(trend.data) : []), [trend.data]);
  const figureOf = (each: Metric) => {
    if (!total) return null;
    switch (each) {
      case "cost":
        return <Money amount={total.cost} currency={currency} />;
      case "calls":
        return formatCount(total.calls, language);
      case "tokens":
        return <span title={formatCount(total.input_tokens + total.output_tokens, language)}>{formatCompact(total.input_tokens + total.output_tokens, language)}</span>;
      case "errors":
        return formatCount(total.errors, language);
      case "latency":
        return total.latency_ms_p95 === null ? "–" : formatDuration(total.latency_ms_p95, language);
    }
  };
  const asideOf = (each: Metric) => {
    if (!total) return null;
    if (each === "errors") return formatShare(total.errors, total.calls, language);
    if (each === "latency" && total.latency_ms_p50 !== null) return `p50 ${formatDuration(total.latency_ms_p50, language)}`;
    return null;
  };
  return (
    <Figures>
      {METRICS.map((each) => (
        <Figure
          key={each}
          name={t(`metric.${each}`)}
          chosen={each === metric}
          onChoose={() => onChoose(each)}
          pending={!total}
          value={figureOf(each)}
          note={
            <>
              {total && past && past.calls > 0 && (
                <span title={t("compare.versus")}>
                  <Change now={metricOf(total, each) ?? 0} before={metricOf(past, each) ?? 0} rising={each === "calls" || each === "tokens" ? "neutral" : "bad"} />
                </span>
              )}
              <span className="faint">{asideOf(each)}</span>
            </>
          }
          spark={trend.data && seriesOf(buckets, trend.data.rows, each)}
        />
      ))}
    </Figures>
  );
}

function Trend({ metric, trend, before }: { metric: Metric; trend: Usage; before: Usage }) {
  const { t, language } = useLanguage();
  const currency = trend.data?.currency ?? "USD";
  const buckets = useMemo(() => trend.data && bucketsOfSummary(trend.data), [trend.data]);
  const series = useMemo((): Series[] => {
    if (!buckets || !trend.data) return [];
    const main: Series = { name: t(`metric.${metric}`), values: seriesOf(buckets, trend.data.rows, metric) };
    if (!before.data) return [main];
    const pastBuckets = bucketsOfSummary(before.data);
    const past = seriesOf(pastBuckets, before.data.rows, metric);
    // The period before lies under this one bucket by bucket; where a clock changed it may be one short.
    return [main, { name: t("compare.before"), kind: "before", values: buckets.map((_, index) => past[index] ?? null) }];
  }, [buckets, trend.data, before.data, metric, t]);
  const [format, formatAxis] = useMemo(() => formatsOf(metric, currency, language), [metric, currency, language]);
  return (
    <ChartCard
      title={t(`metric.${metric}`)}
      hint={t(`per.${trend.data?.interval === "minute" || trend.data?.interval === "day" ? trend.data.interval : "hour"}`)}
      buckets={buckets}
      interval={trend.data?.interval ?? "hour"}
      series={series}
      shape={metric === "latency" ? "line" : "bars"}
      format={format}
      formatAxis={formatAxis}
      file={`mno-${metric}`}
      error={trend.error}
      retry={() => void trend.refetch()}
    />
  );
}

function formatsOf(metric: Metric, currency: string, language: string): [(value: number) => string, (value: number) => string] {
  if (metric === "cost") return [(value) => formatMoney(value, currency, language), (value) => formatMoneyShort(value, currency, language)];
  if (metric === "latency") return [(value) => formatDuration(value, language), (value) => formatDuration(value, language)];
  return [(value) => formatCount(value, language), (value) => formatCompact(value, language)];
}
