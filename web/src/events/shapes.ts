/* Value events as the server tells of them, and the cards in which the page shows them. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { address, type Query, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type ValueEvent = Schemas["EventShape"];
export type EventKind = Schemas["EventKind"];
export type EventSeverity = Schemas["EventSeverity"];
export type EventOutcome = Schemas["EventOutcome"];
export type EventAction = Schemas["EventAction"];
export type EventPage = Schemas["EventList"];
export type Told = Schemas["CardShape"];

export const KINDS = [
  "approval.request", "anomaly.detected", "recovery.start", "recovery.done", "task.acceptance", "task.progress.milestone", "task.receipt",
] as const satisfies readonly EventKind[];
export const SEVERITIES = ["critical", "warning", "info"] as const satisfies readonly EventSeverity[];

const PAGE_SIZE = 50;

/** What happened, the newest first, page by page. */
export function eventsQuery(asked: Query) {
  return infiniteQueryOptions({
    queryKey: ["events", asked],
    queryFn: ({ pageParam, signal }) => request<EventPage>(address("/api/events", { ...asked, before: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_before,
  });
}
