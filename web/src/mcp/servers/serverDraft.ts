/* A server while it is edited: everything as text, secrets only where they are given anew. */

import { useCallback } from "react";
import { useWords } from "../../i18n/language";
import { changesOf, type Part } from "../../ui/changes";
import type { Changed } from "../../ui/Differences";
import { wholeNumber } from "../../ui/WholeNumber";
import {
  type CredentialKind, type CredentialScope, MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES, MAX_TIMEOUT_S, type Server, type ServerChange, type ServerWish, type Transport,
} from "../shapes";

/** What stands before a server's tools at /mcp: its name, a word of its own, or nothing. */
export type PrefixKind = "name" | "own" | "none";

export interface Draft {
  name: string;
  prefix_kind: PrefixKind;
  prefix: string;
  transport: Transport;
  address: string;
  /** Of a program: its command with arguments, one in a line; and variables as `NAME=value`, one in a line. */
  command: string;
  args: string;
  env: string;
  folder: string;
  /** Of an HTTP API: where its OpenAPI document lies, or the document itself. */
  document_address: string;
  document: string;
  credential_kind: CredentialKind;
  credential_scope: CredentialScope;
  oauth_client_id: string;
  oauth_scopes: string;
  header: string;
  credential: string;
  description: string;
  tags: string[];
  timeout_s: string;
  calls_per_minute: string;
  concurrent_calls: string;
  result_bytes: string;
}

const NEW: Draft = {
  name: "", prefix_kind: "name", prefix: "", transport: "http", address: "", command: "", args: "", env: "", folder: "", document_address: "", document: "",
  credential_kind: "none", credential_scope: "team", oauth_client_id: "", oauth_scopes: "", header: "", credential: "", description: "", tags: [],
  timeout_s: "60", calls_per_minute: "", concurrent_calls: "100", result_bytes: String(8 * 1024 * 1024),
};

/** How the server reads names and prefixes: they stand in addresses and before the names of tools. */
export const isServerName = (name: string) => /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name);

export function draftOf(server: Server | null): Draft {
  if (server === null) return NEW;
  const { name, transport, address, command, folder, credential_kind, credential_scope, oauth_client_id, oauth_scopes, header, description, tags } = server;
  return {
    ...NEW, name, transport, address, command, folder, credential_kind, credential_scope, oauth_client_id, oauth_scopes, header, description, tags,
    prefix_kind: server.prefix === name ? "name" : server.prefix ? "own" : "none",
    prefix: server.prefix === name ? "" : server.prefix,
    args: server.args.join("\n"),
    timeout_s: String(server.timeout_s), calls_per_minute: String(server.calls_per_minute ?? ""),
    concurrent_calls: String(server.concurrent_calls), result_bytes: String(server.result_bytes),
  };
}

const NUMBERS = {
  timeout_s: MAX_TIMEOUT_S, calls_per_minute: MAX_CALLS_PER_MINUTE, concurrent_calls: MAX_CONCURRENT_CALLS, result_bytes: MAX_RESULT_BYTES,
} as const;

const numberOf = (draft: Draft, name: keyof typeof NUMBERS) => wholeNumber(draft[name], 1, NUMBERS[name]);
const linesOf = (text: string) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** The kinds that hold a secret which somebody enters here. */
export const holdsSecret = ({ credential_kind, credential_scope }: Draft) => (credential_kind === "bearer" || credential_kind === "header" ? credential_scope === "team" : credential_kind === "client_credentials");

/** What says to whom a secret is sent, so that another wants it again. */
const receiverOf = (draft: Draft) => JSON.stringify([draft.address.trim(), draft.credential_kind, draft.credential_scope, headerOf(draft), draft.oauth_client_id.trim()]);

export function needsCredential(draft: Draft, server: Server | null): boolean {
  if (!holdsSecret(draft) || draft.credential.trim() !== "") return false;
  return server === null || receiverOf(draftOf(server)) !== receiverOf(draft);
}

/** Variables as they are typed; null where a line is none. */
export function environmentOf(text: string): Record<string, string> | null {
  const pairs = text.split("\n").filter((line) => line.trim() !== "").map((line) => /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line));
  return pairs.some((pair) => pair === null) ? null : Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}

export function isComplete(draft: Draft, server: Server | null): boolean {
  const numbers = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).map((name) => numberOf(draft, name));
  const hasHeader = draft.credential_kind !== "header" || draft.header.trim() !== "";
  const isReached = draft.transport === "stdio" ? draft.command.trim() !== "" && environmentOf(draft.env) !== null : draft.transport === "openapi" || draft.address.trim() !== "";
  const hasDocument = draft.transport !== "openapi" || server !== null || draft.document.trim() !== "" || draft.document_address.trim() !== "";
  const isPrefixed = draft.prefix_kind !== "own" || isServerName(draft.prefix);
  return isServerName(draft.name) && isPrefixed && isReached && hasDocument && hasHeader && !needsCredential(draft, server) && !numbers.some(Number.isNaN);
}

const headerOf = ({ credential_kind, header }: Draft) => (credential_kind === "header" ? header.trim().toLowerCase() : "");

const prefixOf = ({ prefix_kind, prefix }: Draft) => ({ name: null, own: prefix, none: "" })[prefix_kind];

/** Only what belongs to its kind; what was left empty takes its default at the hub. */
export function wishOf(draft: Draft): ServerWish {
  const { name, transport, tags } = draft;
  return {
    name, prefix: prefixOf(draft), transport, tags, ...(transport === "stdio" ? programOf(draft) : remoteOf(draft)), description: draft.description.trim(),
    timeout_s: numberOf(draft, "timeout_s") ?? Number(NEW.timeout_s),
    calls_per_minute: numberOf(draft, "calls_per_minute"),
    concurrent_calls: numberOf(draft, "concurrent_calls") ?? Number(NEW.concurrent_calls),
    result_bytes: numberOf(draft, "result_bytes") ?? Number(NEW.result_bytes),
  };
}

function programOf(draft: Draft): Partial<ServerWish> {
  const env = environmentOf(draft.env);
  return { command: draft.command.trim(), args: linesOf(draft.args), folder: draft.folder.trim(), ...(env && Object.keys(env).length > 0 ? { env } : {}) };
}

function remoteOf(draft: Draft): Partial<ServerWish> {
  const { credential_kind, credential_scope } = draft;
  const isOauth = credential_kind === "oauth" || credential_kind === "client_credentials";
  const [document, document_address] = [draft.document.trim(), draft.document_address.trim()];
  return {
    address: draft.address.trim(), credential_kind, credential_scope: credential_kind === "bearer" || credential_kind === "header" || credential_kind === "oauth" ? credential_scope : "team",
    header: headerOf(draft), oauth_client_id: isOauth ? draft.oauth_client_id.trim() : "", oauth_scopes: isOauth ? draft.oauth_scopes.trim() : "",
    ...(holdsSecret(draft) || credential_kind === "oauth" ? { credential: draft.credential.trim() || null } : {}),
    ...(draft.transport === "openapi" && document ? { document } : {}),
    ...(draft.transport === "openapi" && !document && document_address ? { document_address } : {}),
  };
}

/** Only what differs: what another changed meanwhile stays as they left it. How a server is reached stays as it is. */
export function changeOf(server: Server, draft: Draft): ServerChange {
  const [before, after] = [wishOf(draftOf(server)), wishOf(draft)];
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => name !== "transport" && JSON.stringify(value) !== JSON.stringify(before[name as keyof ServerWish])));
}

/** The difference as it reads; of a secret only that it changes. */
export function useDifference(): (before: Draft, after: Draft) => Changed[] {
  const t = useWords();
  return useCallback(
    (before, after) => {
      const isNew = (text: string) => (text.trim() === "" ? "" : t("gateway.credentialNew"));
      const parts: Part<Draft>[] = [
        { key: "name", title: t("mcp.name"), text: ({ name }) => name },
        { key: "prefix", title: t("mcp.prefix"), text: ({ prefix_kind, prefix }) => (prefix_kind === "own" ? prefix : t(`mcp.prefix.${prefix_kind}`)) },
        { key: "address", title: t("mcp.address"), text: ({ address }) => address.trim() },
        { key: "command", title: t("mcp.command"), text: ({ command }) => command.trim() },
        { key: "args", title: t("mcp.args"), text: ({ args }) => linesOf(args).join("\n") },
        { key: "env", title: t("mcp.env"), text: ({ env }) => isNew(env) },
        { key: "folder", title: t("mcp.folder"), text: ({ folder }) => folder.trim() },
        { key: "document", title: t("mcp.document"), text: ({ document, document_address }) => document_address.trim() || isNew(document) },
        { key: "kind", title: t("mcp.credentialKind"), text: ({ credential_kind }) => t(`mcp.credential.${credential_kind}`) },
        { key: "scope", title: t("mcp.credentialOwner"), text: ({ credential_scope }) => t(`mcp.credentialOwner.${credential_scope}`) },
        { key: "client", title: t("mcp.oauthClient"), text: ({ oauth_client_id }) => oauth_client_id.trim() },
        { key: "scopes", title: t("mcp.oauthScopes"), text: ({ oauth_scopes }) => oauth_scopes.trim() },
        { key: "header", title: t("mcp.header"), text: headerOf },
        { key: "credential", title: t("gateway.credential"), text: ({ credential }) => isNew(credential) },
        { key: "description", title: t("mcp.description"), text: ({ description }) => description.trim() },
        { key: "tags", title: t("mcp.tags"), text: ({ tags }) => tags.join(", ") },
        { key: "timeout", title: t("gateway.timeout"), text: ({ timeout_s }) => `${timeout_s.trim()} s` },
        { key: "perMinute", title: t("mcp.perMinute"), text: ({ calls_per_minute }) => calls_per_minute.trim() || t("gateway.noLimit") },
        { key: "concurrent", title: t("gateway.concurrent"), text: ({ concurrent_calls }) => concurrent_calls.trim() },
        { key: "result", title: t("mcp.resultBytes"), text: ({ result_bytes }) => result_bytes.trim() },
      ];
      return changesOf(before, after, parts);
    },
    [t],
  );
}
