/* The topology as a drawing: boxes in columns, lines as thick as there are calls. Each leads to its traces. */

import { useElementSize } from "@mantine/hooks";
import { Link, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { formatCompact, formatDuration, formatShare } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { keepRange, type Search } from "../../shell/address";
import { KIND_ICONS, nameOf } from "./kinds";
import { type Drawn, layoutOf, NODE_HEIGHT, NODE_WIDTH, type Placed } from "./layout";
import { type Topology, type Traffic, tracesOf } from "./shapes";

/** From this share of failed calls on a line is marked. */
const FAILING_SHARE = 0.05;

export function Diagram({ topology }: { topology: Topology }) {
  const { t } = useLanguage();
  const { ref, width } = useElementSize();
  const layout = useMemo(() => layoutOf(topology.nodes, topology.edges, width), [topology, width]);
  const [marked, setMarked] = useState<string | null>(null);
  const near = (id: string) => marked === null || id === marked || layout.links.some(({ edge }) => (edge.from === marked && edge.to === id) || (edge.to === marked && edge.from === id));
  return (
    <div ref={ref} className="topology" tabIndex={0} role="region" aria-label={t("nav.topology")}>
      <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`} role="group" aria-label={t("topology.drawing")}>
        {layout.links.map((link) => (
          <LinkLine key={`${link.edge.from} ${link.edge.to}`} link={link} isFaint={marked !== null && link.edge.from !== marked && link.edge.to !== marked} />
        ))}
        {layout.nodes.map((placed) => (
          <NodeBox key={placed.node.id} placed={placed} isFaint={!near(placed.node.id)} mark={setMarked} />
        ))}
      </svg>
    </div>
  );
}

function useTrafficText(): (traffic: Traffic) => string {
  const { t, language } = useLanguage();
  return ({ calls, errors, latency_ms_p95 }) =>
    [
      t("mcp.calls", { count: calls }),
      errors > 0 ? t("mcp.failedShare", { share: formatShare(errors, calls, language) }) : "",
      latency_ms_p95 === null ? "" : `p95 ${formatDuration(latency_ms_p95, language)}`,
    ].filter(Boolean).join(" · ");
}

function LinkLine({ link, isFaint }: { link: Drawn; isFaint: boolean }) {
  const { t } = useLanguage();
  const range: Search = useSearch({ strict: false });
  const text = useTrafficText();
  const found = tracesOf(link.to.node);
  const { calls, errors } = link.edge.traffic;
  const isFailing = errors >= FAILING_SHARE * calls && errors > 0;
  const named = `${nameOf(link.from.node, t)} → ${nameOf(link.to.node, t)}`;
  const content = (
    <>
      <title>{`${named}\n${text(link.edge.traffic)}`}</title>
      <path d={link.path} strokeWidth={Math.max(8, link.width)} className="topology-reach" />
      <path d={link.path} strokeWidth={link.width} strokeDasharray={isFailing ? "6 3" : undefined} />
    </>
  );
  // by keyboard the box at its end leads to the same traces
  return (
    <g className={`topology-link${isFailing ? " failing" : ""}${isFaint ? " faint" : ""}`}>
      {found ? <Link to="/monitor/traces" search={{ ...keepRange(range), ...found } as never} tabIndex={-1} aria-label={named}>{content}</Link> : content}
    </g>
  );
}

function NodeBox({ placed: { node, x, y }, isFaint, mark }: { placed: Placed; isFaint: boolean; mark: (id: string | null) => void }) {
  const { t, language } = useLanguage();
  const range: Search = useSearch({ strict: false });
  const text = useTrafficText();
  const Icon = KIND_ICONS[node.kind];
  const name = nameOf(node, t);
  const { calls, errors } = node.traffic;
  const found = tracesOf(node);
  const content = (
    <>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={8} />
      <Icon x={12} y={14} width={20} height={20} stroke={1.5} aria-hidden />
      <text x={42} y={21} className="topology-name">{shortened(name)}</text>
      <text x={42} y={37} className="topology-note">{calls === 0 ? t(`topology.kind.${node.kind}`) : `${t(`topology.kind.${node.kind}`)} · ${formatCompact(calls, language)}`}</text>
      {errors > 0 && <circle cx={NODE_WIDTH - 14} cy={14} r={4} className="topology-errors" />}
      <title>{calls === 0 ? name : `${name}\n${text(node.traffic)}`}</title>
    </>
  );
  const shared = { transform: `translate(${x} ${y})`, className: isFaint ? "topology-node faint" : "topology-node", onPointerEnter: () => mark(node.id), onPointerLeave: () => mark(null) };
  if (!found) return <g {...shared}>{content}</g>;
  return (
    <g {...shared}>
      <Link to="/monitor/traces" search={{ ...keepRange(range), ...found } as never} aria-label={`${name}: ${text(node.traffic)}`} onFocus={() => mark(node.id)} onBlur={() => mark(null)}>
        {content}
      </Link>
    </g>
  );
}

const MOST_CHARACTERS = 20;

function shortened(name: string): string {
  return name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS - 1)}…` : name;
}
