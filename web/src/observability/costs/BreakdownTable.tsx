/* The breakdown: one row for each value of the dimension, with its parts and its change. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Query } from "../../api/client";
import type { UsageRow } from "../../api/types";
import { columnPlaces } from "../../format/money";
import { formatCompact, formatCount, formatDuration, formatShare } from "../../format/number";
import { type Translate, useLanguage } from "../../i18n/language";
import type { Search } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { ExportMenu } from "../../ui/ExportMenu";
import { dimensionName } from "../../ui/Filters";
import { Change, Money } from "../../ui/Values";
import { dimensionOf } from "../usage";

interface BreakdownProps {
  by: string;
  rows: readonly UsageRow[] | undefined;
  before: readonly UsageRow[] | undefined;
  total: UsageRow | undefined;
  currency: string;
  nameOf: (group: string) => string;
  error: unknown;
  retry: () => void;
  truncated: boolean;
  empty: ReactNode;
}

export function BreakdownTable({ by, rows, before, total, currency, nameOf, error, retry, truncated, empty }: BreakdownProps) {
  const { t, language } = useLanguage();
  const past = new Map(before?.map((row) => [dimensionOf(row, by), Number(row.cost)]));
  const places = columnPlaces(rows?.slice(0, 20).map((row) => row.cost) ?? []);
  const columns = columnsOf({ t, language, by, total, currency, places, past: before && past, nameOf });
  return (
    <DataTable
      name="breakdown"
      rows={rows}
      columns={columns}
      rowKey={(row) => dimensionOf(row, by)}
      sortedBy={{ key: "cost", descending: true }}
      error={error}
      retry={retry}
      empty={empty}
      foot={
        <span>
          {t("costs.groups", { count: rows?.length ?? 0 })}
          {truncated && ` · ${t("costs.truncated")}`}
        </span>
      }
    />
  );
}

export function BreakdownActs({ by, query }: { by: string; query: Query }) {
  const { t, language } = useLanguage();
  const columns = columnsOf({ t, language, by, total: undefined, currency: "USD", places: 2, past: undefined, nameOf: String });
  return (
    <>
      <ColumnChooser name="breakdown" columns={columns} />
      <ExportMenu path="/api/usage/summary" query={query} />
    </>
  );
}

interface Around {
  t: Translate;
  language: string;
  by: string;
  total: UsageRow | undefined;
  currency: string;
  places: number;
  past: ReadonlyMap<string, number> | undefined;
  nameOf: (group: string) => string;
}

function columnsOf({ t, language, by, total, currency, places, past, nameOf }: Around): Column<UsageRow>[] {
  const count = (key: string, title: string, value: (row: UsageRow) => number, optional = false): Column<UsageRow> => ({
    key, title, optional, align: "right", order: value,
    cell: (row) => <span title={formatCount(value(row), language)}>{formatCompact(value(row), language)}</span>,
  });
  const amount = (key: string, title: string, value: (row: UsageRow) => string): Column<UsageRow> => ({
    key, title, optional: true, align: "right", order: (row) => Number(value(row)),
    cell: (row) => <Money amount={value(row)} currency={currency} places={places} />,
  });
  return [
    {
      key: "group",
      title: dimensionName(by, t),
      order: (row) => nameOf(dimensionOf(row, by)),
      cell: (row) => {
        const group = dimensionOf(row, by);
        return group === "" || by === "project" ? (
          <span className={group === "" ? "dim" : undefined}>{nameOf(group)}</span>
        ) : (
          <Link to="/costs" search={((search: Search) => ({ ...search, [by]: [group], by: by === "model" ? "user" : "model" })) as never} className="cell-cut" style={{ fontWeight: 500, display: "block" }} title={group}>
            {nameOf(group)}
          </Link>
        );
      },
    },
    {
      key: "cost",
      title: t("metric.cost"),
      align: "right",
      order: (row) => Number(row.cost),
      cell: (row) => (
        <span className="bar-cell">
          {row.unpriced_calls > 0 && row.unpriced_calls < row.calls && <span className="mark attention">{t("trace.unpriced", { count: row.unpriced_calls })}</span>}
          <Money amount={row.calls > 0 && row.unpriced_calls === row.calls ? null : row.cost} currency={currency} places={places} />
        </span>
      ),
    },
    {
      key: "share",
      title: t("costs.share"),
      align: "right",
      cell: (row) => (
        <span className="bar-cell">
          <span className="share" aria-hidden>
            <i style={{ width: `${total && Number(total.cost) > 0 ? (Number(row.cost) / Number(total.cost)) * 100 : 0}%` }} />
          </span>
          <span style={{ width: 44 }}>{formatShare(Number(row.cost), Number(total?.cost ?? 0), language)}</span>
        </span>
      ),
    },
    {
      key: "change",
      title: t("costs.change"),
      align: "right",
      order: (row) => Number(row.cost) - (past?.get(dimensionOf(row, by)) ?? 0),
      cell: (row) => past && Number(row.cost) + (past.get(dimensionOf(row, by)) ?? 0) > 0 && <Change now={Number(row.cost)} before={past.get(dimensionOf(row, by)) ?? 0} rising="bad" />,
    },
    count("calls", t("metric.calls"), (row) => row.calls),
    count("input", t("trace.inputTokens"), (row) => row.input_tokens),
    count("output", t("trace.outputTokens"), (row) => row.output_tokens),
    count("errors", t("metric.errors"), (row) => row.errors),
    count("cached", t("bucket.cacheRead"), (row) => row.cache_read_tokens, true),
    count("reasoning", t("costs.reasoning"), (row) => row.reasoning_tokens, true),
    amount("costInput", t("costs.costInput"), (row) => row.cost_input),
    amount("costCacheRead", t("costs.costCacheRead"), (row) => row.cost_cache_read),
    amount("costCacheWrite", t("costs.costCacheWrite"), (row) => row.cost_cache_write),
    amount("costOutput", t("costs.costOutput"), (row) => row.cost_output),
    {
      key: "latency",
      title: t("metric.latency"),
      align: "right",
      order: (row) => row.latency_ms_p95 ?? 0,
      cell: (row) => (row.latency_ms_p95 === null ? "–" : formatDuration(row.latency_ms_p95, language)),
    },
  ];
}
