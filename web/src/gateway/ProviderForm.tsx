/* A provider added or changed: first who it is, then its credential, and what else holds for it. */

import { MultiSelect, PasswordInput, Switch, TagsInput, TextInput } from "@mantine/core";
import { IconNetwork } from "@tabler/icons-react";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { useProjects } from "../secrets/projects";
import { EditDialog, FIELDS } from "../ui/EditDialog";
import { WholeNumber } from "../ui/WholeNumber";
import { draftOf, type Draft, isComplete, needsCredential, useDifference, wishOf } from "./providerDraft";
import { isOwnNetwork, isProviderName, type Preset } from "./presets";
import { PresetChoice } from "./PresetChoice";
import { MAX_CACHE_S, MAX_RETRIES, MAX_TIMEOUT_S, type Provider, useGatewayChange } from "./shapes";

interface FormProps {
  /** The provider to change; null to add one. */
  provider: Provider | null;
  /** What a new one is, where that is known already. */
  preset?: Preset;
  close: () => void;
}

export function ProviderForm({ provider, preset, close }: FormProps) {
  const t = useWords();
  const projects = useProjects();
  const [draft, setDraft] = useState<Draft | null>(() => (provider || preset ? draftOf(provider, preset) : null));
  const difference = useDifference(projects.items);
  const save = useGatewayChange(
    () => request<Provider>(provider ? `/api/gateway/providers/${provider.id}` : "/api/gateway/providers", { method: provider ? "PUT" : "POST", json: draft && wishOf(draft) }),
    close,
  );
  const changes = provider && draft ? difference(draftOf(provider), draft) : null;
  return (
    <EditDialog
      title={provider ? t("gateway.changeProvider", { name: provider.name }) : t("gateway.addProvider")}
      changes={changes}
      isComplete={draft !== null && isComplete(draft, provider)}
      act={provider ? t("act.save") : t("gateway.addProvider")}
      saving={save}
      close={close}
    >
      {draft === null ? (
        <PresetChoice choose={(chosen) => setDraft(draftOf(null, chosen))} />
      ) : (
        <Fields draft={draft} provider={provider} projects={projects.items} change={(part) => setDraft({ ...draft, ...part })} />
      )}
    </EditDialog>
  );
}

interface FieldsProps {
  draft: Draft;
  provider: Provider | null;
  projects: { value: string; label: string }[];
  change: (part: Partial<Draft>) => void;
}

function Fields({ draft, provider, projects, change }: FieldsProps) {
  const t = useWords();
  const isNamed = isProviderName(draft.name);
  return (
    <>
      <div className="columns" style={{ ...FIELDS, "--least": "220px" } as React.CSSProperties}>
        <TextInput
          required
          data-autofocus={draft.name === "" || undefined}
          label={t("gateway.name")}
          description={t("gateway.nameText", { address: `/llm/${isNamed ? draft.name : "…"}` })}
          maxLength={40}
          value={draft.name}
          error={draft.name !== "" && !isNamed ? t("gateway.nameFault") : null}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          required
          label={t("gateway.address")}
          description={t("gateway.addressText")}
          placeholder="https://llm.example.com"
          value={draft.base_url}
          onChange={(event) => change({ base_url: event.currentTarget.value })}
        />
      </div>
      {isOwnNetwork(draft.base_url) && (
        <div className="notice information" role="note">
          <IconNetwork size={16} aria-hidden />
          <span className="grow">{t("gateway.ownNetwork")}</span>
        </div>
      )}
      <Credential draft={draft} provider={provider} change={change} />
      <TagsInput
        size="xs"
        label={t("gateway.models")}
        description={t("gateway.modelsText")}
        placeholder={draft.models.length === 0 ? t("gateway.everyModel") : ""}
        value={draft.models}
        onChange={(models) => change({ models })}
      />
      <MultiSelect
        size="xs"
        searchable
        label={t("gateway.projects")}
        placeholder={draft.projects.length === 0 ? t("gateway.everyProject") : ""}
        data={projects}
        value={draft.projects}
        onChange={(chosen) => change({ projects: chosen })}
      />
      <div className="columns" style={FIELDS}>
        <WholeNumber label={t("gateway.retries")} description={t("gateway.retriesText")} low={0} high={MAX_RETRIES} value={draft.retries} set={(retries) => change({ retries })} />
        <WholeNumber label={t("gateway.timeout")} description={t("gateway.timeoutText")} unit="s" low={1} high={MAX_TIMEOUT_S} value={draft.timeout_s} set={(timeout_s) => change({ timeout_s })} />
        <WholeNumber label={t("gateway.cache")} description={t("gateway.cacheText")} unit="s" low={0} high={MAX_CACHE_S} value={draft.cache_s} set={(cache_s) => change({ cache_s })} />
      </div>
      <TextInput label={t("gateway.pricedAs")} description={t("gateway.pricedAsText")} placeholder={draft.name} maxLength={80} value={draft.priced_as} onChange={(event) => change({ priced_as: event.currentTarget.value })} />
    </>
  );
}

function Credential({ draft, provider, change }: Omit<FieldsProps, "projects">) {
  const t = useWords();
  const isKept = provider?.has_credential ?? false;
  return (
    <div className="stack" style={{ gap: 8 }}>
      <PasswordInput
        size="xs"
        data-autofocus={draft.name !== "" || undefined}
        label={t("gateway.credential")}
        description={isKept ? t("gateway.credentialKept") : t("gateway.credentialText")}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }}
        disabled={draft.dropsCredential}
        value={draft.credential}
        error={needsCredential(draft, provider) ? t("gateway.credentialAgain") : null}
        onChange={(event) => change({ credential: event.currentTarget.value })}
      />
      {isKept && <Switch label={t("gateway.dropCredential")} checked={draft.dropsCredential} onChange={(event) => change({ dropsCredential: event.currentTarget.checked, credential: "" })} />}
    </div>
  );
}
