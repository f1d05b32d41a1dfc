import { expect, test } from "vitest";
import { draftOf, isComplete, isFor, matches, wishOf } from "./ruleDraft";
import type { ToolRule } from "../shapes";

test("patterns mean what they mean to the hub", () => {
  expect([matches("git*", "github"), matches("git?ub", "github"), matches("git", "github"), matches("*", ""), matches("a.c", "abc"), matches("a[b]", "ab")]).toEqual([true, true, false, true, false, false]);
});

test("a new rule is for the tool that is looked at", () => {
  const wish = wishOf(draftOf(null, "files", "delete"), true);
  expect(wish).toMatchObject({ name: "files_delete", server: "files", tool: "delete", approval: null, calls_per_day: null, retries: 2 });
  expect(isFor({ ...wish, id: "", created_at: "" } as ToolRule, "files", "delete")).toBe(true);
});

test("a rule comes back as it was", () => {
  const rule = { ...wishOf({ ...draftOf(null, "a", "b"), needsApproval: true, persons: "2", calls_per_day: "5" }, false), id: "mcr_1", created_at: "" } as ToolRule;
  expect(wishOf(draftOf(rule, "", ""), rule.enabled)).toEqual({ ...rule, id: undefined, created_at: undefined });
});

test("what is no number is not sent", () => {
  expect(isComplete({ ...draftOf(null, "a", "b"), calls_per_day: "many" })).toBe(false);
});
