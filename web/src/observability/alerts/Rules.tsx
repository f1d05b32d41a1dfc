/* The rules: what each compares, whom it tells, and whether it is switched on. */

import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import { useLanguage, useWords } from "../../i18n/language";
import { channelsQuery } from "../../notifications/shapes";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { type Column, DataTable } from "../../ui/DataTable";
import { Card } from "../../ui/Page";
import { RowActs } from "../../ui/RowActs";
import { FailureNote } from "../../ui/State";
import { draftOf, wishOf } from "./ruleDraft";
import { RuleForm } from "./RuleForm";
import { RuleSuggestions } from "./RuleSuggestions";
import { SeverityMark } from "./SeverityMark";
import { type Rule, rulesQuery, useAlertChange } from "./shapes";
import { comparisonText, scopeText, useNames } from "./words";

type Doing = { what: "change" | "remove"; rule: Rule };

export function Rules() {
  const { t, language } = useLanguage();
  const names = useNames();
  const rules = useQuery(rulesQuery);
  const channels = useQuery({ ...channelsQuery, enabled: useMay("channels.read") });
  const mayWrite = useMay("alerts.write");
  const mayWriteInTeam = useMayInTeam("alerts.write");
  const [doing, setDoing] = useState<Doing | null>(null);
  const mayChange = (rule: Rule) => (rule.of === "team" ? mayWriteInTeam : mayWrite);
  const toggle = useAlertChange((rule: Rule) => request<Rule>(`/api/alerts/rules/${rule.id}`, { method: "PUT", json: wishOf({ ...draftOf(rule), enabled: !rule.enabled }, rule) }));
  const channelName = (id: string) => channels.data?.find((each) => each.id === id)?.name ?? t("alerts.channelGone");
  const columns: Column<Rule>[] = [
    {
      key: "name",
      title: t("alerts.rule"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div style={{ fontWeight: 500 }} className={row.enabled ? undefined : "dim"}>{row.name}</div>
          <div className="dim" style={{ fontSize: 12, lineHeight: "16px" }}>{comparisonText(row, t, language)}</div>
        </div>
      ),
    },
    { key: "scope", title: t("alerts.whichCalls"), cell: (row) => <div className="dim cell-cut" style={{ maxWidth: 220 }} title={scopeText(row, names, t)}>{scopeText(row, names, t)}</div> },
    { key: "severity", title: t("alerts.severity"), cell: (row) => <SeverityMark severity={row.severity} /> },
    {
      key: "whom",
      title: t("alerts.whom"),
      cell: (row) =>
        row.steps.length === 0 ? (
          <span className="mark attention">{t("alerts.nobody")}</span>
        ) : (
          <div className="cell-cut" style={{ maxWidth: 220 }}>{row.steps.map((step) => step.channels.map(channelName).join(", ")).join(" → ")}</div>
        ),
    },
    { key: "open", title: t("alerts.open"), align: "right", order: (row) => row.open, cell: (row) => (row.open > 0 ? <span className="mark broken">{row.open}</span> : <span className="faint">0</span>) },
    {
      key: "enabled",
      title: t("alerts.enabled"),
      cell: (row) => <Switch aria-label={`${t("alerts.enabled")}: ${row.name}`} checked={row.enabled} disabled={!mayChange(row) || (toggle.isPending && toggle.variables.id === row.id)} onChange={() => toggle.mutate(row)} />,
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayChange(row) ? <RowActs name={row.name} edit={() => setDoing({ what: "change", rule: row })} remove={() => setDoing({ what: "remove", rule: row })} /> : null,
    },
  ];
  if (rules.data?.length === 0) return <RuleSuggestions />;
  return (
    <Card bare title={t("alerts.view.rules")}>
      {toggle.isError && <FailureNote error={toggle.error} />}
      <DataTable name="alert-rules" rows={rules.data} columns={columns} rowKey={(row) => row.id} error={rules.error} retry={() => void rules.refetch()} empty={null} />
      {doing?.what === "change" && <RuleForm rule={doing.rule} close={() => setDoing(null)} />}
      {doing?.what === "remove" && <Remove rule={doing.rule} close={() => setDoing(null)} />}
    </Card>
  );
}

function Remove({ rule, close }: { rule: Rule; close: () => void }) {
  const t = useWords();
  const remove = useAlertChange(() => request<undefined>(`/api/alerts/rules/${rule.id}`, { method: "DELETE" }), close);
  return (
    <ConfirmByName
      title={t("alerts.removeRule", { name: rule.name })}
      text={t("alerts.removeRuleText")}
      name={rule.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
