/*
 * The frame that all pages of settings share: the level, the rows, the bar that saves. A page only says which
 * settings it shows and in which order.
 */

import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { IconHistory, IconLock, IconSearchOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { Failure, State } from "../ui/State";
import { type Drafts, faultOf, useDrafts, valueIn } from "./drafts";
import { SettingsHistory } from "./History";
import { putSettings, Review } from "./Review";
import { SettingRow } from "./SettingRow";
import { isFound, type Level, type Setting, type SettingList, settingsQuery, useLevels } from "./shapes";
import "./settings.css";

export interface Section {
  key: string;
  title: string;
  hint?: string;
  items: readonly Setting[];
  /** What stands below the rows; it sees the values as edited. */
  foot?: (valueOf: (name: string) => unknown) => ReactNode;
}

interface FrameProps {
  title: string;
  text: string;
  searched?: boolean;
  sections: (listed: SettingList, level: Level) => Section[];
  children?: (listed: SettingList, level: Level) => ReactNode;
}

/** The level of the address where the caller may read it, else the team, else the first there is. */
function useLevel(readable: readonly Level[]): Level | undefined {
  const { value } = useAddress();
  return readable.find((each) => each === value("level")) ?? readable.find((each) => each === "team") ?? readable[0];
}

export function SettingsFrame(props: FrameProps) {
  const t = useWords();
  const readable = useLevels("read");
  const level = useLevel(readable);
  if (level === undefined) {
    return (
      <Page title={props.title} text={props.text}>
        <Card>
          <State icon={IconLock} title={t("settings.noLevel")} text={t("settings.noLevelText")} />
        </Card>
      </Page>
    );
  }
  return <OnLevel {...props} level={level} readable={readable} />;
}

function OnLevel({ title, text, searched = false, sections, children, level, readable }: FrameProps & { level: Level; readable: readonly Level[] }) {
  const t = useWords();
  const { value, set } = useAddress();
  const settings = useQuery(settingsQuery(level));
  const mayWrite = useLevels("write").includes(level);
  const drafts = useDrafts(level);
  const listed = settings.data;
  const isHistory = value("history") === "1";
  return (
    <Page
      title={title}
      text={text}
      acts={
        <Button variant="default" leftSection={<IconHistory size={14} />} disabled={!listed} onClick={() => set({ history: "1" })}>
          {t("settings.history")}
        </Button>
      }
    >
      <div className="filters">
        <SegmentedControl
          aria-label={t("settings.level")}
          value={level}
          onChange={(next) => set({ level: next })}
          data={readable.map((each) => ({ value: each, label: t(`level.${each}`) }))}
        />
        {searched && <SearchField label={t("settings.search")} width={248} />}
        {!mayWrite && <span className="mark">{t("settings.readOnly")}</span>}
      </div>
      {settings.isError && !listed && (
        <Card>
          <Failure error={settings.error} retry={() => void settings.refetch()} />
        </Card>
      )}
      {settings.isPending && (
        <Card>
          <Skeleton height={220} mt={12} />
        </Card>
      )}
      {listed && (
        <>
          <Sections sections={sections(listed, level)} listed={listed} level={level} drafts={drafts} mayWrite={mayWrite} text={searched ? value("q") : ""} />
          {children?.(listed, level)}
          <SaveBar listed={listed} level={level} drafts={drafts} />
          {isHistory && <SettingsHistory level={level} listed={listed} mayWrite={mayWrite} close={() => set({ history: undefined }, { replace: true })} />}
        </>
      )}
    </Page>
  );
}

interface SectionsProps {
  sections: Section[];
  listed: SettingList;
  level: Level;
  drafts: Drafts;
  mayWrite: boolean;
  text: string;
}

function Sections({ sections, listed, level, drafts, mayWrite, text }: SectionsProps) {
  const t = useWords();
  const { set } = useAddress();
  const found = sections
    .map((section) => ({ ...section, items: section.items.filter((item) => isFound(item, text)) }))
    .filter((section) => section.items.length > 0);
  function valueOf(name: string): unknown {
    const setting = listed.items.find((item) => item.name === name);
    return setting && valueIn(drafts.draft, setting, level);
  }
  if (found.length === 0) {
    return (
      <Card>
        <State icon={IconSearchOff} title={t(text ? "settings.nothing" : "settings.noneHere")} text={t(text ? "settings.nothingText" : "settings.noneHereText")}>
          {text && (
            <Button variant="default" onClick={() => set({ q: undefined })}>
              {t("filter.clear")}
            </Button>
          )}
        </State>
      </Card>
    );
  }
  return found.map((section) => (
    <Card bare key={section.key} title={section.title} hint={section.hint}>
      <div className="settings-list">
        {section.items.map((setting) => (
          <SettingRow key={setting.name} setting={setting} level={level} drafts={drafts} mayWrite={mayWrite} address={listed.address} />
        ))}
      </div>
      {section.foot && <div className="settings-foot">{section.foot(valueOf)}</div>}
    </Card>
  ));
}

function SaveBar({ listed, level, drafts }: { listed: SettingList; level: Level; drafts: Drafts }) {
  const t = useWords();
  const [isReviewing, setReviewing] = useState(false);
  const names = Object.keys(drafts.draft);
  if (names.length === 0) return null;
  const isFaulty = listed.items.some((setting) => setting.name in drafts.draft && faultOf(setting, drafts.draft[setting.name]) !== null);
  return (
    <>
      <div className="save-bar" role="region" aria-label={t("settings.unsaved", { count: names.length })}>
        <span className="grow">{t("settings.unsaved", { count: names.length })}</span>
        <Button variant="default" onClick={drafts.clear}>
          {t("settings.discard")}
        </Button>
        <Button disabled={isFaulty} onClick={() => setReviewing(true)}>
          {t("settings.review")}
        </Button>
      </div>
      {isReviewing && (
        <Review
          level={level}
          listed={listed}
          title={t("settings.reviewTitle")}
          act={t("settings.save")}
          hasNote
          ask={putSettings(level, drafts.draft)}
          askKey={drafts.draft}
          close={() => setReviewing(false)}
          saved={drafts.clear}
        />
      )}
    </>
  );
}
