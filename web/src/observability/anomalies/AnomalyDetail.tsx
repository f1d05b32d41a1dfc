/* One anomaly: the hours around it with the band of the usual, its drivers, and the word of whoever knows better. */

import { ActionIcon, Button, TextInput, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import type { Anomaly, AnomalyDetail as Detail } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import type { Series } from "../../charts/series";
import { useLanguage } from "../../i18n/language";
import { Card } from "../../ui/Page";
import { Failure, FailureNote } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { driverText, figureText, scopeText } from "./words";

export function AnomalyDetail({ id, close }: { id: string; close: () => void }) {
  const { t, language } = useLanguage();
  const detail = useQuery({ queryKey: ["anomaly", id], queryFn: ({ signal }) => request<Detail>(`/api/anomalies/${id}`, { signal }) });
  const found = detail.data;
  const chart = useMemo(() => found && seriesOf(found, { actual: t("anomalies.actual"), usual: t("anomalies.usual"), band: t("anomalies.band"), strange: t("anomalies.strange") }), [found, t]);
  if (detail.error && !found) return <Failure error={detail.error} retry={() => void detail.refetch()} />;
  const measure = found?.anomaly.measure ?? "cost";
  return (
    <div className="stack">
      <ChartCard
        title={found ? t("anomalies.kindOf", { measure: t(`metric.${measure}`), kind: t(`anomalies.kind.${found.anomaly.kind}`) }) : t("anomalies.list")}
        hint={found && scopeText(found.anomaly.scope, t)}
        acts={
          <Tooltip label={t("act.close")}>
            <ActionIcon aria-label={t("act.close")} onClick={close}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        }
        buckets={chart?.buckets}
        interval="hour"
        series={chart?.series ?? []}
        shape="line"
        format={(value) => figureText(value, measure, language)}
        file={`mno-${id}`}
      />
      {found && <Verdict anomaly={found.anomaly} />}
    </div>
  );
}

function Verdict({ anomaly }: { anomaly: Anomaly }) {
  const { t, language } = useLanguage();
  const mayMark = useMay("anomalies.write");
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const mark = useMutation({
    mutationFn: (expected: boolean) => request<Anomaly>(`/api/anomalies/${anomaly.id}/expected`, { method: "POST", json: { expected, note } }),
    onSuccess: () => Promise.all([queries.invalidateQueries({ queryKey: ["anomalies"] }), queries.invalidateQueries({ queryKey: ["anomaly", anomaly.id] })]),
  });
  const marked = anomaly.expected_mark;
  return (
    <Card title={t("anomalies.drivers")}>
      <div className="stack">
        <div>
          {anomaly.drivers.length === 0 ? (
            <p className="dim">{t("anomalies.noDrivers")}</p>
          ) : (
            <ul style={{ margin: 0, paddingInlineStart: 18 }}>
              {anomaly.drivers.map((driver) => (
                <li key={driver.values.map(({ value }) => value).join()}>
                  {driverText(driver, t, language)}{" "}
                  <span className="dim">{anomaly.measure === "latency" ? "" : t("anomalies.insteadOf", { actual: figureText(driver.amount, anomaly.measure, language), usual: figureText(driver.usual, anomaly.measure, language) })}</span>
                </li>
              ))}
            </ul>
          )}
        </div>
        {marked && (
          <p>
            {t("anomalies.expectedBy", { name: marked.by })} <Ago at={marked.at} />
            {marked.note && `: ${marked.note}`}
          </p>
        )}
        {mayMark && (
          <div className="row wrap">
            {!marked && <TextInput aria-label={t("anomalies.note")} placeholder={t("anomalies.note")} maxLength={500} value={note} onChange={(event) => setNote(event.currentTarget.value)} />}
            <Button variant="default" loading={mark.isPending} onClick={() => mark.mutate(!marked)}>
              {marked ? t("anomalies.takeBack") : t("anomalies.mark")}
            </Button>
            <span className="dim">{t("anomalies.markText")}</span>
          </div>
        )}
        {mark.error && <FailureNote error={mark.error} />}
      </div>
    </Card>
  );
}

function seriesOf({ anomaly, points }: Detail, names: { actual: string; usual: string; band: string; strange: string }): { buckets: number[]; series: Series[] } {
  const isStrange = (at: string) => Date.parse(at) >= Date.parse(anomaly.start) && Date.parse(at) < Date.parse(anomaly.end);
  return {
    buckets: points.map(({ at }) => Date.parse(at)),
    series: [
      { name: names.band, kind: "band", color: 1, low: points.map(({ low }) => low), values: points.map(({ high }) => high) },
      { name: names.usual, kind: "before", values: points.map(({ expected }) => expected) },
      { name: names.actual, color: 0, values: points.map(({ actual }) => actual) },
      { name: names.strange, kind: "mark", values: points.map(({ at, actual }) => (isStrange(at) ? actual : null)) },
    ],
  };
}
