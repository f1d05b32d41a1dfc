/* The groups of one dimension that cost most, as bars; each leads to the costs that it stands for. */

import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { columnPlaces } from "../../format/money";
import { isLive, periodBefore } from "../../format/time";
import { useWords } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { keepRange, type Search, useAddress } from "../../shell/address";
import { Card } from "../../ui/Page";
import { Failure } from "../../ui/State";
import { useNow } from "../../ui/now";
import { Change, Money } from "../../ui/Values";
import { dimensionOf, usageQuery } from "../usage";

const SHOWN = 7;
const EVERY_MS = 5000;

export function Ranks({ dimension }: { dimension: "model" | "user" | "agent" }) {
  const t = useWords();
  const { range, filters, query } = useAddress();
  const usage = useQuery(usageQuery({ ...query, interval: "none", group_by: dimension }));
  const before = useQuery(usageQuery({ ...filters, ...periodBefore(range, useNow()), interval: "none", group_by: dimension }));
  useRefresh(usage, EVERY_MS, isLive(range));

  const past = new Map(before.data?.rows.map((row) => [dimensionOf(row, dimension), Number(row.cost)]));
  const rows = [...(usage.data?.rows ?? [])].sort((left, right) => Number(right.cost) - Number(left.cost) || right.calls - left.calls);
  const shown = rows.slice(0, SHOWN);
  const most = Math.max(...shown.map((row) => Number(row.cost)), Number.MIN_VALUE);
  const places = columnPlaces(shown.map((row) => row.cost));
  return (
    <Card
      bare
      title={t(`overview.by.${dimension}`)}
      acts={
        <Link to="/costs" search={((search: Search) => ({ ...keepRange(search), by: dimension })) as never} className="link" style={{ fontSize: 12, paddingRight: 4 }}>
          {t("overview.all")}
        </Link>
      }
    >
      {usage.isError && !usage.data ? (
        <Failure error={usage.error} retry={() => void usage.refetch()} />
      ) : !usage.data ? (
        <div className="ranks">
          {Array.from({ length: 5 }, (_, index) => (
            <Skeleton key={index} height={12} my={10} mx={8} width="auto" />
          ))}
        </div>
      ) : shown.length === 0 ? (
        <div className="state" style={{ padding: 24 }}>{t("overview.nothing")}</div>
      ) : (
        <ul className="ranks">
          {shown.map((row) => {
            const value = dimensionOf(row, dimension);
            const isUnpriced = row.unpriced_calls === row.calls && row.calls > 0;
            return (
              <li key={value}>
                <Link
                  to="/costs"
                  search={((search: Search) => ({ ...keepRange(search), [dimension]: value === "" ? undefined : [value], by: dimension === "model" ? "user" : "model" })) as never}
                  className="rank"
                  style={{ "--share": Number(row.cost) / most } as React.CSSProperties}
                >
                  <span className="cut" title={value}>
                    {value === "" ? <span className="dim">{t("value.none")}</span> : value}
                  </span>
                  <span className="rank-value">
                    <Money amount={isUnpriced ? null : row.cost} currency={usage.data.currency} places={places} />
                  </span>
                  <span className="rank-change">{past.size > 0 && !isUnpriced && <Change now={Number(row.cost)} before={past.get(value) ?? 0} rising="bad" />}</span>
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
