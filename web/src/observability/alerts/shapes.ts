/* Alerts, rules and silences as the server tells of them. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type Alert = Schemas["AlertShape"];
export type AlertDetail = Schemas["AlertDetail"];
export type AlertPoint = Schemas["AlertPoint"];
export type AlertEvent = Schemas["AlertEventShape"];
export type AlertState = Schemas["AlertState"];
export type Severity = Schemas["AlertSeverity"];
export type Measure = Schemas["AlertMeasure"];
export type Rule = Schemas["AlertRuleShape"];
export type RuleWish = Schemas["AlertRuleWish"];
export type PreviewWish = Schemas["AlertPreviewWish"];
export type Preview = Schemas["AlertPreviewShape"];
export type Step = Schemas["EscalationStep"];
export type Silence = Schemas["SilenceShape"];
export type SilenceWish = Schemas["SilenceWish"];

export const MEASURES = ["cost", "calls", "errors", "error_rate", "latency", "tokens", "budget_share", "anomalies", "tool_errors", "tool_error_rate"] as const satisfies readonly Measure[];
export const SEVERITIES = ["critical", "warning", "info"] as const satisfies readonly Severity[];
export const STATES = ["firing", "acknowledged", "resolved"] as const satisfies readonly AlertState[];
export const MAX_STEPS = 5;
export const MAX_MINUTES = 7 * 24 * 60;
export const MAX_REASON_CHARACTERS = 500;

/** Accepted values of one dimension. */
export interface Condition {
  dimension: string;
  values: string[];
}

const ALERTS = "alerts";
const LIVE_EVERY_MS = 5000;
const PICTURE_EVERY_MS = 30_000;
const PAGE_SIZE = 50;
const MOST_LIVE = 200;

interface Listed<Item> {
  items: Item[];
}

/** Told when it happens, by budgets and by anomaly detection, instead of being read from usage. */
export const isTold = (measure: Measure): boolean => measure === "budget_share" || measure === "anomalies";

/** Means over calls, which say nothing where there are too few. */
export const isRate = (measure: Measure): boolean => measure === "error_rate" || measure === "latency" || measure === "tool_error_rate";

/** Of tools that are called through the hub, which are told apart by other things than calls of models. */
export const isOfTools = (measure: Measure): boolean => measure === "tool_errors" || measure === "tool_error_rate";

export function openAlertsQuery(state: "firing" | "acknowledged") {
  return queryOptions({
    queryKey: [ALERTS, "open", state],
    queryFn: ({ signal }) => request<Listed<Alert>>(address("/api/alerts", { state, limit: MOST_LIVE }), { signal }),
    select: ({ items }) => items,
    refetchInterval: LIVE_EVERY_MS,
  });
}

export function historyQuery(state: string, rule: string) {
  return infiniteQueryOptions({
    queryKey: [ALERTS, "history", state, rule],
    queryFn: ({ pageParam, signal }) => request<Schemas["AlertList"]>(address("/api/alerts", { state, rule, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function alertQuery(id: string) {
  return queryOptions({
    queryKey: [ALERTS, "one", id],
    queryFn: ({ signal }) => request<AlertDetail>(`/api/alerts/${id}`, { signal }),
    refetchInterval: PICTURE_EVERY_MS,
  });
}

export const rulesQuery = queryOptions({
  queryKey: [ALERTS, "rules"],
  queryFn: ({ signal }) => request<Listed<Rule>>("/api/alerts/rules", { signal }),
  select: ({ items }) => items,
});

export const silencesQuery = queryOptions({
  queryKey: [ALERTS, "silences"],
  queryFn: ({ signal }) => request<Listed<Silence>>("/api/alerts/silences", { signal }),
  select: ({ items }) => items,
  refetchInterval: PICTURE_EVERY_MS,
});

export function previewQuery(wish: PreviewWish | null) {
  return queryOptions({
    queryKey: ["alert-preview", wish],
    queryFn: ({ signal }) => request<Preview>("/api/alerts/rules/preview", { method: "POST", json: wish, signal }),
    enabled: wish !== null,
    retry: false,
    gcTime: PICTURE_EVERY_MS,
  });
}

/** A change, after which everything about alerts is asked anew: rules, silences and alerts speak of each other. */
export function useAlertChange<Wish = void>(change: (wish: Wish) => Promise<unknown>, done?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      done?.();
      return queries.invalidateQueries({ queryKey: [ALERTS] });
    },
  });
}

const RANK: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** What nobody has taken on comes first, the gravest of it on top, the newest among equals. */
export function byUrgency(left: Alert, right: Alert): number {
  const taken = Number(left.state !== "firing") - Number(right.state !== "firing");
  return taken || RANK[left.severity] - RANK[right.severity] || Date.parse(right.started_at) - Date.parse(left.started_at);
}
