/* The authorization server as its pages ask it: what a client wants, and the clients that one has connected. */

import { queryOptions } from "@tanstack/react-query";
import { request } from "../api/client";
import type { components } from "../api/schema";
import type { Search } from "../shell/address";

type Schemas = components["schemas"];

export type Authorization = Schemas["AuthorizationShape"];
export type OauthGrant = Schemas["OauthGrantShape"];
type Asked = Record<(typeof NAMES)[number], string>;

const NAMES = ["client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "scope", "state", "resource"] as const;

/** What a client wrote into the address. A parameter that comes twice counts as none, as the standard has it. */
export function askedIn(search: Search): Asked {
  const entries = NAMES.map((name) => [name, typeof search[name] === "string" ? search[name] : ""]);
  return Object.fromEntries(entries) as Asked;
}

export function authorizationQuery(asked: Asked, place: string) {
  return queryOptions({
    // What is shown holds for the place in which the person acts.
    queryKey: ["oauth-authorization", asked, place],
    queryFn: ({ signal }) => request<Authorization>(`/api/oauth/authorization?${new URLSearchParams(asked).toString()}`, { signal }),
    staleTime: Infinity,
    retry: false,
  });
}

export const grantsQuery = queryOptions({
  queryKey: ["oauth-grants"],
  queryFn: async ({ signal }) => (await request<{ items: OauthGrant[] }>("/api/oauth/grants", { signal })).items,
});

/** Where an answer goes, as a person recognises it: a site's name, this computer, or an app. */
export function targetOf(uri: string): { kind: "site" | "computer" | "app"; name: string } {
  const parts = new URL(uri);
  if (parts.protocol === "https:") return { kind: "site", name: parts.host };
  if (parts.protocol === "http:") return { kind: "computer", name: parts.hostname };
  return { kind: "app", name: parts.protocol.slice(0, -1) };
}
