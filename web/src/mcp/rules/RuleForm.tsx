/* A rule for tools: for which, how often they may be called, and whether somebody has to let a call happen. */

import { MultiSelect, SegmentedControl, Select, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { channelsQuery } from "../../notifications/shapes";
import { EditDialog, FIELDS } from "../../ui/EditDialog";
import { WholeNumber } from "../../ui/WholeNumber";
import { MAX_APPROVAL_CHANNELS, MAX_APPROVAL_S, MAX_TOOL_RETRIES, MIN_APPROVAL_S, type ToolRule, useMcpChange } from "../shapes";
import { differenceOf, type Draft, draftOf, isComplete, LIMIT_NAMES, LIMITS, SWITCHES, wishOf } from "./ruleDraft";

const COUNTED = ["all", "key", "user", "server", "tool"] as const;

interface FormProps {
  /** The rule to change; null to add one for this tool. */
  rule: ToolRule | null;
  server: string;
  tool: string;
  close: () => void;
}

export function RuleForm({ rule, server, tool, close }: FormProps) {
  const t = useWords();
  const mayReadChannels = useMay("channels.read");
  const channels = useQuery({ ...channelsQuery, enabled: mayReadChannels });
  const [draft, setDraft] = useState(() => draftOf(rule, server, tool));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const channelName = (id: string) => channels.data?.find((each) => each.id === id)?.name ?? id;
  const save = useMcpChange(() => request<ToolRule>(rule ? `/api/mcp/policies/${rule.id}` : "/api/mcp/policies", { method: rule ? "PATCH" : "POST", json: wishOf(draft, rule?.enabled ?? true) }), close);
  return (
    <EditDialog
      title={t(rule ? "rules.change" : "rules.add")}
      changes={rule && differenceOf(draftOf(rule, server, tool), draft, t, channelName)}
      isComplete={isComplete(draft)}
      act={t(rule ? "act.save" : "rules.add")}
      saving={save}
      close={close}
    >
      <TextInput required data-autofocus maxLength={100} label={t("rules.name")} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} />
      <div className="columns" style={FIELDS}>
        <TextInput required maxLength={200} label={t("mcp.name")} description={t("rules.patternText")} value={draft.server} onChange={(event) => change({ server: event.currentTarget.value })} />
        <TextInput required maxLength={200} label={t("tools.tool")} description={t("rules.patternText")} value={draft.tool} onChange={(event) => change({ tool: event.currentTarget.value })} />
      </div>
      <div className="columns" style={FIELDS}>
        {LIMIT_NAMES.map((name) => (
          <WholeNumber key={name} label={t(`rules.${name}`)} placeholder={t("gateway.noLimit")} low={1} high={LIMITS[name]} value={draft[name]} set={(text) => change({ [name]: text })} />
        ))}
        <Select label={t("rules.counted_by")} allowDeselect={false} value={draft.counted_by} onChange={(next) => change({ counted_by: COUNTED.find((each) => each === next) ?? "all" })} data={COUNTED.map((each) => ({ value: each, label: t(`rules.counted.${each}`) }))} />
      </div>
      <Approval draft={draft} change={change} channels={channels.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []} />
      {SWITCHES.map((name) => (
        <Switch key={name} label={t(`rules.${name}`)} description={t(`rules.${name}Text`)} checked={draft[name]} onChange={(event) => change({ [name]: event.currentTarget.checked })} />
      ))}
      {(draft.idempotent || draft.trusts_hints) && <WholeNumber label={t("rules.retries")} low={0} high={MAX_TOOL_RETRIES} value={draft.retries} set={(retries) => change({ retries })} />}
    </EditDialog>
  );
}

interface ApprovalProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  channels: { value: string; label: string }[];
}

function Approval({ draft, change, channels }: ApprovalProps) {
  const t = useWords();
  return (
    <>
      <Switch label={t("rules.approval")} description={t("rules.approvalText")} checked={draft.needsApproval} onChange={(event) => change({ needsApproval: event.currentTarget.checked })} />
      {draft.needsApproval && (
        <div className="stack" style={{ paddingInlineStart: 12, borderInlineStart: "2px solid var(--mno-line)" }}>
          <div className="row wrap">
            <SegmentedControl aria-label={t("rules.who")} value={draft.persons} onChange={(persons) => change({ persons })} data={[{ value: "1", label: t("rules.persons", { count: 1 }) }, { value: "2", label: t("rules.persons", { count: 2 }) }]} />
            <SegmentedControl aria-label={t("rules.expiry")} value={draft.on_expiry} onChange={(on_expiry) => change({ on_expiry })} data={[{ value: "deny", label: t("rules.expiry.deny") }, { value: "allow", label: t("rules.expiry.allow") }]} />
          </div>
          <WholeNumber label={t("rules.lifetime")} unit="s" low={MIN_APPROVAL_S} high={MAX_APPROVAL_S} value={draft.lifetime_s} set={(lifetime_s) => change({ lifetime_s })} />
          {channels.length > 0 && <MultiSelect size="xs" searchable maxValues={MAX_APPROVAL_CHANNELS} label={t("nav.channels")} description={t("rules.channelsText")} data={channels} value={draft.channels} onChange={(chosen) => change({ channels: chosen })} />}
        </div>
      )}
    </>
  );
}
