/* Costs: where the money goes, by any dimension, and what changed against the period before. */

import { Select } from "@mantine/core";
import { IconCoinOff } from "@tabler/icons-react";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { dimensionsQuery } from "../../api/session";
import type { UsageSummary } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import type { Series } from "../../charts/series";
import { formatMoney, formatMoneyShort, sumOf } from "../../format/money";
import { formatCompact, formatCount, formatShare } from "../../format/number";
import { intervalFor, isLive, periodBefore } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { DIMENSIONS, useAddress } from "../../shell/address";
import { Figure, Figures } from "../../ui/Figures";
import { dimensionName, dimensionWithin, Filters } from "../../ui/Filters";
import { Card, Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { SavedViews } from "../../ui/SavedViews";
import { State } from "../../ui/State";
import { useNow } from "../../ui/now";
import { Change, Money } from "../../ui/Values";
import { bucketsOfSummary, dimensionOf, groupedSeries, type Metric, totalOf, usageQuery } from "../usage";
import { BreakdownActs, BreakdownTable } from "./BreakdownTable";
import { Movers } from "./Movers";
import { Unpriced } from "./Unpriced";

const REFRESH_EVERY_MS = 5000;
const TRENDS = ["cost", "calls", "tokens", "errors"] as const satisfies readonly Metric[];

export default function CostsPage() {
  const { t, language } = useLanguage();
  const { range, filters, query, value, set } = useAddress();
  const by = value("by") || "model";
  const metric = TRENDS.find((each) => each === value("metric")) ?? "cost";
  const now = useNow();
  const before = { ...filters, ...periodBefore(range, now) };
  const known = useQuery(dimensionsQuery(range));
  const totals = useQuery(usageQuery({ ...query, interval: "none" }));
  const totalsBefore = useQuery(usageQuery({ ...before, interval: "none" }));
  const groups = useQuery(usageQuery({ ...query, interval: "none", group_by: by }));
  const groupsBefore = useQuery(usageQuery({ ...before, interval: "none", group_by: by }));
  const trend = useQuery(usageQuery({ ...query, interval: intervalFor(range, now), group_by: by }));
  useRefresh(totals, REFRESH_EVERY_MS, isLive(range));
  useRefresh(groups, REFRESH_EVERY_MS, isLive(range));

  const keyNames = useMemo(() => new Map(known.data?.api_keys.map(({ id, name }) => [id, name])), [known.data]);
  const nameOf = (group: string) => (group === "" ? t("value.none") : by === "api_key" ? (keyNames.get(group) ?? group) : group);
  const total = totalOf(totals.data);
  const currency = totals.data?.currency ?? "USD";

  const choices = [
    { group: t("costs.dimensions"), items: [...DIMENSIONS, "project" as const].map((each) => ({ value: each, label: dimensionName(each, t) })) },
    ...((known.data?.tags.length ?? 0) > 0
      ? [{ group: t("dimension.tag"), items: (known.data?.tags ?? []).map((tag) => ({ value: `tag:${tag}`, label: tag })) }]
      : []),
  ];
  return (
    <Page
      title={t("costs.title")}
      acts={
        <>
          <SavedViews page="costs" />
          <RangePicker />
        </>
      }
    >
      <Filters>
        <Select
          aria-label={t("costs.by")}
          leftSectionWidth={52}
          leftSection={<span className="dim" style={{ fontSize: 12 }}>{t("costs.by")}</span>}
          w={200}
          value={by}
          onChange={(next) => set({ by: next ?? undefined })}
          data={choices}
          allowDeselect={false}
          searchable
        />
      </Filters>
      <Figures>
        <Figure
          name={t("metric.cost")}
          pending={!total}
          value={total && <Money amount={total.cost} currency={currency} />}
          note={total && (totalOf(totalsBefore.data)?.calls ?? 0) > 0 && <><Change now={Number(total.cost)} before={Number(totalOf(totalsBefore.data)?.cost ?? 0)} rising="bad" /><span className="faint cut">{t("compare.versus")}</span></>}
        />
        <Figure
          name={t("bucket.input")}
          pending={!total}
          value={total && <Money amount={total.cost_input} currency={currency} />}
          note={total && t("costs.shareOfSpend", { share: formatShare(Number(total.cost_input), Number(total.cost), language) })}
        />
        <Figure
          name={t("costs.cache")}
          pending={!total}
          value={total && <Money amount={sumOf([total.cost_cache_read, total.cost_cache_write])} currency={currency} />}
          note={total && t("costs.cacheShare", { share: formatShare(total.cache_read_tokens, total.input_tokens, language) })}
        />
        <Figure
          name={t("bucket.output")}
          pending={!total}
          value={total && <Money amount={total.cost_output} currency={currency} />}
          note={total && t("costs.shareOfSpend", { share: formatShare(Number(total.cost_output), Number(total.cost), language) })}
        />
        <Figure
          name={t("costs.perCall")}
          pending={!total}
          value={total && (total.calls - total.unpriced_calls > 0 ? <Money amount={(Number(total.cost) / (total.calls - total.unpriced_calls)).toFixed(9)} currency={currency} /> : "–")}
          note={total && t("costs.calls", { count: total.calls })}
        />
      </Figures>
      <GroupTrend by={by} metric={metric} trend={trend} nameOf={nameOf} onMetric={(next) => set({ metric: next === "cost" ? undefined : next }, { replace: true })} />
      <Card bare title={t("costs.breakdown", { by: dimensionWithin(by, t) })} acts={<BreakdownActs by={by} query={{ ...query, interval: "none", group_by: by }} />}>
        <BreakdownTable
          by={by}
          rows={groups.data?.rows}
          before={groupsBefore.data?.rows}
          total={total}
          currency={currency}
          nameOf={nameOf}
          error={groups.error}
          retry={() => void groups.refetch()}
          truncated={groups.data?.truncated ?? false}
          empty={<State icon={IconCoinOff} title={t("costs.empty")} text={t("costs.emptyText")} />}
        />
      </Card>
      <div className="columns" style={{ "--least": "420px" } as React.CSSProperties}>
        <Movers
          now={groups.data?.rows.map((row) => ({ name: dimensionOf(row, by), cost: row.cost }))}
          before={groupsBefore.data?.rows.map((row) => ({ name: dimensionOf(row, by), cost: row.cost }))}
          currency={currency}
          nameOf={nameOf}
        />
        <Unpriced />
      </div>
    </Page>
  );
}

interface TrendProps {
  by: string;
  metric: (typeof TRENDS)[number];
  trend: UseQueryResult<UsageSummary>;
  nameOf: (group: string) => string;
  onMetric: (metric: string) => void;
}
function GroupTrend({ by, metric, trend, nameOf, onMetric }: TrendProps) {
  const { t, language } = useLanguage();
  const currency = trend.data?.currency ?? "USD";
  const buckets = useMemo(() => trend.data && bucketsOfSummary(trend.data), [trend.data]);
  const series = !buckets || !trend.data
    ? []
    : groupedSeries(buckets, trend.data.rows, by, metric).map(
        ({ value, values }): Series => (value === null ? { name: t("chart.other"), values, kind: "other" } : { name: nameOf(value), values }),
      );
  const format = (value: number) => (metric === "cost" ? formatMoney(value, currency, language) : formatCount(value, language));
  const formatAxis = (value: number) => (metric === "cost" ? formatMoneyShort(value, currency, language) : formatCompact(value, language));
  return (
    <ChartCard
      title={t("costs.trend", { metric: t(`metric.${metric}`), by: dimensionWithin(by, t) })}
      acts={
        <Select
          aria-label={t("costs.metric")}
          w={112}
          value={metric}
          onChange={(next) => onMetric(next ?? "cost")}
          data={TRENDS.map((each) => ({ value: each, label: t(`metric.${each}`) }))}
          allowDeselect={false}
        />
      }
      buckets={buckets}
      interval={trend.data?.interval ?? "hour"}
      series={series}
      shape="stack"
      format={format}
      formatAxis={formatAxis}
      height={260}
      file={`mno-${metric}-by-${by.replace(":", "-")}`}
      error={trend.error}
      retry={() => void trend.refetch()}
    />
  );
}
