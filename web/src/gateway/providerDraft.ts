/* A provider while it is edited: everything as text, the credential only where it is given anew. */

import { useCallback } from "react";
import { useLanguage } from "../i18n/language";
import type { Changed } from "../ui/Differences";
import { changesOf, type Part } from "../ui/changes";
import { wholeNumber } from "../ui/WholeNumber";
import { isProviderName, type Preset } from "./presets";
import { type Kind, MAX_CACHE_S, MAX_RETRIES, MAX_TIMEOUT_S, type Provider, type ProviderWish } from "./shapes";

export interface Draft {
  name: string;
  kind: Kind;
  base_url: string;
  priced_as: string;
  credential: string;
  dropsCredential: boolean;
  models: string[];
  projects: string[];
  retries: string;
  timeout_s: string;
  cache_s: string;
}

const DEFAULT_TIMEOUT_S = 600;

export function draftOf(provider: Provider | null, preset?: Preset): Draft {
  return {
    name: provider?.name ?? preset?.name ?? "",
    kind: provider?.kind ?? preset?.kind ?? "openai-compatible",
    base_url: provider?.base_url ?? preset?.base_url ?? "",
    priced_as: provider?.priced_as ?? preset?.priced_as ?? "",
    credential: "",
    dropsCredential: false,
    models: provider?.models ?? [],
    projects: provider?.projects ?? [],
    retries: String(provider?.retries ?? 1),
    timeout_s: String(provider?.timeout_s ?? DEFAULT_TIMEOUT_S),
    cache_s: String(provider?.cache_s ?? 0),
  };
}

/** What was left empty takes its default at the server. */
export function wishOf(draft: Draft): ProviderWish {
  const { name, kind, base_url, priced_as, models, projects } = draft;
  const credential = draft.dropsCredential ? "" : draft.credential.trim() || null;
  return {
    name, kind, base_url: base_url.trim(), priced_as: priced_as.trim(), credential, models, projects,
    retries: wholeNumber(draft.retries, 0, MAX_RETRIES) ?? 1,
    timeout_s: wholeNumber(draft.timeout_s, 1, MAX_TIMEOUT_S) ?? DEFAULT_TIMEOUT_S,
    cache_s: wholeNumber(draft.cache_s, 0, MAX_CACHE_S) ?? 0,
  };
}

/** A credential was given for one address, so the server wants it again for another. */
export function needsCredential(draft: Draft, provider: Provider | null): boolean {
  return provider !== null && provider.has_credential && draft.base_url.trim() !== provider.base_url && draft.credential.trim() === "" && !draft.dropsCredential;
}

export function isComplete(draft: Draft, provider: Provider | null): boolean {
  const numbers = [wholeNumber(draft.retries, 0, MAX_RETRIES), wholeNumber(draft.timeout_s, 1, MAX_TIMEOUT_S), wholeNumber(draft.cache_s, 0, MAX_CACHE_S)];
  return isProviderName(draft.name) && draft.base_url.trim() !== "" && !needsCredential(draft, provider) && !numbers.some(Number.isNaN);
}

/** The difference as it reads; of a credential only that it changes. */
export function useDifference(projects: readonly { value: string; label: string }[]): (before: Draft, after: Draft) => Changed[] {
  const { t } = useLanguage();
  return useCallback(
    (before, after) => {
      const named = (id: string) => projects.find(({ value }) => value === id)?.label ?? id;
      const parts: Part<Draft>[] = [
        { key: "name", title: t("gateway.name"), text: ({ name }) => name },
        { key: "base_url", title: t("gateway.address"), text: ({ base_url }) => base_url.trim() },
        { key: "credential", title: t("gateway.credential"), text: ({ credential, dropsCredential }) => (dropsCredential ? t("gateway.credentialGone") : credential.trim() === "" ? "" : t("gateway.credentialNew")) },
        { key: "models", title: t("gateway.models"), text: ({ models }) => models.join("\n") || t("gateway.everyModel") },
        { key: "projects", title: t("gateway.projects"), text: (each) => each.projects.map(named).join("\n") || t("gateway.everyProject") },
        { key: "retries", title: t("gateway.retries"), text: ({ retries }) => retries.trim() },
        { key: "timeout", title: t("gateway.timeout"), text: ({ timeout_s }) => `${timeout_s.trim()} s` },
        { key: "cache", title: t("gateway.cache"), text: ({ cache_s }) => `${cache_s.trim()} s` },
        { key: "priced", title: t("gateway.pricedAs"), text: ({ priced_as }) => priced_as.trim() },
      ];
      return changesOf(before, after, parts);
    },
    [projects, t],
  );
}
