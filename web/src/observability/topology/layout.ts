/* Where nodes and links of a topology are drawn: a column for each step of a call, the busiest nodes above. */

import type { Edge, Kind, Node } from "./shapes";

export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 48;
/** Between columns, as much as there is room for. */
const LEAST_GAP_X = 56;
const MOST_GAP_X = 132;
const GAP_Y = 16;
const MARGIN = 8;

/** Applications ask agents, agents ask tools and models, tools of the hub lie with servers. */
const COLUMN: Record<Kind, number> = { application: 0, agent: 1, tool: 2, model: 2, server: 3 };
const ORDER: Record<Kind, number> = { application: 0, agent: 0, tool: 0, model: 1, server: 0 };

export interface Placed {
  node: Node;
  x: number;
  y: number;
}

export interface Drawn {
  edge: Edge;
  from: Placed;
  to: Placed;
  path: string;
  /** Of the line, in pixels: ten times the calls are a little more of it. */
  width: number;
}

export interface Layout {
  nodes: Placed[];
  links: Drawn[];
  width: number;
  height: number;
}

/** `room` is the width that there is, in pixels; a drawing that needs more has more. */
export function layoutOf(nodes: readonly Node[], edges: readonly Edge[], room: number): Layout {
  const used = [...new Set(nodes.map(({ kind }) => COLUMN[kind]))].sort((a, b) => a - b);
  const columns = used.map((column) => nodes.filter(({ kind }) => COLUMN[kind] === column).sort((a, b) => ORDER[a.kind] - ORDER[b.kind]));
  const gap = Math.min(MOST_GAP_X, Math.max(LEAST_GAP_X, (room - 2 * MARGIN - used.length * NODE_WIDTH) / Math.max(1, used.length - 1)));
  const tallest = Math.max(0, ...columns.map(({ length }) => length));
  const height = tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
  const placed = columns.flatMap((column, place) => {
    const taken = column.length * (NODE_HEIGHT + GAP_Y) - GAP_Y;
    const top = MARGIN + (height - 2 * MARGIN - taken) / 2;
    return column.map((node, row) => ({ node, x: MARGIN + place * (NODE_WIDTH + gap), y: top + row * (NODE_HEIGHT + GAP_Y) }));
  });
  const byId = new Map(placed.map((each) => [each.node.id, each]));
  const links = edges.flatMap((edge) => {
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    return from && to ? [{ edge, from, to, path: pathOf(from, to, gap), width: 1 + Math.log10(Math.max(1, edge.traffic.calls)) }] : [];
  });
  return { nodes: placed, links, width: 2 * MARGIN + used.length * (NODE_WIDTH + gap) - gap, height: Math.max(height, NODE_HEIGHT + 2 * MARGIN) };
}

/** From the right side of one to the left side of the other; within a column, or back, a bow on the right. */
function pathOf(from: Placed, to: Placed, gap: number): string {
  const [startX, startY] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2];
  const isForward = to.x > from.x;
  const [endX, endY] = [isForward ? to.x : to.x + NODE_WIDTH, to.y + NODE_HEIGHT / 2];
  const bend = isForward ? (endX - startX) / 2 : gap / 2;
  return `M${startX},${startY} C${startX + bend},${startY} ${isForward ? endX - bend : endX + bend},${endY} ${endX},${endY}`;
}
