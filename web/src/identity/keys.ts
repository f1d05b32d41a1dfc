import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";
import type { ApiKey, CreatedKey, KeyScope } from "../api/types";

export type KeyWish = components["schemas"]["KeyWishShape"];
export type KeyChange = components["schemas"]["KeyChangeShape"];

export const SCOPES = ["ingest", "read", "gateway", "tools", "admin"] as const satisfies readonly KeyScope[];
/** How long two keys may work side by side, in seconds: from not at all to thirty days. */
export const OVERLAPS_S = [0, 3600, 86_400, 604_800, 2_592_000] as const;
const MOST_PAGES = 25;

/** Keys in use first, then the revoked ones; so the server sends them. */
export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => {
    const keys: ApiKey[] = [];
    let cursor = "";
    for (let page = 0; page < MOST_PAGES; page++) {
      const { items, next_cursor } = await request<{ items: ApiKey[]; next_cursor: string | null }>(address("/api/keys", { cursor }), { signal });
      keys.push(...items);
      if (!next_cursor) break;
      cursor = next_cursor;
    }
    return keys;
  },
});

/** A change of keys, after which the list is asked anew. */
export function useKeyChange<Wish, Answer>(change: (wish: Wish) => Promise<Answer>, done?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      done?.();
      return queries.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
}

export function useCreateKey() {
  return useKeyChange((wanted: KeyWish) => request<CreatedKey>("/api/keys", { method: "POST", json: wanted }));
}

export type KeyState = "working" | "ending" | "expired" | "revoked";

/** What has become of a key: one that was replaced works on until its end. */
export function stateOf(key: Pick<ApiKey, "revoked_at" | "expires_at" | "replaced_by">, now: number): KeyState {
  if (key.revoked_at !== null) return "revoked";
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now) return "expired";
  return key.replaced_by === null ? "working" : "ending";
}

/** Address ranges as they are typed: one in a line, or parted by commas and blanks. */
export function rangesOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}

/** The instant that a `datetime-local` field means where its reader is; null when it is empty. */
export function instantOfField(text: string): string | null {
  const instant = new Date(text);
  return text === "" || Number.isNaN(instant.getTime()) ? null : instant.toISOString();
}

/** And back: what the field shows for an instant. */
export function fieldOfInstant(instant: string | null): string {
  if (instant === null) return "";
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
