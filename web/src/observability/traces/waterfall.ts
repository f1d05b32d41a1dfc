/*
 * The order and folding of a waterfall, without a page. The server sends spans depth first, so the
 * descendants of a span are the ones right behind it that stand deeper; everything here is O(n) over
 * flat arrays, because a trace may hold a hundred thousand of them.
 */

import type { WaterfallSpan } from "../../api/types";

export interface Tree {
  /** The index of the parent, -1 for a root. */
  parent: Int32Array;
  /** The index behind the last descendant. */
  end: Int32Array;
}

export function treeOf(spans: readonly { depth: number }[]): Tree {
  const parent = new Int32Array(spans.length).fill(-1);
  const end = new Int32Array(spans.length).fill(spans.length);
  const open: number[] = [];
  spans.forEach(({ depth }, index) => {
    for (let last = open.at(-1); last !== undefined && (spans[last]?.depth ?? 0) >= depth; last = open.at(-1)) {
      end[last] = index;
      open.pop();
    }
    parent[index] = open.at(-1) ?? -1;
    open.push(index);
  });
  return { parent, end };
}

/** The indexes that are shown while the given spans are folded. */
export function visibleOf(tree: Tree, folded: ReadonlySet<number>): Int32Array {
  const visible = new Int32Array(tree.end.length);
  let count = 0;
  for (let index = 0; index < tree.end.length; ) {
    visible[count] = index;
    count += 1;
    index = folded.has(index) ? (tree.end[index] ?? index + 1) : index + 1;
  }
  return visible.subarray(0, count);
}

export function hasChildren(tree: Tree, index: number): boolean {
  return (tree.end[index] ?? 0) > index + 1;
}

/** The row of a span among the visible ones; that of its nearest visible ancestor where it is folded away. */
export function rowOf(visible: Int32Array, index: number): number {
  let low = 0;
  let high = visible.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((visible[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The folds without those that hide the span. */
export function unfoldedTo(tree: Tree, folded: ReadonlySet<number>, index: number): ReadonlySet<number> {
  const open = new Set(folded);
  for (let above = tree.parent[index] ?? -1; above >= 0; above = tree.parent[above] ?? -1) open.delete(above);
  return open.size === folded.size ? folded : open;
}

/** Every span that has children and stands at the depth or below it. */
export function allFolded(spans: readonly { depth: number }[], tree: Tree, fromDepth: number): ReadonlySet<number> {
  const folded = new Set<number>();
  spans.forEach(({ depth }, index) => {
    if (depth >= fromDepth && hasChildren(tree, index)) folded.add(index);
  });
  return folded;
}

/** Spans whose name, model, tool, agent, service or id contains the text. */
export function matchesOf(spans: readonly WaterfallSpan[], text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const found: number[] = [];
  spans.forEach((span, index) => {
    const isMatch =
      span.name.toLowerCase().includes(wanted) ||
      (span.model ?? "").toLowerCase().includes(wanted) ||
      (span.tool ?? "").toLowerCase().includes(wanted) ||
      (span.agent ?? "").toLowerCase().includes(wanted) ||
      (span.service ?? "").toLowerCase().includes(wanted) ||
      span.span_id.startsWith(wanted) ||
      (wanted === "error" && span.status === "error");
    if (isMatch) found.push(index);
  });
  return found;
}

export type SpanTone = "call" | "agent" | "tool" | "other";

export function toneOf(span: WaterfallSpan): SpanTone {
  if (span.usage_kind === "call") return "call";
  if (span.operation === "execute_tool" || (span.tool ?? "") !== "") return "tool";
  if (span.operation === "invoke_agent" || span.operation === "create_agent" || span.usage_kind === "aggregate") return "agent";
  return "other";
}

/** Round marks of time for the axis: 1, 2 or 5 times a power of ten, about `count` of them. */
export function ticksOf(durationNs: number, count: number): number[] {
  if (durationNs <= 0) return [0];
  const rough = durationNs / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = 0; at <= durationNs; at += step) ticks.push(at);
  return ticks;
}
