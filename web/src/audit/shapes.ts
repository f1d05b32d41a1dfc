/* The audit log as the server tells of it: a chain for the team, and one for what belongs to no team. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, type Query, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Entry = Schemas["mno__audit__schemas__EntryShape"];
export type EntryPage = Schemas["EntryPage"];
export type Report = Schemas["VerificationReport"];
export type Verification = Schemas["VerificationShape"];
export type Stream = Schemas["StreamShape"];
export type CreatedStream = Schemas["CreatedStream"];
export type DeadLetter = Schemas["DeadLetterShape"];

export const CHAINS = ["team", "hub"] as const;
export type Chain = (typeof CHAINS)[number];
export const OUTCOMES = ["done", "refused", "failed"] as const;
/** Filters that are typed; they stand in the address under these names. */
export const TYPED = ["actor", "action", "resource", "trace_id"] as const;

const PAGE_SIZE = 50;
const POLL_MS = 700;
const STREAM_POLL_MS = 5000;

export function roomOf(chain: Chain): string {
  return chain === "hub" ? "/api/audit/hub" : "/api/audit";
}

export function entriesQuery(chain: Chain, query: Query) {
  return infiniteQueryOptions({
    queryKey: ["audit", chain, "entries", query],
    queryFn: ({ pageParam, signal }) => request<EntryPage>(address(`${roomOf(chain)}/logs`, { ...query, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function entryQuery(chain: Chain, id: string) {
  return queryOptions({
    queryKey: ["audit", chain, "entry", id],
    queryFn: ({ signal }) => request<Entry>(`${roomOf(chain)}/logs/${id}`, { signal }),
    staleTime: Infinity,
  });
}

export function verificationQuery(chain: Chain) {
  return queryOptions({
    queryKey: ["audit", chain, "verification"],
    queryFn: ({ signal }) => request<Report>(`${roomOf(chain)}/verification`, { signal }),
    refetchInterval: (query) => (query.state.data?.items.some((each) => each.is_running) ? POLL_MS : false),
  });
}

export function streamsQuery(chain: Chain) {
  return queryOptions({
    queryKey: ["audit", chain, "streams"],
    queryFn: ({ signal }) => request<{ items: Stream[] }>(`${roomOf(chain)}/streams`, { signal }),
    refetchInterval: STREAM_POLL_MS,
  });
}
