/* Logs: lines newest first, narrowed and counted, or as they arrive. */

import { Button, SegmentedControl, Skeleton, Switch } from "@mantine/core";
import { IconAntennaBars5, IconFileText } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, type Query, request } from "../../api/client";
import { isLive } from "../../format/time";
import { useWords } from "../../i18n/language";
import { Card, Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { Snippet } from "../../ui/Snippet";
import { Failure, State } from "../../ui/State";
import { Around } from "./Around";
import { useAskedLogs } from "./asked";
import { Histogram } from "./Histogram";
import { LineList } from "./LineList";
import { LogFilters } from "./LogFilters";
import type { LogLine, LogPage, LogSummary } from "./shapes";
import { curlSnippet, pythonSnippet } from "./snippets";
import { useLogTail } from "./tail";

const PAGE_SIZE = 100;
const REFRESH_EVERY_MS = 5000;

export default function LogsPage() {
  const t = useWords();
  const { range, listed, asked, value, set } = useAskedLogs();
  const [around, setAround] = useState<LogLine | null>(null);
  const isTail = value("live") === "1";
  const summary = useQuery({
    queryKey: ["logs", "summary", listed],
    queryFn: ({ signal }) => request<LogSummary>(address("/api/logs/summary", listed), { signal }),
    refetchInterval: isLive(range) && !isTail ? REFRESH_EVERY_MS : false,
    placeholderData: keepPreviousData,
  });
  const isNarrowed = Object.keys(asked).length > 0;
  return (
    <Page
      title={t("nav.logs")}
      acts={
        <>
          <Switch label={t("logs.tail")} checked={isTail} onChange={(event) => set({ live: event.currentTarget.checked ? "1" : undefined })} />
          {!isTail && <RangePicker />}
        </>
      }
    >
      <LogFilters summary={summary.data} />
      {isTail ? (
        <Tail asked={asked} onAround={setAround} />
      ) : (
        <>
          <Histogram summary={summary.data} error={summary.error} retry={() => void summary.refetch()} />
          <List query={listed} isLive={isLive(range)} isNarrowed={isNarrowed} onAround={setAround} />
        </>
      )}
      {around && <Around key={around.id} line={around} close={() => setAround(null)} />}
    </Page>
  );
}

interface ListProps {
  query: Query;
  isLive: boolean;
  isNarrowed: boolean;
  onAround: (line: LogLine) => void;
}

function List({ query, isLive, isNarrowed, onAround }: ListProps) {
  const t = useWords();
  const logs = useInfiniteQuery({
    queryKey: ["logs", "list", query],
    queryFn: ({ pageParam, signal }) => request<LogPage>(address("/api/logs", { ...query, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    // Whoever has turned pages is reading; the list stands still for them.
    refetchInterval: ({ state }) => (isLive && (state.data?.pages.length ?? 0) <= 1 ? REFRESH_EVERY_MS : false),
  });
  const lines = logs.data?.pages.flatMap((page) => page.items);
  return (
    <Card bare title={t("logs.newest")}>
      {logs.isError && !lines ? (
        <Failure error={logs.error} retry={() => void logs.refetch()} />
      ) : !lines ? (
        <LoadingLines />
      ) : lines.length === 0 ? (
        isNarrowed ? <State icon={IconFileText} title={t("logs.noMatch")} text={t("logs.noMatchText")} /> : <FirstLine />
      ) : (
        <>
          <LineList lines={lines} onAround={onAround} />
          <div className="row wrap log-foot">
            <span className="dim">{t("logs.shown", { count: lines.length })}</span>
            <span className="grow" />
            {logs.hasNextPage && (
              <Button variant="default" loading={logs.isFetchingNextPage} onClick={() => void logs.fetchNextPage()}>
                {t("logs.more")}
              </Button>
            )}
          </div>
        </>
      )}
    </Card>
  );
}

function Tail({ asked, onAround }: { asked: Record<string, string[]>; onAround: (line: LogLine) => void }) {
  const t = useWords();
  const tail = useLogTail(asked);
  return (
    <Card bare title={t("logs.arriving")} hint={t("logs.count", { count: tail.total })}>
      {tail.lines.length > 0 ? (
        <LineList lines={tail.lines} onAround={onAround} />
      ) : tail.isOpen ? (
        <State icon={IconAntennaBars5} title={t("logs.waiting")} text={t("tail.waitingText")} />
      ) : (
        <LoadingLines />
      )}
    </Card>
  );
}

/** How the first line is sent. */
function FirstLine() {
  const t = useWords();
  const [way, setWay] = useState("curl");
  const write = way === "curl" ? curlSnippet : pythonSnippet;
  return (
    <div className="log-first">
      <State icon={IconFileText} title={t("logs.empty")} text={t("logs.emptyText")} />
      <SegmentedControl aria-label={t("logs.way")} value={way} onChange={setWay} data={[{ value: "curl", label: "curl" }, { value: "python", label: "Python (OpenTelemetry)" }]} />
      <Snippet text={write(window.location.origin, "mno_…")} />
    </div>
  );
}

function LoadingLines() {
  return <div className="stack log-loading"><Skeleton height={20} /><Skeleton height={20} /><Skeleton height={20} /></div>;
}
