/* Traces: what ran, newest first, narrowed by filters and words; or the spans as they arrive. */

import { Button, Select, Switch } from "@mantine/core";
import { IconListSearch, IconX } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { address, type Query, request } from "../../api/client";
import type { TraceItem, TracePage } from "../../api/types";
import { columnPlaces } from "../../format/money";
import { formatCompact, formatCount, formatDuration } from "../../format/number";
import { isLive } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { ExportMenu } from "../../ui/ExportMenu";
import { Filters } from "../../ui/Filters";
import { Card, Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { SavedViews } from "../../ui/SavedViews";
import { SearchField } from "../../ui/SearchField";
import { State } from "../../ui/State";
import { Ago, CopyId, Money, shorten } from "../../ui/Values";
import { LiveTail } from "./LiveTail";

const PAGE_SIZE = 50;
const REFRESH_EVERY_MS = 3000;
/** As the emitters of OpenTelemetry name them. */
const OPERATIONS = ["chat", "execute_tool", "invoke_agent", "embeddings"] as const;
const SLOWER_THAN_MS = ["500", "1000", "5000", "30000"] as const;

export default function TracesPage() {
  const { t, language } = useLanguage();
  const { range, query, value, values, set } = useAddress();
  const isTail = value("live") === "1";
  const tools = values("tool");
  const listQuery: Query = { ...query, q: value("q"), status: value("status"), min_duration_ms: value("slower"), operation: value("operation"), tool: tools };
  return (
    <Page
      title={t("nav.traces")}
      acts={
        <>
          <Switch label={t("traces.tail")} checked={isTail} onChange={(event) => set({ live: event.currentTarget.checked ? "1" : undefined })} />
          <SavedViews page="traces" />
          {!isTail && <RangePicker />}
        </>
      }
    >
      <Filters without={["api_key"]}>
        {!isTail && <SearchField label={t("traces.search")} width={248} />}
        <Select
          aria-label={t("traces.status")}
          w={132}
          value={value("status") || "any"}
          onChange={(status) => set({ status: status === "any" ? undefined : (status ?? undefined) })}
          data={[
            { value: "any", label: t("status.any") },
            { value: "ok", label: t("status.ok") },
            { value: "error", label: t("status.error") },
          ]}
          allowDeselect={false}
        />
        {!isTail && (
          <Select
            aria-label={t("traces.operation")}
            w={148}
            value={value("operation") || "any"}
            onChange={(operation) => set({ operation: operation === "any" ? undefined : (operation ?? undefined) })}
            data={[{ value: "any", label: t("traces.anyOperation") }, ...OPERATIONS.map((each) => ({ value: each, label: t(`traces.operation.${each}`) }))]}
            allowDeselect={false}
          />
        )}
        {!isTail && tools[0] !== undefined && (
          <Button variant="default" rightSection={<IconX size={12} />} aria-label={`${t("prices.remove")} ${t("tools.tool")}: ${tools[0]}`} onClick={() => set({ tool: undefined })}>
            {t("tools.tool")}: {tools[0]}
          </Button>
        )}
        {!isTail && (
          <Select
            aria-label={t("traces.slower")}
            w={148}
            value={value("slower") || "any"}
            onChange={(slower) => set({ slower: slower === "any" ? undefined : (slower ?? undefined) })}
            data={[
              { value: "any", label: t("traces.anyDuration") },
              ...SLOWER_THAN_MS.map((each) => ({ value: each, label: `> ${formatDuration(Number(each), language)}` })),
            ]}
            allowDeselect={false}
          />
        )}
      </Filters>
      {isTail ? <LiveTail /> : <TraceList query={listQuery} live={isLive(range)} />}
    </Page>
  );
}

function TraceList({ query, live }: { query: Query; live: boolean }) {
  const { t, language } = useLanguage();
  const navigate = useNavigate();
  const traces = useInfiniteQuery({
    queryKey: ["traces", query],
    queryFn: ({ pageParam, signal }) => request<TracePage>(address("/api/traces", { ...query, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  // Whoever has turned pages is reading; the list stands still for them.
  useRefresh(traces, REFRESH_EVERY_MS, live && (traces.data?.pages.length ?? 0) <= 1);
  const rows = useMemo(() => traces.data?.pages.flatMap((page) => page.items), [traces.data]);
  const places = columnPlaces(rows?.map((row) => row.cost) ?? []);

  const columns: Column<TraceItem>[] = [
    {
      key: "name",
      title: t("traces.name"),
      cell: (row) => (
        <span className="row">
          <span className={`dot ${row.errors > 0 ? "broken" : "good"}`} role="img" aria-label={row.errors > 0 ? t("status.error") : t("status.ok")} title={row.errors > 0 ? t("traces.errors", { count: row.errors }) : t("status.ok")} />
          <Link to="/monitor/traces/$traceId" params={{ traceId: row.trace_id }} className="cell-cut" style={{ fontWeight: 500 }} onClick={(event) => event.stopPropagation()}>
            {row.name || shorten(row.trace_id)}
          </Link>
          {row.errors > 0 && <span className="mark broken">{t("traces.errors", { count: row.errors })}</span>}
        </span>
      ),
    },
    { key: "time", title: t("traces.started"), cell: (row) => <span className="dim"><Ago at={row.start_time} /></span> },
    {
      key: "models",
      title: t("dimension.model"),
      cell: (row) => (
        <span className="row" style={{ gap: 4 }} title={row.models.join(", ")}>
          {row.models[0] !== undefined && <span className="mark"><span className="cut" style={{ maxWidth: 180 }}>{row.models[0]}</span></span>}
          {row.models.length > 1 && <span className="mark">+{row.models.length - 1}</span>}
        </span>
      ),
    },
    { key: "user", title: t("dimension.user"), cell: (row) => <div className="cell-cut" style={{ maxWidth: 160 }} title={row.user}>{row.user}</div> },
    { key: "agent", title: t("dimension.agent"), optional: true, cell: (row) => row.agent },
    { key: "session", title: t("dimension.session"), optional: true, cell: (row) => row.session && <CopyId id={row.session} /> },
    { key: "environment", title: t("dimension.environment"), optional: true, cell: (row) => row.environment },
    { key: "service", title: t("traces.service"), optional: true, cell: (row) => row.service },
    { key: "id", title: t("traces.id"), optional: true, cell: (row) => <CopyId id={row.trace_id} /> },
    { key: "spans", title: t("traces.spans"), align: "right", cell: (row) => formatCount(row.spans, language) },
    { key: "calls", title: t("metric.calls"), align: "right", optional: true, cell: (row) => formatCount(row.calls, language) },
    {
      key: "tokens",
      title: t("metric.tokens"),
      align: "right",
      cell: (row) => (
        <span title={t("tokens.inOut", { input: row.input_tokens, output: row.output_tokens })}>{formatCompact(row.input_tokens + row.output_tokens, language)}</span>
      ),
    },
    {
      key: "cost",
      title: t("traces.cost"),
      align: "right",
      cell: (row) => <Money amount={row.unpriced_calls > 0 && row.unpriced_calls === row.calls ? null : row.cost} currency="USD" places={places} />,
    },
    { key: "duration", title: t("traces.duration"), align: "right", cell: (row) => formatDuration(row.duration_ms, language) },
  ];

  return (
    <Card
      bare
      title={t("traces.newest")}
      acts={
        <>
          <ColumnChooser name="traces" columns={columns} />
          <ExportMenu path="/api/traces" query={query} />
        </>
      }
    >
      <DataTable
        name="traces"
        rows={rows}
        columns={columns}
        rowKey={(row) => row.trace_id}
        error={traces.error}
        retry={() => void traces.refetch()}
        onOpen={(row) => void navigate({ to: "/monitor/traces/$traceId", params: { traceId: row.trace_id } })}
        empty={
          <State icon={IconListSearch} title={t("traces.empty")} text={t("traces.emptyText")}>
            <Button component={Link} to="/start" variant="default">
              {t("nav.start")}
            </Button>
          </State>
        }
        foot={
          <>
            <span>{t("traces.shown", { count: rows?.length ?? 0 })}</span>
            <span className="grow" />
            {traces.hasNextPage && (
              <Button variant="default" loading={traces.isFetchingNextPage} onClick={() => void traces.fetchNextPage()}>
                {t("traces.more")}
              </Button>
            )}
          </>
        }
      />
    </Card>
  );
}
