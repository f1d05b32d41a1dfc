/* What fires now: the gravest first, each with its value against the threshold and a way to answer. */

import { Button, Skeleton } from "@mantine/core";
import { IconMoodSmile, IconUserCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMay } from "../../api/session";
import { useLanguage } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Card } from "../../ui/Page";
import { Failure, State } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { AnswerButtons } from "./Answer";
import { MiniChart } from "./MiniChart";
import { RuleSuggestions } from "./RuleSuggestions";
import { SeverityMark } from "./SeverityMark";
import { type Alert, alertQuery, byUrgency, isTold, openAlertsQuery, rulesQuery } from "./shapes";
import { figureText, measureName, useNames } from "./words";

/** Cards that have a picture; each of them is a question to the spans. */
const MOST_PICTURES = 12;

export function Live() {
  const { t } = useLanguage();
  const firing = useQuery(openAlertsQuery("firing"));
  const acknowledged = useQuery(openAlertsQuery("acknowledged"));
  const rules = useQuery(rulesQuery);
  const error = firing.error ?? acknowledged.error;
  if (error && !(firing.data && acknowledged.data)) return <Failure error={error} retry={() => void Promise.all([firing.refetch(), acknowledged.refetch()])} />;
  if (!firing.data || !acknowledged.data || !rules.data) return <Skeleton height={120} radius={8} />;
  const alerts = [...firing.data, ...acknowledged.data].sort(byUrgency);
  if (alerts.length > 0) {
    return (
      <ul className="alerts">
        {alerts.map((alert, place) => (
          <AlertCard key={alert.id} alert={alert} hasPicture={place < MOST_PICTURES} />
        ))}
      </ul>
    );
  }
  if (rules.data.length === 0) return <RuleSuggestions />;
  const watching = rules.data.filter(({ enabled }) => enabled).length;
  return (
    <Card>
      <State icon={IconMoodSmile} title={t("alerts.quiet")} text={t("alerts.quietText", { count: watching })} />
    </Card>
  );
}

function AlertCard({ alert, hasPicture }: { alert: Alert; hasPicture: boolean }) {
  const { t, language } = useLanguage();
  const { set } = useAddress();
  const names = useNames();
  const mayAnswer = useMay("alerts.answer");
  const labels = names.labels(alert.labels);
  const isFiring = alert.state === "firing";
  const open = () => set({ alert: alert.id });
  return (
    <li className={`alert ${isFiring ? alert.severity : "taken"}`}>
      <div className="alert-what">
        <button type="button" className="link alert-name" onClick={open}>
          {alert.rule_name}
        </button>
        {labels !== "" && <div className="alert-labels" title={labels}>{labels}</div>}
        <div className="row wrap alert-marks">
          <SeverityMark severity={alert.severity} />
          {!isFiring && (
            <span className="mark good">
              <IconUserCheck size={13} aria-hidden />
              {t("alerts.takenBy", { name: alert.acknowledged_by })}
            </span>
          )}
          {isFiring && alert.told_steps === 0 && <span className="mark">{t("alerts.silenced")}</span>}
          <span className="dim nowrap">
            {t("alerts.since")} <Ago at={alert.started_at} />
          </span>
        </div>
      </div>
      <div className="alert-figure">
        <div className="alert-value">{figureText(alert.value, alert.measure, language)}</div>
        <div className="dim alert-against">{t("alerts.against", { measure: measureName(alert.measure, t), threshold: figureText(alert.threshold, alert.measure, language) })}</div>
      </div>
      <div className="alert-picture">{hasPicture && !isTold(alert.measure) && <Picture alert={alert} />}</div>
      <div className="alert-acts">
        {mayAnswer && <AnswerButtons alert={alert} />}
        <Button variant="subtle" color="gray" aria-label={`${t("alerts.details")} ${alert.rule_name} ${alert.group}`.trim()} onClick={open}>
          {t("alerts.details")}
        </Button>
      </div>
    </li>
  );
}

function Picture({ alert }: { alert: Alert }) {
  const { data } = useQuery(alertQuery(alert.id));
  if (!data) return <Skeleton height={48} />;
  return <MiniChart points={data.points} threshold={Number(alert.threshold)} />;
}
