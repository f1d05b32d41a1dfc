/* One setting: what it means, where its value comes from, and its editor. */

import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconArrowBackUp, IconArrowBarToUp } from "@tabler/icons-react";
import { useId } from "react";
import { type Translate, useLanguage } from "../i18n/language";
import { admits } from "./addresses";
import { type Drafts, faultOf, valueIn } from "./drafts";
import { Editor } from "./Editors";
import { ALLOWED_ADDRESSES, isStrings, type Level, type Setting, wordsOf } from "./shapes";

interface RowProps {
  setting: Setting;
  level: Level;
  drafts: Drafts;
  mayWrite: boolean;
  /** Where the reader comes from. */
  address: string;
}

const AWAITED = { "MCP gateway": "settings.awaited.mcp" } as const;
const awaited = (system: string, t: Translate) => (system in AWAITED ? t(AWAITED[system as keyof typeof AWAITED]) : system);
const WIDE = new Set(["patterns"]);

export function SettingRow({ setting, level, drafts, mayWrite, address }: RowProps) {
  const { t, language } = useLanguage();
  const { title, description } = wordsOf(setting, language);
  const describedBy = useId();
  const { draft } = drafts;
  const isEdited = setting.name in draft;
  const isTakenAway = isEdited && draft[setting.name] === null;
  const value = valueIn(draft, setting, level);
  const mayTakeAway = mayWrite && setting.own !== null && !isTakenAway;
  return (
    <div className={["setting", isEdited ? "edited" : "", WIDE.has(setting.kind) ? "wide" : ""].join(" ")} data-setting={setting.name}>
      <div>
        <div className="setting-title">
          <h3>{title}</h3>
          <Source setting={setting} level={level} isEdited={isEdited} />
          {setting.awaits !== "" && <span className="mark information">{t("settings.awaits", { system: awaited(setting.awaits, t) })}</span>}
          {!setting.at_once && <span className="mark attention">{t("settings.restart")}</span>}
        </div>
        <p id={describedBy}>{description}</p>
        <div className="setting-name">{setting.name}</div>
      </div>
      <div style={{ minWidth: 0 }}>
        <div className="setting-edit">
          {isTakenAway && level !== "hub" ? (
            <span className="dim" style={{ paddingBlock: 4 }}>{t("settings.willInherit")}</span>
          ) : (
            <Editor setting={setting} label={title} describedBy={describedBy} value={value} disabled={!mayWrite || isTakenAway} fault={isEdited ? faultOf(setting, value) : null} change={(next) => drafts.change(setting, next)} />
          )}
          <div className="setting-acts">
            {isEdited ? (
              <Tooltip label={t("settings.undo")}>
                <ActionIcon aria-label={`${t("settings.undo")}: ${title}`} onClick={() => drafts.undo(setting.name)}>
                  <IconArrowBackUp size={16} />
                </ActionIcon>
              </Tooltip>
            ) : (
              mayTakeAway && (
                <Tooltip label={t(level === "hub" ? "settings.toDefault" : "settings.takeAway")}>
                  <ActionIcon aria-label={`${t(level === "hub" ? "settings.toDefault" : "settings.takeAway")}: ${title}`} onClick={() => drafts.change(setting, null)}>
                    <IconArrowBarToUp size={16} />
                  </ActionIcon>
                </Tooltip>
              )
            )}
          </div>
        </div>
        {setting.name === ALLOWED_ADDRESSES && !isTakenAway && (
          <OwnAddress address={address} networks={isStrings(value) ? value : []} add={mayWrite ? (own) => drafts.change(setting, [...(isStrings(value) ? value : []), own]) : null} />
        )}
      </div>
    </div>
  );
}

function Source({ setting, level, isEdited }: { setting: Setting; level: Level; isEdited: boolean }) {
  const { t } = useLanguage();
  if (isEdited) return <span className="mark accent">{t("settings.edited")}</span>;
  if (setting.source === null) return <span className="mark outline">{t("settings.source.default")}</span>;
  const source = setting.source as Level;
  return <span className={source === level ? "mark good" : "mark"}>{t(source === level ? "settings.source.here" : `settings.source.${source}`)}</span>;
}

/** The reader's own address beside an allow list, and a warning when the list leaves it out. */
function OwnAddress({ address, networks, add }: { address: string; networks: string[]; add: ((own: string) => void) | null }) {
  const { t } = useLanguage();
  if (address === "") return null;
  if (admits(networks, address)) {
    return (
      <div className="dim" style={{ marginTop: 6, fontSize: 12 }}>
        {t("security.youComeFrom")} <span className="mono">{address}</span>
      </div>
    );
  }
  return (
    <div className="notice attention" role="note" style={{ marginTop: 8 }}>
      <IconAlertTriangle size={16} aria-hidden />
      <span className="grow">{t("security.leftOut", { address })}</span>
      {add && (
        <Button variant="default" onClick={() => add(address)}>
          {t("security.addOwn")}
        </Button>
      )}
    </div>
  );
}
