import { expect, test } from "vitest";
import type { Permission, Role } from "./queries";
import { byNoun, changesOf, effectiveOf, expanded, includable, inOrder } from "./roles";

const KNOWN: Permission[] = [
  { name: "hub.read", level: "hub", description: "" },
  { name: "members.read", level: "team", description: "" },
  { name: "members.write", level: "team", description: "" },
  { name: "spans.read", level: "project", description: "" },
];

function role(id: string, more: Partial<Role> = {}): Role {
  return { id, name: id, description: "", built_in: false, permissions: [], includes: [], demands_second_factor: false, effective: [], created_at: null, updated_at: null, ...more };
}

test("a star means the team and its projects, never the hub", () => {
  expect([...expanded(["*"], KNOWN)]).toEqual(["members.read", "members.write", "spans.read"]);
});

test("a noun's pattern means that noun only", () => {
  expect([...expanded(["members.*"], KNOWN)]).toEqual(["members.read", "members.write"]);
});

test("an included role's permissions count as one's own", () => {
  const viewer = role("viewer", { effective: ["spans.read"] });
  expect([...effectiveOf({ permissions: ["members.read"], includes: ["viewer"] }, [viewer], KNOWN)]).toEqual(["members.read", "spans.read"]);
});

test("what would make a circle cannot be included, nor what is for the hub", () => {
  const roles = [role("a"), role("b", { includes: ["a"] }), role("c", { includes: ["b"] }), role("d"), role("hub", { effective: ["hub.read"] })];
  expect(includable("a", roles).map(({ id }) => id)).toEqual(["d"]);
  expect(includable(null, roles).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
});

test("a difference names what comes and what goes", () => {
  expect(changesOf(["a", "b"], ["b", "c"])).toEqual({ added: ["c"], removed: ["a"] });
});

test("permissions stand with their noun, the hub's last; roles from the most to the least", () => {
  expect(byNoun(KNOWN).map(([noun, list]) => [noun, list.length])).toEqual([["members", 2], ["spans", 1], ["hub", 1]]);
  const roles = [role("Zeta"), role("Viewer", { built_in: true }), role("Alpha"), role("Owner", { built_in: true })];
  expect(inOrder(roles).map(({ id }) => id)).toEqual(["Owner", "Viewer", "Alpha", "Zeta"]);
});
