/* A rule while it is edited: numbers as they are typed, and what of it goes to the server. */

import { type Condition, isRate, isTold, MAX_MINUTES, type Measure, type PreviewWish, type Rule, type RuleWish, type Severity } from "./shapes";

export interface StepDraft {
  after: string;
  channels: string[];
}

export interface Draft {
  name: string;
  of: "project" | "team";
  enabled: boolean;
  severity: Severity;
  measure: Measure;
  comparison: Rule["comparison"];
  threshold: string;
  clear: string;
  window_s: number;
  for_s: number;
  clear_after_s: number;
  quantile: number;
  minimum_calls: string;
  budget: string;
  conditions: Condition[];
  group_by: string;
  steps: StepDraft[];
  repeat: string;
}

const IS_AMOUNT = /^\d+(\.\d{1,9})?$/;
const DEFAULT_WINDOW_S = 300;
const DEFAULT_QUANTILE = 95;

export function draftOf(rule: Rule): Draft {
  return newDraft(rule.name, rule);
}

export function newDraft(name: string, wish: Omit<RuleWish, "name">): Draft {
  const { threshold, clear = null } = wish;
  return {
    name,
    of: wish.of ?? "project",
    enabled: wish.enabled ?? true,
    severity: wish.severity ?? "warning",
    measure: wish.measure,
    comparison: wish.comparison ?? "above",
    threshold: String(threshold),
    clear: clear === null || Number(clear) === Number(threshold) ? "" : String(clear),
    window_s: wish.window_s ?? DEFAULT_WINDOW_S,
    for_s: wish.for_s ?? 0,
    clear_after_s: wish.clear_after_s ?? 0,
    quantile: wish.quantile || DEFAULT_QUANTILE,
    minimum_calls: String(wish.minimum_calls ?? 0),
    budget: wish.budget ?? "",
    conditions: Object.entries(wish.matches ?? {}).map(([dimension, values]) => ({ dimension, values })),
    group_by: wish.group_by ?? "",
    steps: (wish.steps ?? []).map(({ after_minutes = 0, channels }) => ({ after: String(after_minutes), channels })),
    repeat: String(wish.repeat_minutes ?? 0),
  };
}

const isAmount = (text: string) => IS_AMOUNT.test(text.trim());
const isMinutes = (text: string) => /^\d+$/.test(text.trim()) && Number(text) <= MAX_MINUTES;

/** What is wrong with a part of the draft, by its name; the words for it are `alerts.fault.NAME`. */
export function faultsOf(draft: Draft): Partial<Record<"threshold" | "clear" | "minimum_calls" | "steps" | "repeat", true>> {
  const [threshold, clear] = [Number(draft.threshold), draft.clear.trim() === "" ? Number(draft.threshold) : Number(draft.clear)];
  const isBeyond = draft.comparison === "above" ? clear > threshold : clear < threshold;
  const minutes = draft.steps.map(({ after }) => (isMinutes(after) ? Number(after) : Number.NaN));
  const isLater = minutes.every((each, place) => (place === 0 ? each === 0 : each > (minutes[place - 1] ?? 0)));
  return {
    ...(isAmount(draft.threshold) && threshold > 0 ? {} : { threshold: true }),
    ...((draft.clear.trim() === "" || isAmount(draft.clear)) && !isBeyond ? {} : { clear: true }),
    ...(/^\d*$/.test(draft.minimum_calls.trim()) ? {} : { minimum_calls: true }),
    ...(isLater && draft.steps.every(({ channels }) => channels.length > 0) ? {} : { steps: true }),
    ...(isMinutes(draft.repeat) ? {} : { repeat: true }),
  };
}

/** The comparison alone, which can be previewed; only the parts that the measure takes. */
export function termsOf(draft: Draft): PreviewWish {
  const { measure } = draft;
  const told = isTold(measure);
  return {
    of: draft.of,
    measure,
    comparison: told ? "above" : draft.comparison,
    threshold: draft.threshold.trim(),
    clear: draft.clear.trim() || null,
    window_s: draft.window_s,
    for_s: told ? 0 : draft.for_s,
    clear_after_s: draft.clear_after_s,
    quantile: measure === "latency" ? draft.quantile : 0,
    minimum_calls: isRate(measure) ? Number(draft.minimum_calls) : 0,
    budget: measure === "budget_share" && draft.budget !== "" ? draft.budget : null,
    matches: measure === "budget_share" ? {} : Object.fromEntries(draft.conditions.filter(({ values }) => values.length > 0).map(({ dimension, values }) => [dimension, values])),
    group_by: told ? "" : draft.group_by,
  };
}

/** All of it; a new rule says of whom it is, a changed one on which version it is based. */
export function wishOf(draft: Draft, rule: Rule | null): Record<string, unknown> {
  const { of, ...terms } = termsOf(draft);
  return {
    ...terms,
    ...(rule ? { version: rule.version } : { of }),
    name: draft.name.trim(),
    enabled: draft.enabled,
    severity: draft.severity,
    steps: draft.steps.map(({ after, channels }) => ({ after_minutes: Number(after), channels })),
    repeat_minutes: Number(draft.repeat),
  };
}
