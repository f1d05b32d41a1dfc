/* A server while it is edited: everything as text, the credential only where it is given anew. */

import { useCallback } from "react";
import { useWords } from "../../i18n/language";
import { changesOf, type Part } from "../../ui/changes";
import type { Changed } from "../../ui/Differences";
import { wholeNumber } from "../../ui/WholeNumber";
import {
  type CredentialKind, MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES, MAX_TIMEOUT_S, type Server, type ServerChange, type ServerWish,
} from "../shapes";

export interface Draft {
  name: string;
  address: string;
  credential_kind: CredentialKind;
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
  name: "", address: "", credential_kind: "none", header: "", credential: "", description: "", tags: [],
  timeout_s: "60", calls_per_minute: "", concurrent_calls: "100", result_bytes: String(8 * 1024 * 1024),
};

/** How the server reads names: they stand in addresses and before the names of tools. */
export const isServerName = (name: string) => /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name);

export function draftOf(server: Server | null): Draft {
  if (server === null) return NEW;
  const { name, address, credential_kind, header, description, tags } = server;
  return {
    name, address, credential_kind, header, credential: "", description, tags,
    timeout_s: String(server.timeout_s), calls_per_minute: String(server.calls_per_minute ?? ""),
    concurrent_calls: String(server.concurrent_calls), result_bytes: String(server.result_bytes),
  };
}

const NUMBERS = {
  timeout_s: MAX_TIMEOUT_S, calls_per_minute: MAX_CALLS_PER_MINUTE, concurrent_calls: MAX_CONCURRENT_CALLS, result_bytes: MAX_RESULT_BYTES,
} as const;

const numberOf = (draft: Draft, name: keyof typeof NUMBERS) => wholeNumber(draft[name], 1, NUMBERS[name]);

/** A credential was given for one address and one header, so the hub wants it again for others. */
export function needsCredential(draft: Draft, server: Server | null): boolean {
  if (draft.credential_kind === "none" || draft.credential.trim() !== "") return false;
  const kept = server !== null && server.address === draft.address.trim() && server.credential_kind === draft.credential_kind && server.header === headerOf(draft);
  return !kept;
}

export function isComplete(draft: Draft, server: Server | null): boolean {
  const numbers = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).map((name) => numberOf(draft, name));
  const hasHeader = draft.credential_kind !== "header" || draft.header.trim() !== "";
  return isServerName(draft.name) && draft.address.trim() !== "" && hasHeader && !needsCredential(draft, server) && !numbers.some(Number.isNaN);
}

const headerOf = ({ credential_kind, header }: Draft) => (credential_kind === "header" ? header.trim().toLowerCase() : "");

/** What was left empty takes its default at the server. */
export function wishOf(draft: Draft): ServerWish {
  const { name, credential_kind, tags } = draft;
  return {
    name, address: draft.address.trim(), credential_kind, header: headerOf(draft), credential: credential_kind === "none" ? null : draft.credential.trim() || null,
    description: draft.description.trim(), tags,
    timeout_s: numberOf(draft, "timeout_s") ?? Number(NEW.timeout_s),
    calls_per_minute: numberOf(draft, "calls_per_minute"),
    concurrent_calls: numberOf(draft, "concurrent_calls") ?? Number(NEW.concurrent_calls),
    result_bytes: numberOf(draft, "result_bytes") ?? Number(NEW.result_bytes),
  };
}

/** Only what differs: what another changed meanwhile stays as they left it. */
export function changeOf(server: Server, draft: Draft): ServerChange {
  const [before, after] = [wishOf(draftOf(server)), wishOf(draft)];
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof ServerWish])));
}

/** The difference as it reads; of a credential only that it changes. */
export function useDifference(): (before: Draft, after: Draft) => Changed[] {
  const t = useWords();
  return useCallback(
    (before, after) => {
      const parts: Part<Draft>[] = [
        { key: "name", title: t("mcp.name"), text: ({ name }) => name },
        { key: "address", title: t("mcp.address"), text: ({ address }) => address.trim() },
        { key: "kind", title: t("mcp.credentialKind"), text: ({ credential_kind }) => t(`mcp.credential.${credential_kind}`) },
        { key: "header", title: t("mcp.header"), text: headerOf },
        { key: "credential", title: t("gateway.credential"), text: ({ credential }) => (credential.trim() === "" ? "" : t("gateway.credentialNew")) },
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
