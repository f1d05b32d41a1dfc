/* The lines before and after one hit, in the order in which they were written. */

import { Drawer, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { Failure } from "../../ui/State";
import { LineList, Loading } from "./LineList";
import type { LogLine, LogSurroundings } from "./shapes";

const EACH_SIDE = 25;

export function Around({ line, close }: { line: LogLine; close: () => void }) {
  const t = useWords();
  const choices = (["all", "service", "topic", "trace"] as const).filter((of) => of === "all" || (of === "trace" ? line.trace_id !== null : line[of] !== ""));
  const [of, setOf] = useState<string>(choices.includes("service") ? "service" : "all");
  const found = useQuery({
    queryKey: ["logs", "around", line.id, of],
    queryFn: ({ signal }) => request<LogSurroundings>(address(`/api/logs/${line.id}/around`, { of, before: EACH_SIDE, after: EACH_SIDE }), { signal }),
  });
  const lines = found.data && [...found.data.before, found.data.line, ...found.data.after];
  return (
    <Drawer opened onClose={close} position="right" size="min(880px, 100%)" title={t("logs.around")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <SegmentedControl aria-label={t("logs.aroundOf")} value={of} onChange={setOf} style={{ alignSelf: "flex-start" }} data={choices.map((each) => ({ value: each, label: t(`logs.of.${each}`) }))} />
        {found.isError ? <Failure error={found.error} retry={() => void found.refetch()} /> : lines ? <LineList key={of} lines={lines} hit={found.data.line.id} /> : <Loading />}
      </div>
    </Drawer>
  );
}
