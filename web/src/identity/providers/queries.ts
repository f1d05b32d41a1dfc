import { queryOptions } from "@tanstack/react-query";
import { request } from "../../api/client";
import type { GithubApp, Provider, ProviderWish } from "../shapes";

export const providersQuery = queryOptions({
  queryKey: ["sign-in-providers"],
  queryFn: async ({ signal }) => (await request<{ items: Provider[] }>("/api/auth/providers", { signal })).items,
});

export const githubQuery = queryOptions({
  queryKey: ["sign-in-github"],
  queryFn: ({ signal }) => request<GithubApp>("/api/auth/github", { signal }),
});

/** Fetches a provider's description and keys at the server; raises the problem that says what is wrong with them. */
export const checkIssuer = (issuer: string): Promise<undefined> =>
  request<undefined>("/api/auth/providers/check", { method: "POST", json: { issuer } });

/** What the form edits. An empty secret leaves the one that is kept. */
export interface Draft {
  name: string;
  issuer: string;
  client_id: string;
  client_secret: string;
  scopes: string;
  domains: string;
  trusts_factor: boolean;
  trusts_email: boolean;
  enabled: boolean;
  /** Whether people without an account join the team of the session, and with which role. */
  joins_role: string;
}

export const NEW_DRAFT: Draft = {
  name: "", issuer: "", client_id: "", client_secret: "", scopes: "openid email profile", domains: "",
  trusts_factor: false, trusts_email: false, enabled: true, joins_role: "",
};

export function draftOf(provider: Provider): Draft {
  const { name, issuer, client_id, scopes, trusts_factor, trusts_email, enabled } = provider;
  return { name, issuer, client_id, scopes, trusts_factor, trusts_email, enabled, client_secret: "", domains: provider.domains.join(", "), joins_role: provider.joins_role ?? "" };
}

/** Names as they are typed: parted by commas, blanks or lines, with or without an @. */
export function domainsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).map((one) => one.replace(/^@/, "").toLowerCase()).filter(Boolean))].sort();
}

/** `teamId` is where people join; a provider that lets them into another team already keeps that one. */
export function wishOf(draft: Draft, before: Provider | null, teamId: string): ProviderWish {
  return {
    kind: "oidc",
    name: draft.name.trim(),
    issuer: draft.issuer.trim(),
    client_id: draft.client_id.trim(),
    client_secret: draft.client_secret === "" ? null : draft.client_secret,
    team_id: before?.team_id ?? null,
    scopes: draft.scopes.trim(),
    trusts_factor: draft.trusts_factor,
    trusts_email: draft.trusts_email,
    domains: domainsOf(draft.domains),
    joins_team: draft.joins_role === "" ? null : draft.joins_role === before?.joins_role ? before.joins_team : teamId,
    joins_role: draft.joins_role === "" ? null : draft.joins_role,
    enabled: draft.enabled,
  };
}

export type Field = keyof Draft;

/** The fields in which two drafts differ, in the order of the form; lists by what they hold. */
export function changedFields(before: Draft, after: Draft): Field[] {
  const plain = (draft: Draft, field: Field) => (field === "domains" ? domainsOf(draft.domains).join(", ") : typeof draft[field] === "string" ? draft[field].trim() : draft[field]);
  return (Object.keys(NEW_DRAFT) as Field[]).filter((field) => plain(before, field) !== plain(after, field));
}
