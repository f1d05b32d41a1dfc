/* System: how the hub itself is doing. */

import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { request } from "../../api/client";
import type { SystemPoint, SystemStatus } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import { formatBytes, formatCompact, formatCount, formatDuration, formatShare } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { Figure, Figures } from "../../ui/Figures";
import { Card, Page } from "../../ui/Page";
import { Failure } from "../../ui/State";

const EVERY_MS = 5000;

export default function SystemPage() {
  const { t, language } = useLanguage();
  const status = useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => request<SystemStatus>("/api/system", { signal }),
    refetchInterval: EVERY_MS,
  });
  const system = status.data;
  return (
    <Page title={t("nav.system")} text={system && t("system.text", { version: system.version, time: formatDuration(system.uptime_s * 1000, language) })}>
      {status.isError && !system ? (
        <div className="card">
          <Failure error={status.error} retry={() => void status.refetch()} />
        </div>
      ) : system ? (
        <Loaded system={system} />
      ) : (
        <>
          <Skeleton height={92} />
          <Skeleton height={320} />
        </>
      )}
    </Page>
  );
}

function Loaded({ system }: { system: SystemStatus }) {
  const { t, language } = useLanguage();
  const { ingest, stores } = system;
  // A store that does not answer has no figures.
  const count = (value: number | null | undefined) => (typeof value === "number" ? formatCount(value, language) : "–");
  const bytes = (value: number | null | undefined) => (typeof value === "number" ? formatBytes(value, language) : "–");
  const perSpan = stores.clickhouse.spans && stores.clickhouse.bytes ? stores.clickhouse.bytes / stores.clickhouse.spans : null;
  const duration = (milliseconds: number | null) => (milliseconds === null ? "–" : formatDuration(milliseconds, language));
  const queueShare = ingest.queue_limit > 0 ? ingest.queue_spans / ingest.queue_limit : 0;
  return (
    <>
      <Figures>
        <Figure name={t("system.cpu")} value={formatShare(system.cpu_percent, 100, language)} note={t("system.cores", { count: system.cores })} />
        <Figure
          name={t("system.memory")}
          value={formatBytes(system.memory_bytes, language)}
          note={t("system.memoryOf", { total: formatBytes(system.memory_total_bytes, language), postgres: formatBytes(system.postgres_memory_bytes, language) })}
        />
        <Figure name={t("system.throughput")} value={formatCompact(ingest.spans_per_second, language)} note={t("system.spansPerSecond")} />
        <Figure
          name={t("system.queue")}
          value={<span className={queueShare > 0.8 ? "attention" : undefined}>{formatCount(ingest.queue_spans, language)}</span>}
          note={t("system.queueOf", { count: ingest.queue_limit })}
        />
        <Figure name={t("system.answer")} value={duration(ingest.answer_ms_p95)} note={`p50 ${duration(ingest.answer_ms_p50)}`} />
      </Figures>
      <div className="columns" style={{ "--least": "420px" } as React.CSSProperties}>
        <HistoryChart title={t("system.throughput")} hint={t("system.spansPerSecond")} history={system.history} read={(point) => point.spans_per_second} format={(value) => formatCompact(value, language)} file="throughput" color={0} />
        <HistoryChart title={t("system.answer")} hint={t("system.lastMinutes")} history={system.history} read={(point) => point.answer_ms_p95} format={(value) => formatDuration(value, language)} file="answer" color={1} />
        <HistoryChart title={t("system.cpu")} hint={t("system.lastMinutes")} history={system.history} read={(point) => point.cpu_percent} format={(value) => formatShare(value, 100, language)} file="cpu" color={2} />
        <HistoryChart title={t("system.memory")} hint={t("system.lastMinutes")} history={system.history} read={(point) => point.memory_bytes} format={(value) => formatBytes(value, language)} file="memory" color={5} />
      </div>
      <div className="columns">
        <Card title={t("system.ingest")}>
          <dl className="pairs right">
            <dt>{t("system.accepted")}</dt>
            <dd>{formatCount(ingest.accepted_spans, language)}</dd>
            <dt>{t("system.duplicates")}</dt>
            <dd>{formatCount(ingest.duplicate_spans, language)}</dd>
            <dt>{t("system.rejected")}</dt>
            <dd className={ingest.rejected_spans > 0 ? "attention" : undefined}>{formatCount(ingest.rejected_spans, language)}</dd>
            <dt>{t("system.refused")}</dt>
            <dd className={ingest.refused_requests > 0 ? "attention" : undefined}>{formatCount(ingest.refused_requests, language)}</dd>
            <dt>{t("system.commit")}</dt>
            <dd>{`${duration(ingest.commit_ms_p50)} / ${duration(ingest.commit_ms_p95)}`}</dd>
          </dl>
        </Card>
        <Card title="ClickHouse" hint={t("system.spanStore")}>
          <dl className="pairs right">
            <dt>{t("traces.spans")}</dt>
            <dd>{count(stores.clickhouse.spans)}</dd>
            <dt>{t("nav.traces")}</dt>
            <dd>{count(stores.clickhouse.traces)}</dd>
            <dt>{t("system.onDisk")}</dt>
            <dd>{bytes(stores.clickhouse.bytes)}</dd>
            <dt>{t("system.perSpan")}</dt>
            <dd>{bytes(perSpan)}</dd>
            <dt>{t("system.parts")}</dt>
            <dd>{count(stores.clickhouse.parts)}</dd>
          </dl>
        </Card>
        <Card title="PostgreSQL" hint={t("system.recordStore")}>
          <dl className="pairs right">
            <dt>{t("system.onDisk")}</dt>
            <dd>{bytes(stores.postgres.bytes)}</dd>
            <dt>{t("system.memory")}</dt>
            <dd>{formatBytes(system.postgres_memory_bytes, language)}</dd>
            <dt>{t("system.free")}</dt>
            <dd>{formatBytes(system.disk.free_bytes, language)}</dd>
            <dt>{t("system.folder")}</dt>
            <dd className="mono">{system.disk.path}</dd>
          </dl>
        </Card>
      </div>
    </>
  );
}

interface HistoryProps {
  title: string;
  hint: string;
  history: readonly SystemPoint[];
  read: (point: SystemPoint) => number | null;
  format: (value: number) => string;
  file: string;
  color: number;
}

function HistoryChart({ title, hint, history, read, format, file, color }: HistoryProps) {
  const buckets = useMemo(() => history.map((point) => Date.parse(point.time)), [history]);
  return (
    <ChartCard title={title} hint={hint} buckets={buckets} interval="minute" series={[{ name: title, values: history.map(read), color }]} shape="area" format={format} height={148} file={`mno-${file}`} />
  );
}
