/* The ledger: what is owed, whose it is, and every entry that it is made of. */

import { Button, Menu, SegmentedControl, Select } from "@mantine/core";
import { IconBook2, IconDownload } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import type { LedgerBalance, LedgerCharge, LedgerEntry, LedgerPage as Entries } from "../../api/types";
import { formatCount } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Figure, Figures } from "../../ui/Figures";
import { dimensionName } from "../../ui/Filters";
import { Card, Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { State } from "../../ui/State";
import { Ago, CopyId, Money } from "../../ui/Values";
import { AddCredit } from "./AddCredit";

const KINDS = ["reservation", "settlement", "release", "expiry", "usage", "adjustment", "credit"] as const;
const BY = ["project", "model", "provider", "agent", "environment", "api_key"] as const;
type Of = "project" | "team";

export default function LedgerPage() {
  const t = useWords();
  const { range, value, set } = useAddress();
  const mayWrite = useMay("budgets.write");
  const seesTeam = useMayInTeam("ledger.read");
  const of: Of = seesTeam && value("of") === "team" ? "team" : "project";
  const query = { ...range, of };
  return (
    <Page
      title={t("nav.ledger")}
      text={t("ledger.text")}
      acts={
        <>
          {mayWrite && <AddCredit />}
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" leftSection={<IconDownload size={14} />}>{t("export.title")}</Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item component="a" href={address("/api/ledger/export", { ...query, format: "csv" })} download>CSV</Menu.Item>
              <Menu.Item component="a" href={address("/api/ledger/export", { ...query, format: "focus" })} download>FOCUS 1.2</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <RangePicker />
        </>
      }
    >
      {seesTeam && (
        <div className="filters">
          <SegmentedControl aria-label={t("budgets.of")} value={of} onChange={(next) => set({ of: next === "team" ? next : undefined })} data={[{ value: "project", label: t("budgets.of.project") }, { value: "team", label: t("budgets.of.team") }]} />
        </div>
      )}
      <Balance query={query} />
      <Chargeback query={query} />
      <EntryList of={of} />
    </Page>
  );
}

type Question = { from: string; to: string; of: Of };

function Balance({ query }: { query: Question }) {
  const { t, language } = useLanguage();
  const { data } = useQuery({
    queryKey: ["ledger", "balance", query],
    queryFn: ({ signal }) => request<LedgerBalance>(address("/api/ledger/balance", query), { signal }),
  });
  return (
    <Figures>
      <Figure name={t("ledger.spent")} pending={!data} value={data && <Money amount={data.spent} currency="USD" />} note={data && t("costs.calls", { count: data.calls })} />
      <Figure name={t("ledger.credited")} pending={!data} value={data && <Money amount={data.credited} currency="USD" />} />
      <Figure name={t("ledger.net")} pending={!data} value={data && <Money amount={data.net} currency="USD" />} />
      <Figure name={t("budgets.held")} pending={!data} value={data && <Money amount={data.held} currency="USD" />} note={t("ledger.heldText")} />
      <Figure name={t("metric.tokens")} pending={!data} value={data && formatCount(data.tokens, language)} />
    </Figures>
  );
}

function Chargeback({ query }: { query: Question }) {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const by = value("by") || "project";
  const charges = useQuery({
    queryKey: ["ledger", "chargeback", query, by],
    queryFn: ({ signal }) => request<{ items: LedgerCharge[] }>(address("/api/ledger/chargeback", { ...query, by }), { signal }),
  });
  const known = useQuery({
    queryKey: ["ledger", "tags", query.from, query.to],
    queryFn: ({ signal }) => request<{ tags: string[] }>(address("/api/usage/dimensions", { from: query.from, to: query.to }), { signal }),
    staleTime: 60_000,
  });
  const columns: Column<LedgerCharge>[] = [
    { key: "value", title: by.startsWith("tag:") ? by.slice(4) : dimensionName(by, t), cell: (row) => (row.value === "" ? <span className="dim">{t("value.none")}</span> : by === "project" ? <CopyId id={row.value} /> : row.value) },
    { key: "cost", title: t("metric.cost"), align: "right", order: (row) => Number(row.cost), cell: (row) => <Money amount={row.cost} currency="USD" /> },
    { key: "calls", title: t("metric.calls"), align: "right", order: (row) => row.calls, cell: (row) => formatCount(row.calls, language) },
    { key: "tokens", title: t("metric.tokens"), align: "right", order: (row) => row.tokens, cell: (row) => formatCount(row.tokens, language) },
  ];
  return (
    <Card
      bare
      title={t("ledger.chargeback")}
      acts={
        <Select
          aria-label={t("costs.by")}
          w={180}
          value={by}
          onChange={(next) => set({ by: next === "project" || next === null ? undefined : next }, { replace: true })}
          data={[...BY.map((each) => ({ value: each, label: dimensionName(each, t) })), ...(known.data?.tags ?? []).map((tag) => ({ value: `tag:${tag}`, label: `${t("dimension.tag")} ${tag}` }))]}
          allowDeselect={false}
        />
      }
    >
      <DataTable name="chargeback" rows={charges.data?.items} columns={columns} rowKey={(row) => row.value} error={charges.error} retry={() => void charges.refetch()} limit={50} empty={<State icon={IconBook2} title={t("ledger.empty")} text={t("ledger.emptyText")} />} />
    </Card>
  );
}

function EntryList({ of }: { of: Of }) {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const kind = KINDS.find((each) => each === value("kind")) ?? "";
  const entries = useInfiniteQuery({
    queryKey: ["ledger", "entries", of, kind],
    queryFn: ({ signal, pageParam }) => request<Entries>(address("/api/ledger", { of, kind, cursor: pageParam }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page: Entries) => page.next_cursor,
  });
  const amount = (key: "held" | "cost"): Column<LedgerEntry> => ({
    key,
    title: t(key === "held" ? "ledger.heldChange" : "metric.cost"),
    align: "right",
    cell: (row) => (Number(row[key]) === 0 ? <span className="faint">–</span> : <Money amount={row[key]} currency="USD" />),
  });
  const columns: Column<LedgerEntry>[] = [
    { key: "at", title: t("ledger.at"), cell: (row) => <Ago at={row.at} /> },
    { key: "kind", title: t("ledger.kind"), cell: (row) => <span className={row.kind === "credit" ? "mark good" : row.kind === "adjustment" ? "mark attention" : "mark"}>{t(`ledger.kind.${row.kind}`)}</span> },
    { key: "model", title: t("dimension.model"), cell: (row) => <span className="cell-cut">{row.model || row.note || "–"}</span> },
    { key: "tags", title: t("dimension.tag"), optional: true, cell: (row) => <span className="dim cell-cut">{row.tags.join(" ")}</span> },
    { key: "agent", title: t("dimension.agent"), optional: true, cell: (row) => <span className="dim">{row.agent}</span> },
    amount("held"),
    amount("cost"),
    { key: "tokens", title: t("metric.tokens"), align: "right", cell: (row) => (row.tokens === 0 ? <span className="faint">–</span> : formatCount(row.tokens, language)) },
    { key: "estimated", title: t("ledger.estimated"), optional: true, cell: (row) => (row.estimated ? t("ledger.estimated") : "") },
  ];
  return (
    <Card
      bare
      title={t("ledger.entries")}
      acts={
        <>
          <Select aria-label={t("ledger.kind")} w={160} value={kind} onChange={(next) => set({ kind: next || undefined }, { replace: true })} data={[{ value: "", label: t("ledger.everyKind") }, ...KINDS.map((each) => ({ value: each, label: t(`ledger.kind.${each}`) }))]} allowDeselect={false} />
          <ColumnChooser name="ledger" columns={columns} />
        </>
      }
    >
      <DataTable
        name="ledger"
        rows={entries.data?.pages.flatMap((page) => page.items)}
        columns={columns}
        rowKey={(row) => String(row.position)}
        error={entries.error}
        retry={() => void entries.refetch()}
        empty={<State icon={IconBook2} title={t("ledger.empty")} text={t("ledger.emptyText")} />}
        foot={
          entries.hasNextPage ? (
            <Button variant="default" loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
              {t("traces.more")}
            </Button>
          ) : undefined
        }
      />
    </Card>
  );
}
