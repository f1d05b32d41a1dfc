import { describe, expect, it } from "vitest";
import { allFolded, matchesOf, rowOf, ticksOf, treeOf, unfoldedTo, visibleOf } from "./waterfall";

// a ─ b ─ c
//   └ d
// e
const SPANS = [0, 1, 2, 1, 0].map((depth, index) => ({
  depth, span_id: `${index}`.repeat(16), name: ["a", "b", "c", "d", "e"][index] ?? "", start_offset_ns: 0, duration_ns: 1,
}));
const TREE = treeOf(SPANS);

describe("the tree of a waterfall", () => {
  it("is read from the depths alone", () => {
    expect([...TREE.parent]).toEqual([-1, 0, 1, 0, -1]);
    expect([...TREE.end]).toEqual([4, 3, 3, 4, 5]);
  });

  it("hides what is folded, however deep", () => {
    expect([...visibleOf(TREE, new Set())]).toEqual([0, 1, 2, 3, 4]);
    expect([...visibleOf(TREE, new Set([1]))]).toEqual([0, 1, 3, 4]);
    expect([...visibleOf(TREE, new Set([0, 1]))]).toEqual([0, 4]);
  });

  it("shows a folded span by its ancestor", () => {
    const visible = visibleOf(TREE, new Set([0]));
    expect(rowOf(visible, 2)).toBe(0);
    expect(rowOf(visible, 4)).toBe(1);
  });

  it("unfolds only what hides a span", () => {
    expect([...unfoldedTo(TREE, new Set([0, 1]), 2)]).toEqual([]);
    expect([...unfoldedTo(TREE, new Set([1]), 3)]).toEqual([1]);
  });

  it("folds all that has children", () => {
    expect([...allFolded(SPANS, TREE, 1)]).toEqual([1]);
  });

  it("agrees with a plain recount for any depths", () => {
    for (let round = 0; round < 100; round += 1) {
      let depth = 0;
      const spans = Array.from({ length: 60 }, (_, index) => {
        depth = index === 0 ? 0 : Math.max(0, Math.min(depth + 1, Math.floor(Math.random() * (depth + 2))));
        return { depth };
      });
      const tree = treeOf(spans);
      const folded = new Set(spans.flatMap((_, index) => (Math.random() < 0.2 ? [index] : [])));
      const hidden = (index: number): boolean => {
        const above = tree.parent[index] ?? -1;
        return above >= 0 && (folded.has(above) || hidden(above));
      };
      expect([...visibleOf(tree, folded)]).toEqual(spans.flatMap((_, index) => (hidden(index) ? [] : [index])));
    }
  });

  it("takes fifty thousand spans within a frame or two", () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({ depth: index % 12 }));
    const begun = performance.now();
    visibleOf(treeOf(many), new Set([0, 12, 24]));
    expect(performance.now() - begun).toBeLessThan(200);
  });
});

describe("search and axis", () => {
  it("finds by name and by id", () => {
    expect(matchesOf(SPANS, "D")).toEqual([3]);
    expect(matchesOf(SPANS, "4444")).toEqual([4]);
    expect(matchesOf(SPANS, " ")).toEqual([]);
  });

  it("marks round times", () => {
    expect(ticksOf(8_400_000_000, 5)).toEqual([0, 2e9, 4e9, 6e9, 8e9]);
  });
});
