/* The ways in that are open here, and how a journey to a provider begins. */

import { queryOptions } from "@tanstack/react-query";
import { request } from "../../api/client";
import type { Methods } from "../shapes";

export const methodsQuery = queryOptions({
  queryKey: ["sign-in-methods"],
  queryFn: ({ signal }) => request<Methods>("/api/auth/methods", { signal }),
  staleTime: 60_000,
});

interface Journey {
  returnTo: string;
  /** Links the account to who is signed in, instead of signing in. */
  link?: boolean;
}

/** Where the browser goes to sign in elsewhere; `provider` is `github` or a provider's id. */
export function startOf(provider: string, { returnTo, link = false }: Journey): string {
  const path = provider === "github" ? "/api/auth/github/start" : `/api/auth/oidc/${encodeURIComponent(provider)}/start`;
  return `${path}?${new URLSearchParams({ return_to: returnTo, ...(link ? { link: "true" } : {}) }).toString()}`;
}

/** The page that was wanted, as an address of ours. */
export function here(): string {
  return window.location.pathname + window.location.search + window.location.hash;
}
