/* The runtime environment as the server tells of it: names and purposes; values of variables only. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Entry = Schemas["mno__secrets__schemas__EntryShape"];
export type Scope = Schemas["mno__secrets__schemas__ScopeShape"];
export type EntryList = Schemas["EntryList"];
export type Change = Schemas["ChangeShape"];
export type EntryHistory = Schemas["HistoryShape"];
export type Protection = Schemas["ProtectionShape"];
export type Rotation = Schemas["RotationShape"];

export const SCOPES = ["team", "project", "agent", "task"] as const;
export type ScopeLevel = (typeof SCOPES)[number];
export const KINDS = ["secret", "variable"] as const;
export type Kind = (typeof KINDS)[number];

const PAGE_SIZE = 100;
const ROTATION_POLL_MS = 1000;

export function entriesQuery(kind: Kind, level: ScopeLevel | "", project: string) {
  return infiniteQueryOptions({
    queryKey: ["runtime", "entries", kind, level, project],
    queryFn: ({ pageParam, signal }) => request<EntryList>(address("/api/config/runtime", { kind, level, project, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function entryHistoryQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["runtime", "history", id],
    queryFn: ({ pageParam, signal }) => request<EntryHistory>(address(`/api/config/runtime/${id}/history`, { cursor: pageParam }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function protectionQuery(project: string) {
  return queryOptions({
    queryKey: ["runtime", "protection", project],
    queryFn: ({ signal }) => request<Protection>(address("/api/config/runtime/protection", { project }), { signal }),
  });
}

export const rotationsQuery = queryOptions({
  queryKey: ["runtime", "rotations"],
  queryFn: ({ signal }) => request<{ items: Rotation[] }>("/api/config/runtime/rotations", { signal }),
  refetchInterval: (query) => (query.state.data?.items.some(({ state }) => state === "running") ? ROTATION_POLL_MS : false),
});
