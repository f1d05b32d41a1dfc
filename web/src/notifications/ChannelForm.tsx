/* A channel added or changed: the kind says which fields there are, and each says where its value is found. */

import { PasswordInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { LANGUAGES, type Translate, useLanguage, useWords } from "../i18n/language";
import { ShownOnce } from "../identity/CreateKey";
import { changesOf, type Part } from "../ui/changes";
import { EditDialog, FIELDS } from "../ui/EditDialog";
import { type Draft, draftOf, isComplete, newDraft, wishOf } from "./channelDraft";
import { KindChoice } from "./KindChoice";
import { KINDS } from "./kinds";
import { type Channel, type ChannelField, type ChannelKind, type KindFields, kindsQuery, type MadeChannel, useChannelChange } from "./shapes";

interface FormProps {
  /** The channel to change; null to add one. */
  channel: Channel | null;
  /** The kind of a new one, where it is chosen already. */
  kind?: ChannelKind | null;
  close: () => void;
  saved?: (channel: MadeChannel) => void;
}

const NO_FIELDS: KindFields = { kind: "email", required: [], optional: [], example: "" };

export function ChannelForm({ channel, kind = null, close, saved }: FormProps) {
  const { t, language } = useLanguage();
  const kinds = useQuery(kindsQuery);
  const [draft, setDraft] = useState<Draft | null>(() => (channel ? draftOf(channel) : kind && newDraft(kind, language)));
  const fields = kinds.data?.find((each) => each.kind === draft?.kind) ?? NO_FIELDS;
  const save = useChannelChange(
    () => request<MadeChannel>(channel ? `/api/channels/${channel.id}` : "/api/channels", { method: channel ? "PUT" : "POST", json: draft && wishOf(draft, fields) }),
    (made) => {
      saved?.(made);
      if (made.secret === "") close();
    },
  );
  if (save.data && save.data.secret !== "") return <ShownOnce made={{ key: save.data.secret }} title={t("channels.secretOnce")} close={close} />;
  const word = KINDS.find((each) => each.kind === draft?.kind)?.word;
  return (
    <EditDialog
      title={channel ? t("channels.changeTitle", { name: channel.name }) : word ? t("channels.addTitle", { kind: t(word) }) : t("channels.add")}
      changes={channel && draft && changesOf(draftOf(channel), draft, partsOf(t))}
      isComplete={draft !== null && kinds.data !== undefined && isComplete(draft, fields, channel === null)}
      act={channel ? t("act.save") : t("channels.add")}
      saving={save}
      close={close}
    >
      {draft === null ? <KindChoice choose={(chosen) => setDraft(newDraft(chosen, language))} /> : <Fields draft={draft} fields={fields} channel={channel} change={(part) => setDraft({ ...draft, ...part })} />}
    </EditDialog>
  );
}

/** What a review shows; of secrets only that they change. */
function partsOf(t: Translate): Part<Draft>[] {
  const hidden = (text: string) => (text.trim() === "" ? "" : t("gateway.credentialNew"));
  return [
    { key: "name", title: t("channels.name"), text: ({ name }) => name.trim() },
    { key: "language", title: t("channels.language"), text: ({ language }) => LANGUAGES.find(({ code }) => code === language)?.name ?? language },
    { key: "address", title: t("channels.field.address"), text: ({ address }) => hidden(address) },
    { key: "api_key", title: t("channels.field.api_key"), text: ({ api_key }) => hidden(api_key) },
    { key: "secret", title: t("channels.field.secret"), text: ({ secret, dropsSecret }) => (dropsSecret ? t("gateway.credentialGone") : hidden(secret)) },
    { key: "sender", title: t("channels.field.sender"), text: ({ sender }) => sender.trim() },
    { key: "receivers", title: t("channels.field.receivers"), text: ({ receivers }) => receivers.join("\n") },
  ];
}

interface FieldsProps {
  draft: Draft;
  fields: KindFields;
  channel: Channel | null;
  change: (part: Partial<Draft>) => void;
}

function Fields({ draft, fields, channel, change }: FieldsProps) {
  const t = useWords();
  const takes = (field: ChannelField) => fields.required.includes(field) || fields.optional.includes(field);
  const isNew = channel === null;
  const kept = isNew ? undefined : t("channels.kept");
  return (
    <>
      <p className="dim" style={{ margin: 0, textWrap: "pretty" }}>{t(`channels.find.${draft.kind}`)}</p>
      <div className="columns" style={{ ...FIELDS, "--least": "200px" } as React.CSSProperties}>
        <TextInput data-autofocus required maxLength={120} label={t("channels.name")} placeholder={t("channels.namePlaceholder")} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} />
        <Select label={t("channels.language")} value={draft.language} onChange={(next) => change({ language: LANGUAGES.find(({ code }) => code === next)?.code ?? "en" })} data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))} allowDeselect={false} />
      </div>
      {takes("address") && (
        <TextInput
          required={isNew}
          label={t("channels.field.address")}
          description={kept}
          placeholder={fields.example}
          autoComplete="off"
          spellCheck={false}
          value={draft.address}
          onChange={(event) => change({ address: event.currentTarget.value })}
          styles={{ input: { fontFamily: "var(--mno-mono)" } }}
        />
      )}
      {takes("api_key") && <Hidden field="api_key" required={isNew} description={kept} value={draft.api_key} set={(api_key) => change({ api_key })} />}
      {takes("sender") && <TextInput required={fields.required.includes("sender")} type="email" label={t("channels.field.sender")} placeholder="alerts@example.com" value={draft.sender} onChange={(event) => change({ sender: event.currentTarget.value })} />}
      {takes("receivers") && (
        <TagsInput
          size="xs"
          required={fields.required.includes("receivers")}
          label={t("channels.field.receivers")}
          description={t("channels.receiversText")}
          placeholder={draft.receivers.length === 0 ? "ann@example.com" : ""}
          splitChars={[",", ";", " "]}
          acceptValueOnBlur
          value={draft.receivers}
          onChange={(receivers) => change({ receivers })}
        />
      )}
      {takes("secret") && (
        <>
          <Hidden field="secret" description={channel?.signed ? t("channels.kept") : t(draft.kind === "webhook" ? "channels.secretMade" : "channels.secretText")} disabled={draft.dropsSecret} value={draft.secret} set={(secret) => change({ secret })} />
          {channel?.signed && <Switch label={t(draft.kind === "webhook" ? "channels.newSecret" : "channels.dropSecret")} checked={draft.dropsSecret} onChange={(event) => change({ dropsSecret: event.currentTarget.checked, secret: "" })} />}
        </>
      )}
    </>
  );
}

interface HiddenProps {
  field: "api_key" | "secret";
  description?: string;
  required?: boolean;
  disabled?: boolean;
  value: string;
  set: (text: string) => void;
}

function Hidden({ field, value, set, ...rest }: HiddenProps) {
  const t = useWords();
  return (
    <PasswordInput
      {...rest}
      size="xs"
      label={t(`channels.field.${field}`)}
      autoComplete="new-password"
      visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}
