import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import type { ApiKey, CreatedKey, Scope } from "../api/types";

export const SCOPES = ["ingest", "read", "admin"] as const satisfies readonly Scope[];

/** Keys in use first, then the revoked ones. */
export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => {
    const { items } = await request<{ items: ApiKey[] }>("/api/keys", { signal });
    return [...items].sort((left, right) => Number(left.revoked_at !== null) - Number(right.revoked_at !== null));
  },
});

export function useCreateKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: { name: string; scopes: Scope[] }) => request<CreatedKey>("/api/keys", { method: "POST", json: wanted }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
}
