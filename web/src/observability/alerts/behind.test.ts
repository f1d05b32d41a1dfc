import { expect, test } from "vitest";
import { behindAlert } from "./behind";
import type { Alert, Rule } from "./shapes";

const ALERT: Alert = {
  id: "alt_1", of: "project", rule: "alr_1", rule_name: "x", measure: "cost", severity: "warning", group: "", labels: {}, state: "resolved",
  started_at: "2026-11-10T12:00:00Z", updated_at: "2026-11-10T13:00:00Z", value: "1", peak: "2", threshold: "1", resolved_at: "2026-11-10T13:00:00Z", resolved_by: "",
  acknowledged_at: null, acknowledged_by: "", told_steps: 1,
};
const RULE = { window_s: 600, matches: { provider: ["openai"], model: ["a", "b"] }, group_by: "model" } as unknown as Rule;

test("the costs page opens with the range and the filters of the alert", () => {
  expect(behindAlert({ ...ALERT, group: "a" }, RULE, 0)).toEqual({ to: "/costs", search: { from: "2026-11-10T10:00:00Z", to: "2026-11-10T13:05:00Z", provider: ["openai"], model: ["a"] } });
});

test("what budgets and anomalies tell of has pages of its own", () => {
  expect(behindAlert({ ...ALERT, measure: "budget_share", group: "bud_7 ann" }, RULE, 0)).toEqual({ to: "/costs/budgets", search: { budget: "bud_7" } });
  expect(behindAlert({ ...ALERT, measure: "anomalies" }, null, 0).to).toBe("/costs/anomalies");
});

test("failures of a tool are looked at among its traces", () => {
  const rule = { window_s: 300, matches: { server: ["up"] }, group_by: "tool" } as unknown as Rule;
  expect(behindAlert({ ...ALERT, measure: "tool_errors", group: "echo" }, rule, 0)).toEqual({
    to: "/monitor/traces", search: { from: "2026-11-10T11:00:00Z", to: "2026-11-10T13:05:00Z", operation: "execute_tool", status: "error", tool: ["echo"] },
  });
});
