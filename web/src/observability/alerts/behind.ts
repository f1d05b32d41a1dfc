/* The page on which the calls behind an alert are seen, with its range and filters in the address. */

import { iso } from "../../format/time";
import type { Search } from "../../shell/address";
import { type Alert, isOfTools, type Rule } from "./shapes";

const HOUR_MS = 3_600_000;
const AFTER_MS = 300_000;
const WINDOWS_BEFORE = 12;

type Behind = { to: "/costs" | "/costs/budgets" | "/costs/anomalies" | "/monitor/traces"; search: Search };

export function behindAlert(alert: Alert, rule: Rule | null, now: number): Behind {
  if (alert.measure === "budget_share") return { to: "/costs/budgets", search: { budget: alert.group.split(" ")[0] } };
  if (alert.measure === "anomalies") return { to: "/costs/anomalies", search: {} };
  const before = Math.max(HOUR_MS, (rule?.window_s ?? 0) * 1000 * WINDOWS_BEFORE);
  const end = alert.resolved_at ? Date.parse(alert.resolved_at) + AFTER_MS : now;
  const search: Search = { from: iso(Date.parse(alert.started_at) - before), to: iso(end) };
  for (const [dimension, values] of Object.entries(rule?.matches ?? {})) if (dimension !== "project") search[dimension] = values;
  if (rule && rule.group_by !== "" && rule.group_by !== "project") search[rule.group_by] = [alert.group];
  if (isOfTools(alert.measure)) return { to: "/monitor/traces", search: { from: search["from"], to: search["to"], operation: "execute_tool", status: "error", tool: search["tool"] } };
  const metrics = { calls: "calls", tokens: "tokens", errors: "errors", error_rate: "errors", latency: "latency" } as const;
  if (alert.measure in metrics) search["metric"] = metrics[alert.measure as keyof typeof metrics];
  return { to: "/costs", search };
}
