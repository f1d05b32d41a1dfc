import { expect, test } from "vitest";
import type { ApiKey } from "../api/types";
import { verdictOf } from "./explain";
import type { Explanation, Reason } from "./queries";

const TEAM = { level: "team", project: "", name: "" } as const;
const reason = (more: Partial<Reason> = {}): Reason => ({
  grant: "grant_1", effect: "allow", role: "role_1", via_roles: ["Viewer"], via_group: "", scope: { level: "team", name: "" }, needs_second_factor: false, ...more,
});
const answer = (more: Partial<Explanation>): Explanation => ({ allowed: false, permission: "spans.read", level: "project", summary: "", allows: [], denies: [], ...more });
const key = { project: "prj_1", agent: "" } as ApiKey;

test("a deny is told before anything else", () => {
  expect(verdictOf(answer({ allows: [reason()], denies: [reason({ effect: "deny", grant: "grant_2" })] }), TEAM, undefined)).toMatchObject({ kind: "denied", reason: { grant: "grant_2" } });
});

test("the grant that counts is named, not one that waits for a second factor", () => {
  const waiting = reason({ grant: "grant_0", needs_second_factor: true });
  expect(verdictOf(answer({ allowed: true, allows: [waiting, reason()] }), TEAM, undefined)).toMatchObject({ kind: "granted", reason: { grant: "grant_1" } });
  expect(verdictOf(answer({ allows: [waiting] }), TEAM, undefined).kind).toBe("factor");
});

test("a key may by itself, and nothing outside of its project or agent", () => {
  expect(verdictOf(answer({ allowed: true }), TEAM, key).kind).toBe("ownKey");
  expect(verdictOf(answer({}), { level: "project", project: "prj_2", name: "" }, key).kind).toBe("beyondProject");
  expect(verdictOf(answer({}), { level: "project", project: "prj_1", name: "" }, { ...key, agent: "triage" }).kind).toBe("beyondAgent");
});

test("where no grant names it, that is said", () => {
  expect(verdictOf(answer({}), TEAM, undefined).kind).toBe("nothing");
});
