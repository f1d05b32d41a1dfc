/* A rule for tools while it is edited: everything as text; and which tools it is for. */

import { type Translate } from "../../i18n/language";
import { changesOf, type Part } from "../../ui/changes";
import type { Changed } from "../../ui/Differences";
import { wholeNumber } from "../../ui/WholeNumber";
import { MAX_APPROVAL_S, MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES, MAX_TOOL_QUOTA, MAX_TOOL_RETRIES, MIN_APPROVAL_S, type ToolRule, type ToolRuleWish } from "../shapes";

export const LIMITS = { calls_per_minute: MAX_CALLS_PER_MINUTE, concurrent_calls: MAX_CONCURRENT_CALLS, calls_per_day: MAX_TOOL_QUOTA, calls_per_month: MAX_TOOL_QUOTA, result_bytes: MAX_RESULT_BYTES } as const;
export type LimitName = keyof typeof LIMITS;
export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[];
export const SWITCHES = ["idempotent", "trusts_hints", "records_arguments", "records_results"] as const;

export type Draft = Record<LimitName, string> & Record<(typeof SWITCHES)[number], boolean> & {
  name: string;
  server: string;
  tool: string;
  counted_by: ToolRule["counted_by"];
  retries: string;
  needsApproval: boolean;
  persons: "1" | "2";
  lifetime_s: string;
  on_expiry: "allow" | "deny";
  channels: string[];
};

/** A new rule is for one tool, as it stands in the list. */
export function draftOf(rule: ToolRule | null, server: string, tool: string): Draft {
  const limit = (name: LimitName) => String(rule?.[name] ?? "");
  return {
    name: rule?.name ?? `${server}_${tool}`.slice(0, 100), server: rule?.server ?? server, tool: rule?.tool ?? tool, counted_by: rule?.counted_by ?? "all",
    calls_per_minute: limit("calls_per_minute"), concurrent_calls: limit("concurrent_calls"), calls_per_day: limit("calls_per_day"), calls_per_month: limit("calls_per_month"), result_bytes: limit("result_bytes"),
    idempotent: rule?.idempotent ?? false, trusts_hints: rule?.trusts_hints ?? false, records_arguments: rule?.records_arguments ?? false, records_results: rule?.records_results ?? false,
    retries: String(rule?.retries ?? 2), needsApproval: rule !== null && rule.approval !== null, persons: rule?.approval?.persons === 2 ? "2" : "1",
    lifetime_s: String(rule?.approval?.lifetime_s ?? 3600), on_expiry: rule?.approval?.on_expiry ?? "deny", channels: rule?.approval?.channels ?? [],
  };
}

const limitOf = (draft: Draft, name: LimitName) => wholeNumber(draft[name], 1, LIMITS[name]);

export function wishOf(draft: Draft, enabled: boolean): ToolRuleWish {
  const { name, server, tool, counted_by, idempotent, trusts_hints, records_arguments, records_results } = draft;
  return {
    name: name.trim(), server: server.trim(), tool: tool.trim(), enabled, counted_by, idempotent, trusts_hints, records_arguments, records_results,
    ...Object.fromEntries(LIMIT_NAMES.map((each) => [each, limitOf(draft, each)])),
    retries: wholeNumber(draft.retries, 0, MAX_TOOL_RETRIES) ?? 0,
    approval: draft.needsApproval ? { persons: Number(draft.persons), lifetime_s: wholeNumber(draft.lifetime_s, MIN_APPROVAL_S, MAX_APPROVAL_S) ?? 3600, on_expiry: draft.on_expiry, channels: draft.channels } : null,
  };
}

export function isComplete(draft: Draft): boolean {
  const numbers = [...LIMIT_NAMES.map((name) => limitOf(draft, name)), wholeNumber(draft.retries, 0, MAX_TOOL_RETRIES), wholeNumber(draft.lifetime_s, MIN_APPROVAL_S, MAX_APPROVAL_S)];
  return [draft.name, draft.server, draft.tool].every((text) => text.trim() !== "") && !numbers.some(Number.isNaN);
}

/** As the hub reads patterns: `*` stands for any characters, `?` for one. */
export function matches(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(name);
}

export const isFor = (rule: ToolRule, server: string, tool: string): boolean => matches(rule.server, server) && matches(rule.tool, tool);

/** What a rule says, each part as it reads. */
export function differenceOf(before: Draft, after: Draft, t: Translate, channelName: (id: string) => string): Changed[] {
  const yes = (value: boolean) => t(value ? "rules.yes" : "rules.no");
  const parts: Part<Draft>[] = [
    { key: "name", title: t("rules.name"), text: ({ name }) => name.trim() },
    { key: "server", title: t("mcp.name"), text: ({ server }) => server.trim() },
    { key: "tool", title: t("tools.tool"), text: ({ tool }) => tool.trim() },
    { key: "counted", title: t("rules.counted_by"), text: ({ counted_by }) => t(`rules.counted.${counted_by}`) },
    ...LIMIT_NAMES.map((name) => ({ key: name, title: t(`rules.${name}`), text: (each: Draft) => each[name].trim() || t("gateway.noLimit") })),
    { key: "retries", title: t("rules.retries"), text: ({ retries }) => retries.trim() },
    ...SWITCHES.map((name) => ({ key: name, title: t(`rules.${name}`), text: (each: Draft) => yes(each[name]) })),
    { key: "approval", title: t("rules.approval"), text: (each) => (each.needsApproval ? [t("rules.persons", { count: Number(each.persons) }), `${each.lifetime_s.trim()} s`, t(`rules.expiry.${each.on_expiry}`), ...each.channels.map(channelName)].join("\n") : yes(false)) },
  ];
  return changesOf(before, after, parts);
}
