import { expect, test } from "vitest";
import { layoutOf, NODE_HEIGHT, NODE_WIDTH } from "./layout";
import { type Edge, type Kind, type Node, tracesOf } from "./shapes";

const TRAFFIC = { calls: 10, errors: 0, unpriced_calls: 0, cost: "0.000000000", latency_ms_p50: 1, latency_ms_p95: 2 };
const node = (kind: Kind, name: string, rest = false): Node => ({ id: `${kind}:${name}`, kind, name, rest, traffic: TRAFFIC });
const edge = (from: Node, to: Node): Edge => ({ from: from.id, to: to.id, traffic: TRAFFIC });
const [app, planner, helper, search, model, weather] = [node("application", "shop"), node("agent", "planner"), node("agent", "helper"), node("tool", "weather_search"), node("model", "gpt-5"), node("server", "weather")];

test("no two nodes lie on each other, and all lie within", () => {
  const { nodes, width, height } = layoutOf([app, planner, helper, search, model, weather], [], 600);
  for (const [place, one] of nodes.entries()) {
    expect(one.x + NODE_WIDTH <= width && one.y + NODE_HEIGHT <= height && one.x >= 0 && one.y >= 0).toBe(true);
    for (const other of nodes.slice(place + 1)) expect(Math.abs(one.x - other.x) >= NODE_WIDTH || Math.abs(one.y - other.y) >= NODE_HEIGHT).toBe(true);
  }
});

test("callers stand left of what they call, and columns without nodes take no room", () => {
  const { nodes } = layoutOf([planner, model], [], 900);
  expect(nodes.map(({ node: { name }, x }) => [name, x > 100])).toEqual([["planner", false], ["gpt-5", true]]);
});

test("every link is drawn, in a circle and within a column too", () => {
  const { links } = layoutOf([planner, helper, search], [edge(planner, search), edge(search, planner), edge(planner, helper)], 900);
  expect(links).toHaveLength(3);
  for (const { path } of links) expect(path).not.toMatch(/NaN/);
});

test("a node leads to its traces under the names that its spans have", () => {
  expect(tracesOf(search)).toEqual({ tool: ["weather_search", "search", "weather.search"] });
  expect(tracesOf(planner)).toEqual({ agent: "planner" });
  expect(tracesOf(node("model", "", true))).toBeNull();
});
