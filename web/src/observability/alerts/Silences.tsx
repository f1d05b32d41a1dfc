/* Silences as an agenda: what is quiet now, what will be, why, and by whose word. */

import { Button, Skeleton } from "@mantine/core";
import { IconBellOff, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import { useLanguage } from "../../i18n/language";
import { useNow } from "../../ui/now";
import { Card } from "../../ui/Page";
import { Failure, FailureNote, State } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { type Rule, rulesQuery, type Silence, silencesQuery, useAlertChange } from "./shapes";
import { SilenceForm } from "./SilenceForm";
import { useNames } from "./words";

export function Silences() {
  const { t } = useLanguage();
  const silences = useQuery(silencesQuery);
  const rules = useQuery(rulesQuery);
  const mayWrite = useMay("alerts.write");
  const [edited, setEdited] = useState<Silence | "new" | null>(null);
  const add = mayWrite && (
    <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => setEdited("new")}>
      {t("silences.add")}
    </Button>
  );
  const items = silences.data && [...silences.data].sort((left, right) => Date.parse(left.from) - Date.parse(right.from));
  return (
    <Card bare title={t("alerts.view.silences")} hint={t("silences.hint")} acts={add}>
      {silences.error && !items ? (
        <Failure error={silences.error} retry={() => void silences.refetch()} />
      ) : !items ? (
        <Skeleton height={96} m={16} />
      ) : items.length === 0 ? (
        <State icon={IconBellOff} title={t("silences.empty")} text={t("silences.emptyText")} />
      ) : (
        <ul className="agenda">
          {items.map((each) => (
            <Entry key={each.id} silence={each} rule={rules.data?.find(({ id }) => id === each.rule)} change={() => setEdited(each)} />
          ))}
        </ul>
      )}
      {edited !== null && <SilenceForm silence={edited === "new" ? null : edited} close={() => setEdited(null)} />}
    </Card>
  );
}

function Entry({ silence, rule, change }: { silence: Silence; rule: Rule | undefined; change: () => void }) {
  const { t, language } = useLanguage();
  const names = useNames();
  const now = useNow();
  const mayWrite = useMay("alerts.write");
  const mayWriteInTeam = useMayInTeam("alerts.write");
  const end = useAlertChange(() => request<undefined>(`/api/alerts/silences/${silence.id}`, { method: "DELETE" }));
  const [from, to] = [Date.parse(silence.from), Date.parse(silence.to)];
  const isNow = from <= now;
  const time = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options).format(from);
  const whom = [rule?.name ?? (silence.rule ? t("silences.goneRule") : t(silence.of === "team" ? "silences.everythingInTeam" : "silences.everything")), names.labels(silence.labels)].filter(Boolean).join(" · ");
  return (
    <li className={isNow ? "agenda-entry now" : "agenda-entry"}>
      <div className="agenda-day" aria-hidden>
        <span>{part({ month: "short" })}</span>
        <b>{part({ day: "2-digit" }).replace(/\D/g, "")}</b>
        <span>{part({ weekday: "short" })}</span>
      </div>
      <div style={{ minWidth: 0 }}>
        <div className="row wrap" style={{ gap: 8 }}>
          <span style={{ fontWeight: 500 }}>{silence.reason}</span>
          {isNow && <span className="mark accent">{t("silences.now")}</span>}
        </div>
        <div>{whom}</div>
        <div className="dim" style={{ fontSize: 12 }}>
          {time.formatRange(from, to)} · {t(isNow ? "silences.ends" : "silences.begins")} <Ago at={isNow ? silence.to : silence.from} /> · {silence.created_by}
        </div>
        {end.isError && <FailureNote error={end.error} />}
      </div>
      {(silence.of === "team" ? mayWriteInTeam : mayWrite) && (
        <div className="row agenda-acts" style={{ gap: 0 }}>
          <Button variant="subtle" color="gray" aria-label={`${t("budgets.edit")} ${silence.reason}`} onClick={change}>
            {t("budgets.edit")}
          </Button>
          <Button variant="subtle" color="red" loading={end.isPending} aria-label={`${t("silences.end")} ${silence.reason}`} onClick={() => end.mutate()}>
            {t("silences.end")}
          </Button>
        </div>
      )}
    </li>
  );
}
