/* The gateway's setup as the server tells of it, and the limits that the server keeps (docs/reference/limits.md). */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import type { components } from "../api/schema";
import type { ApiKey } from "../api/types";

type Schemas = components["schemas"];
export type Provider = Schemas["GatewayProviderShape"];
export type ProviderWish = Schemas["ProviderWishShape"];
export type Kind = Schemas["ProviderKind"];
export type Alias = Schemas["AliasShape"];
export type AliasWish = Schemas["AliasWishShape"];
export type Target = Schemas["TargetShape"];
export type Policy = Schemas["PolicyShape"];
export type PolicyWish = Schemas["PolicyWishShape"];
export type TargetHealth = Schemas["TargetHealth"];

/** A key that may call models, its limits where it has some; `key` is unknown to who may not see keys. */
export interface LimitedKey {
  id: string;
  name: string;
  key: ApiKey | undefined;
  policy: Policy | undefined;
}

export const MAX_RETRIES = 5;
export const MAX_TIMEOUT_S = 3600;
export const MAX_CACHE_S = 86_400;
export const MAX_WEIGHT = 1_000_000;
export const MAX_TARGETS = 16;
export const MAX_KEY_LIMIT = 10 ** 12;
const HEALTH_EVERY_MS = 5000;
const GATEWAY = "gateway";

interface Listed<Item> {
  items: Item[];
}

export const providersQuery = queryOptions({
  queryKey: [GATEWAY, "providers"],
  queryFn: ({ signal }) => request<Listed<Provider>>("/api/gateway/providers", { signal }),
  select: ({ items }) => items,
});

export const aliasesQuery = queryOptions({
  queryKey: [GATEWAY, "models"],
  queryFn: ({ signal }) => request<Listed<Alias>>("/api/gateway/models", { signal }),
  select: ({ items }) => items,
});

export const policiesQuery = queryOptions({
  queryKey: [GATEWAY, "keys"],
  queryFn: ({ signal }) => request<Listed<Policy>>("/api/gateway/keys", { signal }),
  select: ({ items }) => items,
});

export const healthQuery = queryOptions({
  queryKey: [GATEWAY, "health"],
  queryFn: ({ signal }) => request<{ failing: TargetHealth[] }>("/api/gateway/health", { signal }),
  select: ({ failing }) => failing,
  refetchInterval: HEALTH_EVERY_MS,
});

/** A change of the setup, after which all of it is asked anew: names, limits and health speak of providers. */
export function useGatewayChange<Wish = void>(change: (wish: Wish) => Promise<unknown>, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      done();
      return queries.invalidateQueries({ queryKey: [GATEWAY] });
    },
  });
}

/** Keys that may call models: those of the scope, those that may everything, and those with the single permission. */
export function mayCall({ scopes, permissions }: Pick<ApiKey, "scopes" | "permissions">): boolean {
  return scopes.includes("gateway") || scopes.includes("admin") || permissions.includes("models.call");
}

/** Kinds speak alike where their requests are the same; a name stands for models of one speech only. */
export const speechOf = (kind: Kind): Kind => (kind === "openai-compatible" ? "openai" : kind);
