/* A name and what stands behind it. The bar shows at once what the weights mean. */

import { ActionIcon, Autocomplete, Button, Select, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { changesOf } from "../ui/changes";
import { EditDialog } from "../ui/EditDialog";
import { wholeNumber } from "../ui/WholeNumber";
import { type Alias, type AliasWish, MAX_TARGETS, MAX_WEIGHT, type Provider, providersQuery, speechOf, type Target, useGatewayChange } from "./shapes";
import { moved, sharesOf } from "./shares";
import { Shares } from "./Shares";

interface TargetDraft {
  provider: string;
  model: string;
  weight: string;
}

interface Draft {
  name: string;
  sticky: Alias["sticky"];
  targets: TargetDraft[];
}

const STICKY = ["", "user", "session", "key"] as const;

const draftOf = (alias: Alias | null, providers: readonly Provider[]): Draft => ({
  name: alias?.name ?? "",
  sticky: alias?.sticky ?? "",
  targets: alias?.targets.map(({ provider, model, weight = 1 }) => ({ provider, model, weight: String(weight) })) ?? [{ provider: providers[0]?.name ?? "", model: "", weight: "1" }],
});

const weightOf = (text: string): number => wholeNumber(text, 0, MAX_WEIGHT) ?? 0;
const targetsOf = ({ targets }: Draft): Target[] => targets.map(({ provider, model, weight }) => ({ provider, model: model.trim(), weight: weightOf(weight) }));
const wishOf = (draft: Draft): AliasWish => ({ targets: targetsOf(draft), sticky: draft.sticky });

export function AliasForm({ alias, close }: { alias: Alias | null; close: () => void }) {
  const providers = useQuery(providersQuery);
  return providers.data ? <Form alias={alias} providers={providers.data} close={close} /> : null;
}

function Form({ alias, providers, close }: { alias: Alias | null; providers: readonly Provider[]; close: () => void }) {
  const t = useWords();
  const [draft, setDraft] = useState(() => draftOf(alias, providers));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const name = draft.name.trim();
  const save = useGatewayChange(() => request<Alias>(`/api/gateway/models/${encodeURIComponent(name)}`, { method: "PUT", json: wishOf(draft) }), close);
  const kinds = new Map(providers.map((each) => [each.name, each.kind]));
  const speeches = new Set(draft.targets.map(({ provider }) => kinds.get(provider)).filter((kind) => kind !== undefined).map(speechOf));
  const isMixed = speeches.size > 1;
  const isNamed = name !== "" && !/[*/]/.test(name);
  const isWeighted = draft.targets.every(({ weight }) => !Number.isNaN(wholeNumber(weight, 0, MAX_WEIGHT))) && draft.targets.some(({ weight }) => weightOf(weight) > 0);
  const isComplete = isNamed && isWeighted && !isMixed && draft.targets.every(({ provider, model }) => provider !== "" && model.trim() !== "");
  const changes = alias && changesOf(draftOf(alias, providers), draft, [
    { key: "targets", title: t("gateway.targets"), text: (each) => sharesOf(targetsOf(each)).map(({ provider, model, weight }) => `${provider}/${model} × ${weight}`).join("\n") },
    { key: "sticky", title: t("gateway.sticky"), text: ({ sticky }) => t(`gateway.sticky.${sticky || "none"}`) },
  ]);
  return (
    <EditDialog
      title={alias ? t("gateway.changeAlias", { name: alias.name }) : t("gateway.addAlias")}
      size={680}
      changes={changes}
      isComplete={isComplete}
      act={alias ? t("act.save") : t("gateway.addAlias")}
      saving={save}
      close={close}
    >
      {!alias && (
        <TextInput
          data-autofocus
          required
          maxLength={200}
          label={t("gateway.alias")}
          description={t("gateway.aliasText")}
          placeholder="fast"
          value={draft.name}
          error={name !== "" && !isNamed ? t("gateway.aliasFault") : null}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
      )}
      <Targets targets={draft.targets} providers={providers} set={(targets) => change({ targets })} />
      {isMixed && <p className="broken" style={{ margin: 0, fontSize: 12 }}>{t("gateway.mixed")}</p>}
      {draft.targets.length > 1 && <Shares targets={targetsOf(draft)} />}
      <Select
        label={t("gateway.sticky")}
        description={t("gateway.stickyText")}
        value={draft.sticky}
        onChange={(next) => change({ sticky: STICKY.find((each) => each === next) ?? "" })}
        data={STICKY.map((each) => ({ value: each, label: t(`gateway.sticky.${each || "none"}`) }))}
        allowDeselect={false}
      />
    </EditDialog>
  );
}

interface TargetsProps {
  targets: readonly TargetDraft[];
  providers: readonly Provider[];
  set: (targets: TargetDraft[]) => void;
}

function Targets({ targets, providers, set }: TargetsProps) {
  const t = useWords();
  const put = (place: number, part: Partial<TargetDraft>) => set(targets.map((each, at) => (at === place ? { ...each, ...part } : each)));
  return (
    <fieldset className="targets">
      <legend>{t("gateway.targets")}</legend>
      <p className="dim">{t("gateway.targetsText")}</p>
      {targets.map((target, place) => (
        <div className="target" key={place}>
          <Select aria-label={t("gateway.provider")} value={target.provider || null} placeholder={t("gateway.provider")} onChange={(next) => put(place, { provider: next ?? "" })} data={providers.map(({ name }) => name)} allowDeselect={false} />
          <Autocomplete
            size="xs"
            aria-label={t("dimension.model")}
            placeholder={t("dimension.model")}
            value={target.model}
            onChange={(model) => put(place, { model })}
            data={providers.find(({ name }) => name === target.provider)?.models.filter((model) => !model.includes("*")) ?? []}
          />
          <TextInput
            aria-label={t("gateway.weight")}
            placeholder={t("gateway.weight")}
            inputMode="numeric"
            value={target.weight}
            error={Number.isNaN(wholeNumber(target.weight, 0, MAX_WEIGHT))}
            onChange={(event) => put(place, { weight: event.currentTarget.value })}
          />
          <span className="row" style={{ gap: 0 }}>
            <ActionIcon aria-label={t("gateway.earlier")} disabled={place === 0} onClick={() => set(moved(targets, place, -1))}>
              <IconArrowUp size={14} />
            </ActionIcon>
            <ActionIcon aria-label={t("gateway.later")} disabled={place === targets.length - 1} onClick={() => set(moved(targets, place, 1))}>
              <IconArrowDown size={14} />
            </ActionIcon>
            <ActionIcon aria-label={t("gateway.removeTarget")} disabled={targets.length === 1} onClick={() => set(targets.filter((_, at) => at !== place))}>
              <IconTrash size={14} />
            </ActionIcon>
          </span>
        </div>
      ))}
      {targets.length < MAX_TARGETS && (
        <Button variant="default" leftSection={<IconPlus size={14} />} style={{ alignSelf: "flex-start" }} onClick={() => set([...targets, { provider: targets.at(-1)?.provider ?? "", model: "", weight: "0" }])}>
          {t("gateway.addTarget")}
        </Button>
      )}
    </fieldset>
  );
}
