import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "./client";
import type { CurrencySettings, Dimensions, Session } from "./types";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => request<Session>("/api/auth/session", { signal }),
  staleTime: 60_000,
  retry: (attempts, failure) => attempts < 2 && "status" in failure && failure.status === 0,
});

export const currencyQuery = queryOptions({
  queryKey: ["currency"],
  queryFn: ({ signal }) => request<CurrencySettings>("/api/currency", { signal }),
  staleTime: 60_000,
});

export function dimensionsQuery(range: { from: string; to: string }) {
  return queryOptions({
    queryKey: ["dimensions", range],
    queryFn: ({ signal }) => request<Dimensions>(`/api/usage/dimensions?from=${range.from}&to=${range.to}`, { signal }),
    staleTime: 60_000,
  });
}

/** True where the session may do what the permission names; pages hide what it may not. */
export function useMay(permission: string): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.permissions.includes(permission) ?? false;
}

/** The same for the whole team: what belongs to no project takes the permission there. */
export function useMayInTeam(permission: string): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.team_permissions.includes(permission) ?? false;
}
