/* Every alert of the last months: when it was, how far it went, and who ended it. */

import { Button, Select } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { formatDuration } from "../../format/number";
import { formatBucket } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { useNow } from "../../ui/now";
import { Card } from "../../ui/Page";
import { State } from "../../ui/State";
import { SeverityMark } from "./SeverityMark";
import { type Alert, historyQuery, rulesQuery, STATES } from "./shapes";
import { figureText, useNames } from "./words";

const TONES = { firing: "broken", acknowledged: "attention", resolved: "good" } as const;

export function History() {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const now = useNow();
  const names = useNames();
  const rules = useQuery(rulesQuery);
  const alerts = useInfiniteQuery(historyQuery(value("state"), value("rule")));
  const rows = alerts.data?.pages.flatMap((page) => page.items);
  const columns: Column<Alert>[] = [
    {
      key: "what",
      title: t("alerts.alert"),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <button
            type="button"
            className="link cut"
            style={{ color: "inherit", fontWeight: 500 }}
            onClick={(event) => {
              event.stopPropagation();
              set({ alert: row.id });
            }}
          >
            {row.rule_name}
          </button>
          <div className="dim cell-cut" style={{ fontSize: 12, lineHeight: "16px" }}>{names.labels(row.labels)}</div>
        </div>
      ),
    },
    { key: "severity", title: t("alerts.severity"), cell: (row) => <SeverityMark severity={row.severity} /> },
    { key: "state", title: t("channels.state"), cell: (row) => <span className={`mark ${TONES[row.state]}`}>{t(`alerts.state.${row.state}`)}</span> },
    { key: "start", title: t("anomalies.start"), cell: (row) => <span className="nowrap">{formatBucket(Date.parse(row.started_at), "minute", language, true)}</span> },
    { key: "lasted", title: t("alerts.lasted"), align: "right", cell: (row) => formatDuration((row.resolved_at ? Date.parse(row.resolved_at) : now) - Date.parse(row.started_at), language) },
    { key: "peak", title: t("alerts.peak"), align: "right", cell: (row) => figureText(row.peak, row.measure, language) },
    { key: "threshold", title: t("alerts.threshold"), align: "right", cell: (row) => <span className="dim">{figureText(row.threshold, row.measure, language)}</span> },
    { key: "by", title: t("alerts.endedBy"), cell: (row) => <span className="dim">{row.state !== "resolved" ? row.acknowledged_by : row.resolved_by || t("alerts.byItself")}</span> },
  ];
  return (
    <>
      <div className="filters">
        <Select clearable w={160} aria-label={t("channels.state")} placeholder={t("invite.anyState")} value={value("state") || null} onChange={(next) => set({ state: next ?? undefined })} data={STATES.map((each) => ({ value: each, label: t(`alerts.state.${each}`) }))} />
        <Select clearable searchable w={220} aria-label={t("alerts.rule")} placeholder={t("alerts.anyRule")} value={value("rule") || null} onChange={(next) => set({ rule: next ?? undefined })} data={rules.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []} />
      </div>
      <Card bare title={t("alerts.view.history")} hint={t("alerts.keptFor")} acts={<ColumnChooser name="alert-history" columns={columns} />}>
        <DataTable
          name="alert-history"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={alerts.error}
          retry={() => void alerts.refetch()}
          onOpen={(row) => set({ alert: row.id })}
          empty={<State icon={IconHistory} title={t("alerts.noHistory")} text={t("alerts.noHistoryText")} />}
          foot={
            alerts.hasNextPage ? (
              <Button variant="default" loading={alerts.isFetchingNextPage} onClick={() => void alerts.fetchNextPage()}>
                {t("traces.more")}
              </Button>
            ) : undefined
          }
        />
      </Card>
    </>
  );
}
