/* The links of a topology as a table: who called whom, how often, and how that went. */

import { Link, useSearch } from "@tanstack/react-router";
import { columnPlaces } from "../../format/money";
import { formatCount, formatDuration, formatShare } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { keepRange, type Search } from "../../shell/address";
import { type Column, DataTable } from "../../ui/DataTable";
import { Money } from "../../ui/Values";
import { KIND_ICONS, nameOf } from "./kinds";
import { type Edge, type Node, type Topology, tracesOf } from "./shapes";

export function LinkTable({ topology }: { topology: Topology }) {
  const { t, language } = useLanguage();
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const places = columnPlaces(topology.edges.map(({ traffic }) => traffic.cost));
  const name = (id: string) => {
    const node = nodes.get(id);
    return node ? nameOf(node, t) : id;
  };
  const columns: Column<Edge>[] = [
    { key: "from", title: t("topology.caller"), order: (row) => name(row.from), cell: (row) => <NodeName node={nodes.get(row.from)} /> },
    { key: "to", title: t("topology.called"), order: (row) => name(row.to), cell: (row) => <NodeName node={nodes.get(row.to)} /> },
    { key: "calls", title: t("metric.calls"), align: "right", order: ({ traffic }) => traffic.calls, cell: ({ traffic }) => formatCount(traffic.calls, language) },
    {
      key: "errors",
      title: t("metric.errors"),
      align: "right",
      order: ({ traffic }) => traffic.errors,
      cell: ({ traffic }) => (traffic.errors === 0 ? <span className="faint">0</span> : <span className="broken">{formatCount(traffic.errors, language)} · {formatShare(traffic.errors, traffic.calls, language)}</span>),
    },
    { key: "cost", title: t("metric.cost"), align: "right", order: ({ traffic }) => Number(traffic.cost), cell: ({ traffic }) => <Money amount={traffic.unpriced_calls > 0 && traffic.unpriced_calls === traffic.calls ? null : traffic.cost} currency="USD" places={places} /> },
    { key: "p50", title: "p50", align: "right", optional: true, order: ({ traffic }) => traffic.latency_ms_p50 ?? 0, cell: ({ traffic }) => (traffic.latency_ms_p50 === null ? "–" : formatDuration(traffic.latency_ms_p50, language)) },
    { key: "p95", title: "p95", align: "right", order: ({ traffic }) => traffic.latency_ms_p95 ?? 0, cell: ({ traffic }) => (traffic.latency_ms_p95 === null ? "–" : formatDuration(traffic.latency_ms_p95, language)) },
  ];
  return <DataTable name="topology" rows={topology.edges} columns={columns} rowKey={(row) => `${row.from} ${row.to}`} empty={null} sortedBy={{ key: "calls", descending: true }} />;
}

function NodeName({ node }: { node: Node | undefined }) {
  const { t } = useLanguage();
  const range: Search = useSearch({ strict: false });
  if (!node) return null;
  const Icon = KIND_ICONS[node.kind];
  const found = tracesOf(node);
  return (
    <span className="row" style={{ gap: 8 }}>
      <Icon size={16} stroke={1.5} className="faint" style={{ flex: "none" }} aria-label={t(`topology.kind.${node.kind}`)} role="img" />
      {found ? (
        <Link to="/monitor/traces" search={{ ...keepRange(range), ...found } as never} className="link cut">{nameOf(node, t)}</Link>
      ) : (
        <span className="cut">{nameOf(node, t)}</span>
      )}
    </span>
  );
}
