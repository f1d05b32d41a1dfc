import { expect, test } from "vitest";
import { draftOf, faultsOf, newDraft, termsOf, wishOf } from "./ruleDraft";
import type { Rule } from "./shapes";

const RULE: Rule = {
  id: "alr_1", of: "project", name: "Spend", enabled: true, measure: "cost", comparison: "above", threshold: "5", clear: "4", window_s: 86_400, for_s: 0,
  clear_after_s: 0, quantile: 0, minimum_calls: 0, budget: null, matches: { model: ["gpt-4o", "o3"] }, group_by: "", severity: "critical",
  steps: [{ after_minutes: 0, channels: ["chn_1"] }, { after_minutes: 30, channels: ["chn_2"] }], repeat_minutes: 60, version: 3,
  created_at: "", created_by: "", changed_at: "", changed_by: "", open: 0,
};

test("a rule survives being opened and saved", () => {
  expect(wishOf(draftOf(RULE), RULE)).toEqual({
    measure: "cost", comparison: "above", threshold: "5", clear: "4", window_s: 86_400, for_s: 0, clear_after_s: 0, quantile: 0, minimum_calls: 0, budget: null,
    matches: RULE.matches, group_by: "", name: "Spend", enabled: true, severity: "critical", steps: RULE.steps, repeat_minutes: 60, version: 3,
  });
});

test("what the measure does not take is not sent", () => {
  const draft = { ...draftOf(RULE), measure: "budget_share" as const, for_s: 60, group_by: "model", minimum_calls: "5", budget: "bud_1" };
  expect(termsOf(draft)).toMatchObject({ for_s: 0, group_by: "", minimum_calls: 0, quantile: 0, matches: {}, budget: "bud_1" });
  expect(termsOf({ ...draft, measure: "latency" })).toMatchObject({ quantile: 95, minimum_calls: 5, group_by: "model", budget: null });
});

test("a clear line on the wrong side of the threshold is a fault", () => {
  const draft = newDraft("x", { measure: "cost", threshold: "5", clear: "6" });
  expect(faultsOf(draft)).toEqual({ clear: true });
  expect(faultsOf({ ...draft, comparison: "below" })).toEqual({});
  expect(faultsOf({ ...draft, threshold: "0", clear: "" })).toEqual({ threshold: true });
});

test("steps tell somebody, the first at once and each later than the one before", () => {
  const draft = newDraft("x", { measure: "cost", threshold: "5" });
  const steps = (...after: string[]) => ({ ...draft, steps: after.map((each) => ({ after: each, channels: ["chn_1"] })) });
  expect(faultsOf(steps("0", "30"))).toEqual({});
  for (const wrong of [steps("5"), steps("0", "0"), steps("0", "30", "30"), steps("0", "soon"), { ...draft, steps: [{ after: "0", channels: [] }] }]) expect(faultsOf(wrong)).toEqual({ steps: true });
});
