/* Anomalies: which hours were not like those before them, who drove them, and what people think of it. */

import { Select } from "@mantine/core";
import { IconMoodCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { Anomaly } from "../../api/types";
import { formatChange } from "../../format/number";
import { formatBucket } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Card, Page } from "../../ui/Page";
import { State } from "../../ui/State";
import { AnomalyDetail } from "./AnomalyDetail";
import { driverText, figureText, MEASURES, scopeText } from "./words";

const DAYS = ["7", "30", "90"] as const;

export default function AnomaliesPage() {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const days = DAYS.find((each) => each === value("days")) ?? "30";
  const measure = MEASURES.find((each) => each === value("measure"));
  const verdict = value("verdict");
  const asked = { from: `-${days}d`, measure, expected: verdict === "expected" ? true : verdict === "open" ? false : undefined };
  const anomalies = useQuery({
    queryKey: ["anomalies", asked],
    queryFn: ({ signal }) => request<{ items: Anomaly[] }>(address("/api/anomalies", asked), { signal }),
    refetchInterval: 60_000,
  });
  const opened = value("anomaly");
  const columns: Column<Anomaly>[] = [
    {
      key: "what",
      title: t("anomalies.what"),
      order: (row) => `${row.measure} ${row.kind}`,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div style={{ fontWeight: 500 }}>{t("anomalies.kindOf", { measure: t(`metric.${row.measure}`), kind: t(`anomalies.kind.${row.kind}`) })}</div>
          <div className="dim cell-cut" style={{ fontSize: 12, lineHeight: "16px" }}>{scopeText(row.scope, t)}</div>
        </div>
      ),
    },
    { key: "start", title: t("anomalies.start"), order: (row) => Date.parse(row.start), cell: (row) => formatBucket(Date.parse(row.start), "hour", language, true) },
    { key: "hours", title: t("anomalies.hours"), align: "right", order: hoursOf, cell: hoursOf },
    { key: "actual", title: t("anomalies.actual"), align: "right", cell: (row) => figureText(row.actual, row.measure, language) },
    { key: "expected", title: t("anomalies.usual"), align: "right", cell: (row) => <span className="dim">{figureText(row.expected, row.measure, language)}</span> },
    {
      key: "change",
      title: t("anomalies.change"),
      align: "right",
      order: (row) => (row.expected > 0 ? row.actual / row.expected : Number.MAX_VALUE),
      cell: (row) => (row.expected > 0 ? formatChange(row.actual / row.expected - 1, language) : <span className="mark">{t("compare.new")}</span>),
    },
    { key: "drivers", title: t("anomalies.drivers"), cell: (row) => <span className="cell-cut">{row.drivers[0] ? driverText(row.drivers[0], t, language) : "–"}</span> },
    {
      key: "verdict",
      title: t("anomalies.verdict"),
      cell: (row) => (row.expected_mark ? <span className="mark good">{t("anomalies.expected")}</span> : <span className="mark attention">{t("anomalies.open")}</span>),
    },
  ];
  return (
    <Page title={t("nav.anomalies")} text={t("anomalies.text")}>
      <div className="filters">
        <Select
          aria-label={t("chart.time")}
          w={140}
          value={days}
          onChange={(next) => set({ days: next ?? undefined })}
          data={DAYS.map((each) => ({ value: each, label: t("anomalies.lastDays", { count: Number(each) }) }))}
          allowDeselect={false}
        />
        <Select
          aria-label={t("anomalies.measure")}
          w={150}
          value={measure ?? ""}
          onChange={(next) => set({ measure: next || undefined })}
          data={[{ value: "", label: t("anomalies.anyMeasure") }, ...MEASURES.map((each) => ({ value: each, label: t(`metric.${each}`) }))]}
          allowDeselect={false}
        />
        <Select
          aria-label={t("anomalies.verdict")}
          w={150}
          value={verdict}
          onChange={(next) => set({ verdict: next || undefined })}
          data={[{ value: "", label: t("anomalies.anyVerdict") }, { value: "open", label: t("anomalies.open") }, { value: "expected", label: t("anomalies.expected") }]}
          allowDeselect={false}
        />
      </div>
      {opened !== "" && <AnomalyDetail id={opened} close={() => set({ anomaly: undefined })} />}
      <Card bare title={t("anomalies.list")} acts={<ColumnChooser name="anomalies" columns={columns} />}>
        <DataTable
          name="anomalies"
          rows={anomalies.data?.items}
          columns={columns}
          rowKey={(row) => row.id}
          error={anomalies.error}
          retry={() => void anomalies.refetch()}
          onOpen={(row) => set({ anomaly: row.id })}
          empty={<State icon={IconMoodCheck} title={t("anomalies.none")} text={t("anomalies.noneText")} />}
        />
      </Card>
    </Page>
  );
}

function hoursOf(anomaly: Anomaly): number {
  return Math.round((Date.parse(anomaly.end) - Date.parse(anomaly.start)) / 3_600_000);
}
