/* What one key may ask for. An empty field is no limit. */

import { TagsInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords, type Word } from "../i18n/language";
import { changesOf, type Part } from "../ui/changes";
import { EditDialog, FIELDS } from "../ui/EditDialog";
import { WholeNumber, wholeNumber } from "../ui/WholeNumber";
import { type LimitedKey, MAX_KEY_LIMIT, type Policy, type PolicyWish, providersQuery, useGatewayChange } from "./shapes";

const NUMBERS = ["requests_per_minute", "tokens_per_minute", "concurrent_calls", "output_tokens"] as const;
type NumberName = (typeof NUMBERS)[number];
type Draft = Record<NumberName, string> & { providers: string[]; models: string[] };

const TITLES: Record<NumberName, Word> = {
  requests_per_minute: "gateway.requestsPerMinute", tokens_per_minute: "gateway.tokensPerMinute", concurrent_calls: "gateway.concurrent", output_tokens: "gateway.output",
};

function draftOf(policy: Policy | undefined): Draft {
  const text = (name: NumberName) => String(policy?.[name] ?? "");
  return {
    providers: policy?.providers ?? [], models: policy?.models ?? [],
    requests_per_minute: text("requests_per_minute"), tokens_per_minute: text("tokens_per_minute"), concurrent_calls: text("concurrent_calls"), output_tokens: text("output_tokens"),
  };
}

const numberOf = (draft: Draft, name: NumberName) => wholeNumber(draft[name], 1, MAX_KEY_LIMIT);

function wishOf(draft: Draft): PolicyWish {
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, numberOf(draft, name)]));
  return { providers: draft.providers, models: draft.models, ...numbers };
}

export function KeyForm({ row, close }: { row: LimitedKey; close: () => void }) {
  const t = useWords();
  const providers = useQuery(providersQuery);
  const [draft, setDraft] = useState(() => draftOf(row.policy));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const save = useGatewayChange(() => request<Policy>(`/api/gateway/keys/${row.id}`, { method: "PUT", json: wishOf(draft) }), close);
  const parts: Part<Draft>[] = [
    { key: "providers", title: t("gateway.view.providers"), text: (each) => each.providers.join("\n") || t("gateway.everyProvider") },
    { key: "models", title: t("gateway.models"), text: ({ models }) => models.join("\n") || t("gateway.everyModel") },
    ...NUMBERS.map((name) => ({ key: name, title: t(TITLES[name]), text: (each: Draft) => each[name].trim() || t("gateway.noLimit") })),
  ];
  return (
    <EditDialog
      title={t("gateway.limitsOf", { name: row.name })}
      changes={changesOf(draftOf(row.policy), draft, parts)}
      isComplete={!NUMBERS.some((name) => Number.isNaN(numberOf(draft, name)))}
      act={t("act.save")}
      saving={save}
      close={close}
    >
      <TagsInput size="xs" label={t("gateway.view.providers")} placeholder={draft.providers.length === 0 ? t("gateway.everyProvider") : ""} data={providers.data?.map(({ name }) => name)} value={draft.providers} onChange={(chosen) => change({ providers: chosen })} />
      <TagsInput size="xs" label={t("gateway.models")} description={t("gateway.modelsText")} placeholder={draft.models.length === 0 ? t("gateway.everyModel") : ""} value={draft.models} onChange={(models) => change({ models })} />
      <div className="columns" style={{ ...FIELDS, "--least": "120px" } as React.CSSProperties}>
        {NUMBERS.map((name) => (
          <WholeNumber key={name} label={t(TITLES[name])} description={name === "output_tokens" ? t("gateway.outputText") : undefined} placeholder={t("gateway.noLimit")} low={1} high={MAX_KEY_LIMIT} value={draft[name]} set={(text) => change({ [name]: text })} />
        ))}
      </div>
    </EditDialog>
  );
}
