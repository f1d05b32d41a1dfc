/* One trace: its totals, its waterfall, and the span that is looked at. */

import { Drawer, SegmentedControl, Skeleton } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { IconAlertTriangle, IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import type { TraceDetail } from "../../api/types";
import { formatCompact, formatCount, formatDuration } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { keepRange, type Search, useAddress } from "../../shell/address";
import { Figure, Figures } from "../../ui/Figures";
import { Card, Page } from "../../ui/Page";
import { Failure } from "../../ui/State";
import { Ago, CopyId, Money } from "../../ui/Values";
import { LinkedLogs } from "../logs/LinkedLogs";
import { SpanPane } from "./SpanPane";
import "./trace.css";
import { Waterfall } from "./Waterfall";

/** Walking with the arrows must not ask the server for every span on the way. */
const SETTLE_MS = 120;

export default function TracePage() {
  const { t } = useLanguage();
  const { traceId } = useParams({ from: "/monitor/traces/$traceId" });
  const trace = useQuery({
    queryKey: ["trace", traceId],
    queryFn: ({ signal }) => request<TraceDetail>(`/api/traces/${traceId}`, { signal }),
    staleTime: 30_000,
    // Fifty thousand spans need not be compared one by one with the answer before.
    structuralSharing: false,
  });
  return (
    <Page
      title={trace.data?.name ?? t("trace.title")}
      text={
        <span className="row wrap">
          <Link to="/monitor/traces" search={((search: Search) => keepRange(search)) as never} className="link row" style={{ gap: 4 }}>
            <IconArrowLeft size={14} aria-hidden />
            {t("nav.traces")}
          </Link>
          <span className="faint">·</span>
          <CopyId id={traceId} />
          {trace.data && (
            <>
              <span className="faint">·</span>
              <Ago at={trace.data.start_time} />
            </>
          )}
        </span>
      }
    >
      {trace.isError ? (
        <div className="card">
          <Failure error={trace.error} retry={() => void trace.refetch()} />
        </div>
      ) : trace.data ? (
        <Loaded trace={trace.data} />
      ) : (
        <>
          <Skeleton height={58} />
          <Skeleton height={480} />
        </>
      )}
    </Page>
  );
}

function Loaded({ trace }: { trace: TraceDetail }) {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const isNarrow = useMediaQuery("(max-width: 1100px)", window.innerWidth <= 1100);
  const mayReadLogs = useMay("logs.read");
  const isLogs = mayReadLogs && value("view") === "logs";
  const selected = isLogs ? "" : value("span");
  const [settled] = useDebouncedValue(selected, SETTLE_MS);
  const select = useCallback((spanId: string) => set({ span: spanId }, { replace: true }), [set]);
  const close = useCallback(() => set({ span: undefined }, { replace: true }), [set]);
  const { totals } = trace;
  const isAllUnpriced = totals.calls > 0 && totals.unpriced_calls === totals.calls;
  const pane = selected !== "" && <SpanPane traceId={trace.trace_id} spanId={settled || selected} close={close} />;
  return (
    <>
      {trace.truncated && (
        <div className="notice attention" role="note">
          <IconAlertTriangle size={16} aria-hidden />
          {t("trace.truncated", { count: trace.spans.length })}
        </div>
      )}
      <Figures compact>
        <Figure
          name={t("traces.cost")}
          value={<Money amount={isAllUnpriced ? null : totals.cost} currency="USD" />}
        />
        <Figure name={t("traces.duration")} value={formatDuration(trace.duration_ms, language)} />
        <Figure
          name={
            <>
              {t("metric.calls")}
              {totals.unpriced_calls > 0 && <span className="attention cut">{t("trace.unpriced", { count: totals.unpriced_calls })}</span>}
            </>
          }
          value={formatCount(totals.calls, language)}
        />
        <Figure
          name={t("trace.inputTokens")}
          value={<span title={t("trace.cached", { count: totals.cache_read_tokens })}>{formatCompact(totals.input_tokens, language)}</span>}
        />
        <Figure name={t("trace.outputTokens")} value={formatCompact(totals.output_tokens, language)} />
        <Figure name={t("traces.spans")} value={formatCount(totals.spans, language)} />
        <Figure name={t("metric.errors")} value={<span className={totals.errors > 0 ? "broken" : undefined}>{formatCount(totals.errors, language)}</span>} />
      </Figures>
      {mayReadLogs && (
        <SegmentedControl
          aria-label={t("trace.view")}
          value={isLogs ? "logs" : "spans"}
          onChange={(view) => set({ view: view === "logs" ? view : undefined })}
          data={[{ value: "spans", label: t("traces.spans") }, { value: "logs", label: t("nav.logs") }]}
          style={{ alignSelf: "flex-start" }}
        />
      )}
      {isLogs ? (
        <Card bare>
          <LinkedLogs traceId={trace.trace_id} start={Date.parse(trace.start_time)} end={Date.parse(trace.start_time) + trace.duration_ms} />
        </Card>
      ) : (
        <div className="trace" data-closed={selected === "" || isNarrow ? "" : undefined}>
          <Waterfall trace={trace} selected={selected} onSelect={select} />
          {!isNarrow && pane}
        </div>
      )}
      {isNarrow && (
        <Drawer opened={selected !== ""} onClose={close} position="bottom" size="85%" withCloseButton={false} padding={0} styles={{ body: { height: "100%" } }}>
          {pane}
        </Drawer>
      )}
    </>
  );
}
