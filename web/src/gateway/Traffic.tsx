/* What goes through the gateway, at a glance: the calls that are signed with its keys. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useMay } from "../api/session";
import { formatCompact, formatDuration, formatShare } from "../format/number";
import { intervalFor, isLive } from "../format/time";
import { keysQuery } from "../identity/keys";
import { useLanguage } from "../i18n/language";
import { useRefresh } from "../live/refresh";
import { bucketsOfSummary, type Metric, seriesOf, totalOf, usageQuery } from "../observability/usage";
import { useAddress } from "../shell/address";
import { Figure, Figures } from "../ui/Figures";
import { useNow } from "../ui/now";
import { FailureNote } from "../ui/State";
import { Money } from "../ui/Values";

/** Keys that one question may name; a team with more of them sees the newest. */
const MOST_KEYS = 200;
const REFRESH_EVERY_MS = 5000;

export function Traffic() {
  const mayReadKeys = useMay("keys.read");
  const mayReadUsage = useMay("usage.read");
  const keys = useQuery({ ...keysQuery, enabled: mayReadKeys && mayReadUsage });
  const gatewayKeys = keys.data?.filter(({ scopes }) => scopes.includes("gateway")).map(({ id }) => id);
  if (!gatewayKeys || gatewayKeys.length === 0) return null;
  return <Totals keys={gatewayKeys.slice(0, MOST_KEYS)} />;
}

function Totals({ keys }: { keys: string[] }) {
  const { t, language } = useLanguage();
  const { range } = useAddress();
  const now = useNow();
  const totals = useQuery(usageQuery({ ...range, api_key: keys, interval: "none" }));
  const trend = useQuery(usageQuery({ ...range, api_key: keys, interval: intervalFor(range, now) }));
  useRefresh(totals, REFRESH_EVERY_MS, isLive(range));
  useRefresh(trend, REFRESH_EVERY_MS, isLive(range));
  const buckets = useMemo(() => (trend.data ? bucketsOfSummary(trend.data) : []), [trend.data]);
  if (totals.error && !totals.data) return <FailureNote error={totals.error} />;
  const total = totalOf(totals.data);
  const spark = (metric: Metric) => trend.data && seriesOf(buckets, trend.data.rows, metric);
  const pending = total === undefined;
  return (
    <Figures>
      <Figure name={t("metric.calls")} pending={pending} value={total && formatCompact(total.calls, language)} note={t("gateway.byKeys", { count: keys.length })} spark={spark("calls")} />
      <Figure
        name={t("metric.cost")}
        pending={pending}
        value={total && <Money amount={total.cost} currency={totals.data?.currency ?? "USD"} />}
        note={total && (total.unpriced_calls > 0 ? t("gateway.unpriced", { count: total.unpriced_calls }) : " ")}
        spark={spark("cost")}
      />
      <Figure
        name={t("metric.latency")}
        pending={pending}
        value={total && (total.latency_ms_p95 === null ? "–" : formatDuration(total.latency_ms_p95, language))}
        note={total && (total.latency_ms_p50 === null ? " " : t("gateway.median", { time: formatDuration(total.latency_ms_p50, language) }))}
        spark={spark("latency")}
      />
      <Figure
        name={t("metric.errors")}
        pending={pending}
        value={total && formatCompact(total.errors, language)}
        note={total && (total.calls > 0 ? t("gateway.ofCalls", { share: formatShare(total.errors, total.calls, language) }) : " ")}
        spark={spark("errors")}
      />
    </Figures>
  );
}
