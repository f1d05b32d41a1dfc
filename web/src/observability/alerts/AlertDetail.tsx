/* One alert: its measure around the time, what happened to it, and the way to the calls behind it. */

import { Button, Drawer, Skeleton } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "../../api/session";
import { ChartCard } from "../../charts/Chart";
import { formatDuration } from "../../format/number";
import { formatBucket } from "../../format/time";
import { useLanguage, useWords } from "../../i18n/language";
import { useNow } from "../../ui/now";
import { Failure } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { AnswerButtons } from "./Answer";
import { behindAlert } from "./behind";
import { seriesOfAlert } from "./series";
import { SeverityMark } from "./SeverityMark";
import { type Alert, type AlertDetail as Detail, type AlertEvent, alertQuery, isTold } from "./shapes";
import { axisText, comparisonText, figureText, measureName, useNames } from "./words";

export function AlertDetail({ id, close }: { id: string; close: () => void }) {
  const t = useWords();
  const detail = useQuery(alertQuery(id));
  return (
    <Drawer opened onClose={close} position="right" size={640} title={detail.data?.alert.rule_name ?? t("alerts.alert")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {detail.data ? <Content detail={detail.data} /> : detail.error ? <Failure error={detail.error} retry={() => void detail.refetch()} /> : <Skeleton height={240} />}
    </Drawer>
  );
}

function Content({ detail }: { detail: Detail }) {
  const { t, language } = useLanguage();
  const names = useNames();
  const mayAnswer = useMay("alerts.answer");
  const { alert, rule, events } = detail;
  const labels = names.labels(alert.labels);
  const behind = behindAlert(alert, rule, useNow());
  return (
    <div className="stack">
      <div className="row wrap">
        <SeverityMark severity={alert.severity} />
        <span className={`mark ${alert.state === "resolved" ? "good" : alert.state === "firing" ? "broken" : "attention"}`}>{t(`alerts.state.${alert.state}`)}</span>
        {labels !== "" && <span className="dim">{labels}</span>}
      </div>
      {rule && <p style={{ margin: 0 }}>{comparisonText(rule, t, language)}</p>}
      {rule && !isTold(alert.measure) && <Picture detail={detail} threshold={rule.threshold} clear={rule.clear} />}
      <Figures alert={alert} />
      <div className="row wrap">
        {mayAnswer && <AnswerButtons alert={alert} />}
        <Button component={Link} to={behind.to} search={behind.search as never} variant="default" leftSection={<IconChartBar size={14} />}>
          {t("alerts.behind")}
        </Button>
      </div>
      <section>
        <h2 className="alert-heading">{t("alerts.story")}</h2>
        <ol className="alert-story">
          {events.map((event, place) => (
            <Event key={place} event={event} />
          ))}
        </ol>
      </section>
    </div>
  );
}

function Picture({ detail, threshold, clear }: { detail: Detail; threshold: string; clear: string }) {
  const { t, language } = useLanguage();
  const { alert, points } = detail;
  const chart = useMemo(
    () => seriesOfAlert(points, { threshold, clear }, { measure: measureName(alert.measure, t), threshold: t("alerts.threshold"), clear: t("alerts.clear") }),
    [points, threshold, clear, alert.measure, t],
  );
  return (
    <ChartCard
      title={measureName(alert.measure, t)}
      buckets={chart.buckets}
      interval="minute"
      series={chart.series}
      shape="area"
      format={(value) => figureText(value, alert.measure, language)}
      formatAxis={(value) => axisText(value, alert.measure, language)}
      height={220}
      file={`mno-${alert.id}`}
    />
  );
}

function Figures({ alert }: { alert: Alert }) {
  const { t, language } = useLanguage();
  const now = useNow();
  const end = alert.resolved_at ? Date.parse(alert.resolved_at) : now;
  return (
    <dl className="pairs">
      <dt>{t(alert.state === "resolved" ? "alerts.lastValue" : "alerts.value")}</dt>
      <dd>
        {figureText(alert.value, alert.measure, language)} <span className="dim">· {t("alerts.peak")} {figureText(alert.peak, alert.measure, language)} · {t("alerts.threshold")} {figureText(alert.threshold, alert.measure, language)}</span>
      </dd>
      <dt>{t("anomalies.start")}</dt>
      <dd>
        {formatBucket(Date.parse(alert.started_at), "minute", language, true)} <span className="dim">· <Ago at={alert.started_at} /></span>
      </dd>
      <dt>{t("alerts.lasted")}</dt>
      <dd>{formatDuration(end - Date.parse(alert.started_at), language)}</dd>
    </dl>
  );
}

function Event({ event }: { event: AlertEvent }) {
  const t = useWords();
  return (
    <li className={`alert-event ${event.kind}`}>
      <div>
        {t(`alerts.event.${event.kind}`)}
        {event.by !== "" && ` · ${event.by}`} <span className="dim">· <Ago at={event.at} /></span>
      </div>
      {event.note !== "" && <div className="alert-note">{event.note}</div>}
    </li>
  );
}
