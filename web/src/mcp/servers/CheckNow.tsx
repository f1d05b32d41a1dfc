/* Asks a server now and shows what it said. */

import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconPlugConnected } from "@tabler/icons-react";
import { request } from "../../api/client";
import { formatDuration } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { type Check, type Server, useMcpChange } from "../shapes";

export function CheckNow({ server }: { server: Server }) {
  const { t, language } = useLanguage();
  const check = useMcpChange(() => request<Check>(`/api/mcp/registry/${server.id}/check`, { method: "POST" }));
  const said = check.data;
  return (
    <div className="stack" style={{ gap: 8 }}>
      <Button style={{ alignSelf: "flex-start" }} leftSection={<IconPlugConnected size={14} />} loading={check.isPending} disabled={!server.enabled} onClick={() => check.mutate()}>
        {t("mcp.check")}
      </Button>
      {check.isError && <FailureNote error={check.error} />}
      {said && (
        <div className={said.reachable ? "notice good" : "notice broken"} role="status">
          {said.reachable ? <IconCircleCheck size={16} aria-hidden /> : <IconCircleX size={16} aria-hidden />}
          <span className="grow" style={{ overflowWrap: "anywhere" }}>
            {said.reachable ? t("mcp.checked", { time: formatDuration(said.duration_ms, language), version: said.version, count: said.tools }) : said.failure}
          </span>
        </div>
      )}
    </div>
  );
}
