/* Who changed what and when, newest first, and the way back to any state. */

import { Button, Drawer, Skeleton } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { Differences } from "../ui/Differences";
import { Failure, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { Review } from "./Review";
import { historyQuery, type Level, type Saved, type SettingList } from "./shapes";
import { useChanged } from "./SettingValue";

interface HistoryProps {
  level: Level;
  listed: SettingList;
  mayWrite: boolean;
  close: () => void;
}

export function SettingsHistory({ level, listed, mayWrite, close }: HistoryProps) {
  const t = useWords();
  const history = useInfiniteQuery(historyQuery(level));
  const changedOf = useChanged(listed.items, level);
  const [backTo, setBackTo] = useState<number | null>(null);
  const revisions = history.data?.pages.flatMap((page) => page.items);
  return (
    <Drawer opened onClose={close} position="right" size={560} title={t("settings.historyOf", { level: t(`level.${level}`) })} closeButtonProps={{ "aria-label": t("act.close") }}>
      {history.isError && !revisions && <Failure error={history.error} retry={() => void history.refetch()} />}
      {history.isPending && <Skeleton height={96} />}
      {revisions?.length === 0 && <State icon={IconHistory} title={t("settings.historyEmpty")} text={t("settings.historyEmptyText")} />}
      {revisions?.map((revision, index) => (
        <section className="revision" key={revision.revision} aria-label={t("settings.revision", { number: revision.revision })}>
          <div className="revision-head">
            <strong style={{ fontWeight: 500 }}>{t("settings.revision", { number: revision.revision })}</strong>
            <span className="dim">
              {revision.by} · <Ago at={revision.at} />
            </span>
            {index === 0 && <span className="mark good">{t("settings.now")}</span>}
            <span className="grow" />
            {index > 0 && mayWrite && (
              <Button variant="default" onClick={() => setBackTo(revision.revision)}>
                {t("settings.rollBack")}
              </Button>
            )}
          </div>
          {revision.note !== "" && <p style={{ margin: "0 0 8px" }}>{revision.note}</p>}
          <Differences items={changedOf(revision.changes)} />
        </section>
      ))}
      <div className="row wrap" style={{ marginTop: 12 }}>
        {history.hasNextPage && (
          <Button variant="default" loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
            {t("traces.more")}
          </Button>
        )}
        {!history.hasNextPage && mayWrite && (revisions?.length ?? 0) > 0 && (
          <Button variant="default" onClick={() => setBackTo(0)}>
            {t("settings.rollBackAll")}
          </Button>
        )}
      </div>
      {backTo !== null && (
        <Review
          level={level}
          listed={listed}
          title={backTo === 0 ? t("settings.rollBackAll") : t("settings.rollBackTo", { number: backTo })}
          act={t("settings.rollBack")}
          hasNote={false}
          ask={({ preview, confirmed }) => request<Saved>("/api/config/system/rollback", { method: "POST", json: { level, to: backTo, preview, confirmed } })}
          askKey={backTo}
          close={() => setBackTo(null)}
          saved={() => setBackTo(null)}
        />
      )}
    </Drawer>
  );
}
