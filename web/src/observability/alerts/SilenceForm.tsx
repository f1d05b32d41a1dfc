/* A time in which nothing is sent, of what, and why. What it is of is fixed once it is made. */

import { Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMayInTeam } from "../../api/session";
import { useLanguage } from "../../i18n/language";
import { fieldOfInstant, instantOfField } from "../../identity/keys";
import { changesOf } from "../../ui/changes";
import { EditDialog, FIELDS } from "../../ui/EditDialog";
import { CONDITIONS } from "../budgets/amounts";
import { Conditions } from "./Conditions";
import { type Condition, MAX_REASON_CHARACTERS, rulesQuery, type Silence, useAlertChange } from "./shapes";

const HOUR_MS = 3_600_000;
const LENGTHS_H = [1, 4, 24, 24 * 7];

interface Draft {
  of: "project" | "team";
  from: string;
  to: string;
  reason: string;
  rule: string;
  labels: Condition[];
}

function draftOf(silence: Silence | null): Draft {
  const now = Date.now();
  return {
    of: silence?.of ?? "project",
    from: fieldOfInstant(silence?.from ?? new Date(now).toISOString()),
    to: fieldOfInstant(silence?.to ?? new Date(now + HOUR_MS).toISOString()),
    reason: silence?.reason ?? "",
    rule: silence?.rule ?? "",
    labels: Object.entries(silence?.labels ?? {}).map(([dimension, value]) => ({ dimension, values: [value] })),
  };
}

function wishOf(draft: Draft, silence: Silence | null): Record<string, unknown> {
  const times = { from: instantOfField(draft.from), to: instantOfField(draft.to), reason: draft.reason.trim() };
  if (silence) return times;
  const labels = Object.fromEntries(draft.labels.flatMap(({ dimension, values }) => (values[0] === undefined ? [] : [[dimension, values[0]]])));
  return { ...times, of: draft.of, rule: draft.rule || null, labels };
}

export function SilenceForm({ silence, close }: { silence: Silence | null; close: () => void }) {
  const { t, language } = useLanguage();
  const rules = useQuery(rulesQuery);
  const mayWriteInTeam = useMayInTeam("alerts.write");
  const [draft, setDraft] = useState(() => draftOf(silence));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const save = useAlertChange(() => request<Silence>(silence ? `/api/alerts/silences/${silence.id}` : "/api/alerts/silences", { method: silence ? "PUT" : "POST", json: wishOf(draft, silence) }), close);
  const isBackwards = draft.from !== "" && draft.to !== "" && draft.from >= draft.to;
  const changes = silence && changesOf(draftOf(silence), draft, [
    { key: "from", title: t("range.from"), text: ({ from }) => from.replace("T", " ") },
    { key: "to", title: t("range.to"), text: ({ to }) => to.replace("T", " ") },
    { key: "reason", title: t("silences.reason"), text: ({ reason }) => reason.trim() },
  ]);
  const lengthName = (hours: number) => new Intl.NumberFormat(language, { style: "unit", unit: hours % 24 === 0 ? "day" : "hour", unitDisplay: "long" }).format(hours % 24 === 0 ? hours / 24 : hours);
  return (
    <EditDialog
      title={t(silence ? "silences.change" : "silences.add")}
      changes={changes}
      isComplete={draft.reason.trim() !== "" && draft.from !== "" && draft.to !== "" && !isBackwards}
      act={t(silence ? "act.save" : "silences.add")}
      saving={save}
      close={close}
    >
      <div className="columns" style={FIELDS}>
        <TextInput required type="datetime-local" label={t("range.from")} value={draft.from} onChange={(event) => change({ from: event.currentTarget.value })} />
        <TextInput required type="datetime-local" label={t("range.to")} value={draft.to} error={isBackwards ? t("range.backwards") : null} onChange={(event) => change({ to: event.currentTarget.value })} />
        <Select
          label={t("silences.length")}
          placeholder={t("range.custom")}
          value={null}
          onChange={(hours) => hours && change({ to: fieldOfInstant(new Date(new Date(draft.from).getTime() + Number(hours) * HOUR_MS).toISOString()) })}
          disabled={draft.from === ""}
          data={LENGTHS_H.map((hours) => ({ value: String(hours), label: lengthName(hours) }))}
        />
      </div>
      <Textarea data-autofocus required autosize minRows={2} maxLength={MAX_REASON_CHARACTERS} label={t("silences.reason")} placeholder={t("silences.reasonPlaceholder")} value={draft.reason} onChange={(event) => change({ reason: event.currentTarget.value })} />
      {!silence && (
        <>
          <div className="columns" style={FIELDS}>
            <Select label={t("alerts.rule")} value={draft.rule} onChange={(next) => change({ rule: next ?? "" })} data={[{ value: "", label: t("alerts.everyRule") }, ...(rules.data ?? []).map(({ id, name }) => ({ value: id, label: name }))]} allowDeselect={false} searchable />
            <Select label={t("secrets.scope")} disabled={!mayWriteInTeam} value={draft.of} onChange={(next) => change({ of: next ?? "project" })} data={(["project", "team"] as const).map((each) => ({ value: each, label: t(`budgets.of.${each}`) }))} allowDeselect={false} />
          </div>
          <fieldset className="part">
            <legend>{t("silences.labels")}</legend>
            <Conditions conditions={draft.labels} dimensions={[...CONDITIONS, "tag:"]} set={(labels) => change({ labels: labels.map(({ dimension, values }) => ({ dimension, values: values.slice(-1) })) })} />
          </fieldset>
        </>
      )}
    </EditDialog>
  );
}
