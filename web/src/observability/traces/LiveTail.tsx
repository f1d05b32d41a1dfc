/* Spans as they arrive, newest first. The server narrows them, the tab's one connection brings them. */

import { IconAntennaBars5 } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import type { LiveSpan } from "../../api/types";
import { formatCompact, formatDuration } from "../../format/number";
import { formatClock } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useNarrowedLive } from "../../live/stream";
import { useAddress } from "../../shell/address";
import { type Column, DataTable } from "../../ui/DataTable";
import { Card } from "../../ui/Page";
import { State } from "../../ui/State";
import { Money } from "../../ui/Values";

const SHOWN = 200;
/** The dimensions that the stream can be narrowed by. */
const NARROWS = ["provider", "model", "environment"];

export function LiveTail() {
  const { t, language } = useLanguage();
  const { filters, value } = useAddress();
  const navigate = useNavigate();
  const narrowed = Object.fromEntries(Object.entries(filters).filter(([name]) => NARROWS.includes(name)));
  const status = value("status");
  const live = useNarrowedLive(status ? { ...narrowed, status: [status] } : narrowed);
  const isIgnoring = Object.keys(filters).some((name) => !NARROWS.includes(name));

  const columns: Column<LiveSpan>[] = [
    {
      key: "name",
      title: t("traces.name"),
      cell: (row) => (
        <span className="row">
          <span className={`dot ${row.status === "error" ? "broken" : "good"}`} role="img" aria-label={row.status === "error" ? t("status.error") : t("status.ok")} />
          <Link to="/monitor/traces/$traceId" params={{ traceId: row.trace_id }} search={{ span: row.span_id }} className="cell-cut" style={{ fontWeight: 500 }} onClick={(event) => event.stopPropagation()}>
            {row.name}
          </Link>
        </span>
      ),
    },
    { key: "time", title: t("traces.started"), cell: (row) => <span className="dim">{formatClock(Date.parse(row.start_time), language)}</span> },
    { key: "model", title: t("dimension.model"), cell: (row) => row.model && <span className="mark">{row.model}</span> },
    { key: "user", title: t("dimension.user"), cell: (row) => row.user },
    { key: "agent", title: t("dimension.agent"), cell: (row) => row.agent },
    {
      key: "tokens",
      title: t("metric.tokens"),
      align: "right",
      cell: (row) => (row.usage_kind === "none" ? "" : formatCompact(row.input_tokens + row.output_tokens, language)),
    },
    {
      key: "cost",
      title: t("traces.cost"),
      align: "right",
      cell: (row) => (row.usage_kind === "none" || !row.counted ? "" : <Money amount={row.cost} currency="USD" />),
    },
    { key: "duration", title: t("traces.duration"), align: "right", cell: (row) => formatDuration(row.duration_ms, language) },
  ];
  return (
    <Card bare title={t("tail.title")} hint={isIgnoring ? t("tail.ignored") : t("tail.count", { count: live.total })}>
      <DataTable
        name="tail"
        rows={live.spans}
        limit={SHOWN}
        columns={columns}
        rowKey={(row) => `${row.trace_id}${row.span_id}`}
        onOpen={(row) => void navigate({ to: "/monitor/traces/$traceId", params: { traceId: row.trace_id }, search: { span: row.span_id } })}
        empty={<State icon={IconAntennaBars5} title={t("tail.waiting")} text={t("tail.waitingText")} />}
      />
    </Card>
  );
}
