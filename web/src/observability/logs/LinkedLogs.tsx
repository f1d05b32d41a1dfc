/* The logs of a trace, or of one of its spans. */

import { Button } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { address, type Query, request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { Failure, State } from "../../ui/State";
import { LineList, Loading } from "./LineList";
import type { LogPage } from "./shapes";

/** Clocks differ, and what follows from a call may be logged later. */
const SLACK_MS = 3_600_000;
const PAGE_SIZE = 100;

export function LinkedLogs({ traceId, spanId, start, end }: { traceId: string; spanId?: string; start: number; end: number }) {
  const t = useWords();
  const query: Query = { trace: traceId, span: spanId, from: new Date(start - SLACK_MS).toISOString(), to: new Date(end + SLACK_MS).toISOString() };
  const logs = useInfiniteQuery({
    queryKey: ["logs", "linked", traceId, spanId],
    queryFn: ({ pageParam, signal }) => request<LogPage>(address("/api/logs", { ...query, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  if (logs.isError) return <Failure error={logs.error} retry={() => void logs.refetch()} />;
  if (!logs.data) return <Loading />;
  const lines = logs.data.pages.flatMap((page) => page.items);
  if (lines.length === 0) return <State icon={IconFileText} title={t(spanId === undefined ? "logs.noneOfTrace" : "logs.noneOfSpan")} text={t("logs.noneLinked")} />;
  return (
    <>
      <LineList lines={lines} />
      <div className="row wrap log-foot">
        {logs.hasNextPage && (
          <Button variant="default" loading={logs.isFetchingNextPage} onClick={() => void logs.fetchNextPage()}>
            {t("logs.more")}
          </Button>
        )}
        <Button component={Link} to="/monitor/logs" search={query as never} variant="subtle">
          {t("logs.open")}
        </Button>
      </div>
    </>
  );
}
