/* System settings: the whole catalogue of a level, and what the operator decided before the start. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { currencyQuery, useMay } from "../api/session";
import { useWords } from "../i18n/language";
import { Card } from "../ui/Page";
import { type Section, SettingsFrame } from "./Frame";
import { MailDesk } from "./MailDesk";
import { OtelDesk } from "./OtelDesk";
import { groupOf, type Setting, type SettingList } from "./shapes";

/** What belongs to a group and is no setting: credentials, trials. */
const FEET: Readonly<Record<string, () => ReactNode>> = { general: () => <Currency />, mail: () => <MailDesk />, otel: () => <OtelDesk /> };
const GROUPS = ["general", "systems", "security", "github", "redaction", "costs", "retention", "mail", "otel", "llm", "mcp"] as const;

function byGroup(items: readonly Setting[]): Map<string, Setting[]> {
  const groups = new Map<string, Setting[]>();
  for (const item of items) groups.set(groupOf(item.name), [...(groups.get(groupOf(item.name)) ?? []), item]);
  return groups;
}

export default function SettingsPage() {
  const t = useWords();
  function sections(listed: SettingList): Section[] {
    return [...byGroup(listed.items)].map(([group, items]) => {
      const known = GROUPS.find((each) => each === group);
      return { key: group, title: known ? t(`settings.group.${known}`) : group, items, foot: FEET[group] };
    });
  }
  return (
    <SettingsFrame title={t("nav.settingsSystem")} text={t("settings.text")} searched sections={sections}>
      {(listed) => listed.environment.length > 0 && <Environment listed={listed} />}
    </SettingsFrame>
  );
}

/** The team's currency stands beside the rates that it needs. */
function Currency() {
  const t = useWords();
  const mayRead = useMay("settings.read");
  const { data } = useQuery({ ...currencyQuery, enabled: mayRead });
  if (!data) return null;
  return (
    <div className="row wrap">
      <span className="dim">{t("settings.currency", { currency: data.display })}</span>
      <Link to="/costs/prices" className="link">{t("settings.currencyLink")}</Link>
    </div>
  );
}

function Environment({ listed }: { listed: SettingList }) {
  const t = useWords();
  return (
    <Card title={t("settings.environment")} hint={t("settings.environmentText")}>
      <dl className="pairs">
        {listed.environment.map(({ name, value }) => (
          <div key={name} style={{ display: "contents" }}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{value === "" ? <span className="faint">{t("settings.empty")}</span> : value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
