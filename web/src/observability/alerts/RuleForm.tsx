/* A rule made or changed, with the picture of what it would have said beside it. */

import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import { useLanguage, useWords } from "../../i18n/language";
import { budgetsQuery } from "../budgets/queries";
import { CONDITIONS } from "../budgets/amounts";
import { EditDialog, FIELDS } from "../../ui/EditDialog";
import { dimensionName, dimensionWithin } from "../../ui/Filters";
import { Conditions } from "./Conditions";
import { Escalation } from "./Escalation";
import { type Draft, draftOf, faultsOf, newDraft, termsOf, wishOf } from "./ruleDraft";
import { useRuleChanges } from "./ruleChanges";
import { RulePreview } from "./RulePreview";
import { isOfTools, isRate, isTold, MEASURES, type Rule, SEVERITIES, useAlertChange } from "./shapes";
import { lengthText, unitOf } from "./words";

const WINDOWS_S = [60, 300, 900, 3600, 21_600, 86_400];
const HOLDS_S = [0, 60, 300, 900, 3600];
const QUANTILES = ["50", "95", "99"];
const ANOMALY_DIMENSIONS = ["model", "api_key", "agent", "user"];

interface FormProps {
  /** The rule to change; null for a new one. */
  rule: Rule | null;
  /** What a new one begins with. */
  start?: Draft;
  close: () => void;
}

export function RuleForm({ rule, start, close }: FormProps) {
  const t = useWords();
  const [draft, setDraft] = useState<Draft>(() => (rule ? draftOf(rule) : (start ?? newDraft("", { measure: "cost", threshold: "10", window_s: 86_400 }))));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const faults = faultsOf(draft);
  const changesOf = useRuleChanges();
  const save = useAlertChange(() => request<Rule>(rule ? `/api/alerts/rules/${rule.id}` : "/api/alerts/rules", { method: rule ? "PUT" : "POST", json: wishOf(draft, rule) }), close);
  const isComparable = !faults.threshold && !faults.clear && !faults.minimum_calls;
  return (
    <EditDialog
      title={rule ? t("alerts.changeRule", { name: rule.name }) : t("alerts.addRule")}
      size={1040}
      changes={rule && changesOf(draftOf(rule), draft)}
      isComplete={draft.name.trim() !== "" && Object.keys(faults).length === 0}
      act={rule ? t("act.save") : t("alerts.addRule")}
      saving={save}
      close={close}
    >
      <div className="rule-form">
        <div className="stack">
          <TextInput data-autofocus required maxLength={120} label={t("alerts.ruleName")} placeholder={t("alerts.suggest.spend")} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} />
          <Comparison draft={draft} change={change} faults={faults} />
          <Calls draft={draft} change={change} isFixed={rule !== null} />
          <Times draft={draft} change={change} />
        </div>
        <div className="stack">
          <RulePreview terms={isComparable ? termsOf(draft) : null} />
          <Telling draft={draft} change={change} hasFault={faults.steps ?? false} />
        </div>
      </div>
    </EditDialog>
  );
}

interface PartProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
}

function Comparison({ draft, change, faults }: PartProps & { faults: ReturnType<typeof faultsOf> }) {
  const { t, language } = useLanguage();
  const told = isTold(draft.measure);
  const unit = unitOf(draft.measure, t);
  const amount = { rightSection: unit && <span className="dim" style={{ fontSize: 12, paddingInlineEnd: 8 }}>{unit}</span>, rightSectionWidth: unit ? "auto" : undefined, inputMode: "decimal" } as const;
  return (
    <fieldset className="part">
      <legend>{t("alerts.when")}</legend>
      <div className="columns" style={{ ...FIELDS, "--least": "130px" } as React.CSSProperties}>
        <Select label={t("anomalies.measure")} value={draft.measure} onChange={(next) => change(measured(draft, next ?? "cost"))} data={MEASURES.map((each) => ({ value: each, label: t(`alerts.measure.${each}`) }))} allowDeselect={false} />
        {draft.measure === "latency" && <Select label={t("alerts.quantile")} value={String(draft.quantile)} onChange={(next) => change({ quantile: Number(next) })} data={QUANTILES.map((each) => ({ value: each, label: `p${each}` }))} allowDeselect={false} />}
        {!told && <Select label={t("alerts.window")} value={String(draft.window_s)} onChange={(next) => change({ window_s: Number(next) })} data={choicesOf(WINDOWS_S, draft.window_s, language)} allowDeselect={false} />}
      </div>
      <div className="columns" style={{ ...FIELDS, "--least": "110px" } as React.CSSProperties}>
        {!told && (
          <Select label={t("alerts.comparison")} value={draft.comparison} onChange={(next) => change({ comparison: next ?? "above" })} data={(["above", "below"] as const).map((each) => ({ value: each, label: t(`alerts.comparison.${each}`) }))} allowDeselect={false} />
        )}
        <TextInput {...amount} required label={t("alerts.threshold")} value={draft.threshold} error={faults.threshold ? t("alerts.fault.threshold") : null} onChange={(event) => change({ threshold: event.currentTarget.value })} />
        <TextInput {...amount} label={t("alerts.clear")} placeholder={draft.threshold} value={draft.clear} error={faults.clear ? t(`alerts.fault.clear.${draft.comparison}`) : null} onChange={(event) => change({ clear: event.currentTarget.value })} />
        {isRate(draft.measure) && <TextInput inputMode="numeric" label={t("alerts.minimumCalls")} value={draft.minimum_calls} error={faults.minimum_calls ?? false} onChange={(event) => change({ minimum_calls: event.currentTarget.value })} />}
      </div>
      <p className="dim">{t("alerts.clearText")}</p>
    </fieldset>
  );
}

function Calls({ draft, change, isFixed }: PartProps & { isFixed: boolean }) {
  const t = useWords();
  const mayWriteInTeam = useMayInTeam("alerts.write");
  const budgets = useQuery({ ...budgetsQuery, enabled: useMay("budgets.read") && draft.measure === "budget_share" });
  const ofTeam = draft.of === "team";
  const dimensions = draft.measure === "anomalies" ? ANOMALY_DIMENSIONS : [...plainDimensions(draft, ofTeam), ...(isOfTools(draft.measure) ? [] : ["tag:"])];
  return (
    <fieldset className="part">
      <legend>{t(draft.measure === "budget_share" ? "alerts.whichBudget" : "alerts.whichCalls")}</legend>
      <div className="columns" style={FIELDS}>
        <Select label={t("budgets.of")} disabled={isFixed || !mayWriteInTeam} value={draft.of} onChange={(next) => change({ of: next ?? "project" })} data={(["project", "team"] as const).map((each) => ({ value: each, label: t(`budgets.of.${each}`) }))} allowDeselect={false} />
        {!isTold(draft.measure) && (
          <Select
            label={t("alerts.groupBy")}
            value={draft.group_by}
            onChange={(next) => change({ group_by: next ?? "" })}
            data={[{ value: "", label: t("alerts.together") }, ...groupChoices(draft, ofTeam).map((each) => ({ value: each, label: t("alerts.perGroup", { dimension: each.startsWith("tag:") ? dimensionName(each, t) : dimensionWithin(each, t) }) }))]}
            allowDeselect={false}
          />
        )}
        {draft.measure === "budget_share" && (
          <Select label={t("alerts.budget")} value={draft.budget} onChange={(next) => change({ budget: next ?? "" })} data={[{ value: "", label: t("alerts.anyBudget") }, ...(budgets.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))]} allowDeselect={false} searchable />
        )}
      </div>
      {draft.measure !== "budget_share" && <Conditions conditions={draft.conditions} dimensions={dimensions} set={(conditions) => change({ conditions })} />}
    </fieldset>
  );
}

const TOOL_CONDITIONS = ["server", "tool", "error", "agent", "api_key", "environment"] as const;

function plainDimensions({ measure }: Pick<Draft, "measure">, ofTeam: boolean): string[] {
  return [...(isOfTools(measure) ? TOOL_CONDITIONS : CONDITIONS), ...(ofTeam ? ["project"] : [])];
}

/** Calls of tools and of models are matched by different things: what was chosen for the others goes. */
function measured(draft: Draft, measure: Draft["measure"]): Partial<Draft> {
  return isOfTools(measure) === isOfTools(draft.measure) ? { measure } : { measure, conditions: [], group_by: "" };
}

/** The dimension that a rule has already stands in the list, also a tag that cannot be chosen here. */
function groupChoices({ group_by, measure }: Draft, ofTeam: boolean): string[] {
  const known = plainDimensions({ measure }, ofTeam);
  return group_by === "" || known.includes(group_by) ? known : [...known, group_by];
}

function Times({ draft, change }: PartProps) {
  const { t, language } = useLanguage();
  const holds = (held: number) => choicesOf(HOLDS_S, held, language, t("alerts.immediately"));
  return (
    <fieldset className="part">
      <legend>{t("alerts.steady")}</legend>
      <div className="columns" style={FIELDS}>
        {!isTold(draft.measure) && <Select label={t("alerts.holdsFor")} value={String(draft.for_s)} onChange={(next) => change({ for_s: Number(next) })} data={holds(draft.for_s)} allowDeselect={false} />}
        <Select label={t("alerts.clearsAfter")} value={String(draft.clear_after_s)} onChange={(next) => change({ clear_after_s: Number(next) })} data={holds(draft.clear_after_s)} allowDeselect={false} />
      </div>
    </fieldset>
  );
}

function Telling({ draft, change, hasFault }: PartProps & { hasFault: boolean }) {
  const t = useWords();
  return (
    <fieldset className="part">
      <legend>{t("alerts.whom")}</legend>
      <SegmentedControl aria-label={t("alerts.severity")} value={draft.severity} onChange={(severity) => change({ severity })} data={SEVERITIES.map((each) => ({ value: each, label: t(`alerts.severity.${each}`) }))} />
      <Escalation steps={draft.steps} set={(steps) => change({ steps })} />
      {hasFault && <p className="broken">{t("alerts.fault.steps")}</p>}
      {draft.steps.length > 0 && (
        <TextInput
          w={220}
          inputMode="numeric"
          label={t("alerts.repeat")}
          description={t("alerts.repeatText")}
          rightSection={<span className="dim" style={{ fontSize: 12, paddingInlineEnd: 8 }}>{t("settings.unit.minutes")}</span>}
          rightSectionWidth="auto"
          value={draft.repeat}
          onChange={(event) => change({ repeat: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}

/** Usual lengths of time, and the one that holds where it is another. */
function choicesOf(usual: readonly number[], held: number, language: string, none = ""): { value: string; label: string }[] {
  const all = [...new Set([...usual, held])].sort((left, right) => left - right);
  return all.map((each) => ({ value: String(each), label: each === 0 ? none : lengthText(each, language) }));
}
