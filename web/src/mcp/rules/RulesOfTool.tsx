/* The rules that hold for one tool: how often it may be called, and whether somebody has to let a call happen. */

import { Button, Skeleton, Switch } from "@mantine/core";
import { IconPlus, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { useMayInTeam } from "../../api/session";
import { formatCount } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { RowActs } from "../../ui/RowActs";
import { Failure, FailureNote, State } from "../../ui/State";
import { rulesQuery, type ToolRule, useMcpChange } from "../shapes";
import { isFor, LIMIT_NAMES, SWITCHES } from "./ruleDraft";
import { RuleForm } from "./RuleForm";

type Doing = { what: "change" | "remove"; rule: ToolRule } | { what: "add" };

export function RulesOfTool({ server, tool }: { server: string; tool: string }) {
  const t = useWords();
  const mayWrite = useMayInTeam("mcp.write");
  const rules = useQuery(rulesQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  const toggle = useMcpChange((rule: ToolRule) => request<ToolRule>(`/api/mcp/policies/${rule.id}`, { method: "PATCH", json: { enabled: !rule.enabled } }));
  const found = rules.data?.filter((rule) => isFor(rule, server, tool));
  const add = mayWrite && (
    <Button variant="default" style={{ alignSelf: "flex-start" }} leftSection={<IconPlus size={14} />} onClick={() => setDoing({ what: "add" })}>
      {t("rules.add")}
    </Button>
  );
  return (
    <div className="stack">
      {rules.isError && !found && <Failure error={rules.error} retry={() => void rules.refetch()} />}
      {rules.isPending && <Skeleton height={64} />}
      {toggle.isError && <FailureNote error={toggle.error} />}
      {found?.length === 0 && (
        <State icon={IconShieldCheck} title={t("rules.empty")} text={t("rules.emptyText")}>
          {add || null}
        </State>
      )}
      {found?.map((rule) => (
        <article key={rule.id} className="tool-rule" aria-label={rule.name}>
          <div className="row">
            <Switch aria-label={`${t("mcp.enabled")}: ${rule.name}`} checked={rule.enabled} disabled={!mayWrite || toggle.isPending} onChange={() => toggle.mutate(rule)} />
            <h3 className="grow cut">{rule.name}</h3>
            {mayWrite && <RowActs name={rule.name} edit={() => setDoing({ what: "change", rule })} remove={() => setDoing({ what: "remove", rule })} />}
          </div>
          <RuleMarks rule={rule} />
          <div className="dim mono" style={{ fontSize: 12 }}>{rule.server} · {rule.tool}</div>
        </article>
      ))}
      {found && found.length > 0 && add}
      <span className="dim" style={{ fontSize: 12 }}>
        {t("rules.whoText")} <Link to="/team/explain" className="link">{t("nav.explain")}</Link>
      </span>
      {doing?.what === "add" && <RuleForm rule={null} server={server} tool={tool} close={close} />}
      {doing?.what === "change" && <RuleForm rule={doing.rule} server={server} tool={tool} close={close} />}
      {doing?.what === "remove" && <RemoveRule rule={doing.rule} close={close} />}
    </div>
  );
}

function RuleMarks({ rule }: { rule: ToolRule }) {
  const { t, language } = useLanguage();
  return (
    <div className="row wrap" style={{ gap: 4 }}>
      {rule.approval && <span className="mark attention">{t("rules.needsApproval", { count: rule.approval.persons ?? 1 })}</span>}
      {LIMIT_NAMES.map((name) => rule[name] !== null && <span key={name} className="mark">{t(`rules.${name}`)}: {formatCount(rule[name], language)}</span>)}
      {SWITCHES.map((name) => rule[name] && <span key={name} className="mark">{t(`rules.${name}`)}</span>)}
    </div>
  );
}

function RemoveRule({ rule, close }: { rule: ToolRule; close: () => void }) {
  const t = useWords();
  const remove = useMcpChange(() => request<undefined>(`/api/mcp/policies/${rule.id}`, { method: "DELETE" }), close);
  return (
    <ConfirmByName
      title={t("gateway.removeProvider", { name: rule.name })}
      text={t("rules.removeText")}
      name={rule.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
