/* The entries, newest first, a page at a time. */

import { Button, Select } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Query } from "../api/client";
import { useLanguage } from "../i18n/language";
import { useAddress } from "../shell/address";
import { type Column, ColumnChooser, DataTable } from "../ui/DataTable";
import { ExportMenu } from "../ui/ExportMenu";
import { Card } from "../ui/Page";
import { RangePicker } from "../ui/Range";
import { SearchField } from "../ui/SearchField";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { OutcomeMark } from "./Outcome";
import { type Chain, entriesQuery, type Entry, OUTCOMES, roomOf, TYPED } from "./shapes";
import { TypedFilters } from "./TypedFilters";

export function Log({ chain }: { chain: Chain }) {
  const { t } = useLanguage();
  const { value, set, range } = useAddress();
  const query: Query = {
    from: range.from, to: range.to === "now" ? null : range.to, text: value("q"), outcome: value("outcome"),
    ...Object.fromEntries(TYPED.map((name) => [name, value(name)])),
  };
  const entries = useInfiniteQuery(entriesQuery(chain, query));
  const rows = entries.data?.pages.flatMap((page) => page.items);
  const columns: Column<Entry>[] = [
    {
      key: "action",
      title: t("audit.action"),
      cell: (row) => (
        <button
          type="button"
          className="link mono"
          style={{ color: "inherit", fontWeight: 500 }}
          onClick={(event) => {
            event.stopPropagation();
            set({ entry: row.id });
          }}
        >
          {row.action}
        </button>
      ),
    },
    { key: "time", title: t("audit.time"), cell: (row) => <span className="dim nowrap"><Ago at={row.time} /></span> },
    { key: "outcome", title: t("audit.outcome"), cell: (row) => <OutcomeMark entry={row} /> },
    { key: "actor", title: t("audit.actor"), cell: (row) => <div className="cell-cut" style={{ maxWidth: 160 }}>{row.actor.name || <i className="faint">{t("audit.noName")}</i>}</div> },
    { key: "resource", title: t("audit.resource"), cell: (row) => <div className="cell-cut" style={{ maxWidth: 240 }} title={row.resource_name ? `${row.resource_name} · ${row.resource}` : row.resource}>{row.resource_name || <span className="mono dim">{row.resource}</span>}</div> },
    { key: "detail", title: t("audit.detail"), cell: (row) => (row.detail === "" ? null : <div className="dim cell-cut" style={{ maxWidth: 280 }} title={row.detail}>{row.detail}</div>) },
    { key: "address", title: t("audit.address"), optional: true, cell: (row) => <span className="mono dim">{row.address}</span> },
    { key: "seq", title: t("audit.seq"), align: "right", optional: true, cell: (row) => row.seq },
  ];
  return (
    <>
      <div className="filters">
        <SearchField label={t("audit.search")} width={220} />
        <Select
          aria-label={t("audit.outcome")}
          w={132}
          value={value("outcome") || "any"}
          onChange={(next) => set({ outcome: next === "any" ? undefined : (next ?? undefined) })}
          data={[{ value: "any", label: t("audit.anyOutcome") }, ...OUTCOMES.map((each) => ({ value: each, label: t(`audit.outcome.${each}`) }))]}
          allowDeselect={false}
        />
        <TypedFilters />
        <span className="grow" />
        <RangePicker />
      </div>
      <Card
        bare
        title={t("audit.entries")}
        hint={t("traces.newest")}
        acts={
          <>
            <ColumnChooser name="audit" columns={columns} />
            <ExportMenu path={`${roomOf(chain)}/export`} query={query} formats={["csv", "jsonl"]} />
          </>
        }
      >
        <DataTable
          name="audit"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={entries.error}
          retry={() => void entries.refetch()}
          onOpen={(row) => set({ entry: row.id })}
          empty={
            <State icon={IconHistory} title={t("audit.empty")} text={t("audit.emptyText")}>
              <Button variant="default" onClick={() => set({ from: "-90d", to: undefined, q: undefined, outcome: undefined, ...Object.fromEntries(TYPED.map((name) => [name, undefined])) })}>
                {t("audit.widen")}
              </Button>
            </State>
          }
          foot={
            <>
              <span>{t("traces.shown", { count: rows?.length ?? 0 })}</span>
              <span className="grow" />
              {entries.hasNextPage && (
                <Button variant="default" loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
                  {t("traces.more")}
                </Button>
              )}
            </>
          }
        />
      </Card>
    </>
  );
}
