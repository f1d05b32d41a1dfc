/*
 * What a page shows stands in its address: the range of time, the filters, the search, the chosen view.
 * So a link shows the same thing to the next person, and the back button undoes a filter.
 */

import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Query } from "../api/client";
import type { TimeRange } from "../format/time";

export type Search = Record<string, string | string[] | undefined>;

export const DEFAULT_RANGE: TimeRange = { from: "-24h", to: "now" };
/** Dimensions that filter, in the order of the menu; `tag:NAME` comes on top. */
export const DIMENSIONS = ["model", "provider", "user", "agent", "session", "environment", "api_key"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = search[name];
    if (before === undefined) search[name] = value;
    else search[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return search;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value)) for (const one of value) parameters.append(name, String(one));
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") parameters.append(name, String(value));
  }
  // A colon needs no escape in a query, and `tag:team=search` reads better with it.
  const text = parameters.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The filters of an address: only what is set, tags by their `tag:NAME`. */
export function filtersOf(search: Search): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(search)) {
    const isDimension = (DIMENSIONS as readonly string[]).includes(name) || name.startsWith("tag:");
    if (isDimension && value !== undefined) filters[name] = listOf(value);
  }
  return filters;
}

export interface Address {
  range: TimeRange;
  filters: Record<string, string[]>;
  /** One plain value of the address, such as the search text or the chosen view. */
  value: (name: string) => string;
  /** All values of a name that may stand there several times. */
  values: (name: string) => string[];
  /** Changes values; undefined removes one. Typing replaces the entry of the history, a choice adds one. */
  set: (changes: Search, options?: { replace?: boolean }) => void;
  /** Range and filters as the parameters of a request. */
  query: Query;
}

export function useAddress(): Address {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (changes: Search, options: { replace?: boolean } = {}) => {
      void navigate({
        to: ".",
        search: ((before: Search) => ({ ...before, ...changes })) as never,
        replace: options.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return useMemo(() => {
    const plain = (name: string) => listOf(search[name])[0] ?? "";
    const range = { from: plain("from") || DEFAULT_RANGE.from, to: plain("to") || DEFAULT_RANGE.to };
    const filters = filtersOf(search);
    return { range, filters, value: plain, values: (name: string) => listOf(search[name]), set, query: { ...range, ...filters } };
  }, [search, set]);
}

/** What a link to another page takes along. */
export function keepRange(search: Search): Search {
  return { from: search["from"], to: search["to"] };
}
