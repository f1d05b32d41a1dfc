/* Topology: which applications and agents call which tools, servers and models, read out of the spans. */

import { ActionIcon, Skeleton, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconDownload, IconSitemap, IconTable, IconTopologyStar } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { csvOf, download } from "../../charts/csv";
import { isLive } from "../../format/time";
import { useWords } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { Filters } from "../../ui/Filters";
import { Card, Page } from "../../ui/Page";
import { RangePicker } from "../../ui/Range";
import { Failure, State } from "../../ui/State";
import { Diagram } from "./Diagram";
import { nameOf } from "./kinds";
import { LinkTable } from "./LinkTable";
import { type Topology, topologyQuery } from "./shapes";
import "./topology.css";

const REFRESH_EVERY_MS = 15_000;

export default function TopologyPage() {
  const t = useWords();
  const { query, range, value, set } = useAddress();
  const topology = useQuery(topologyQuery(query));
  useRefresh(topology, REFRESH_EVERY_MS, isLive(range));
  const isTable = value("view") === "table";
  const isEmpty = topology.data?.edges.length === 0;
  const turn = t(isTable ? "topology.asDrawing" : "chart.asTable");
  return (
    <Page title={t("nav.topology")} text={t("topology.text")} acts={<RangePicker />}>
      <Filters />
      {topology.data?.cut && (
        <div className="notice attention" role="note">
          <IconAlertTriangle size={16} aria-hidden />
          <span className="grow">{t("topology.cut")}</span>
        </div>
      )}
      <Card
        bare={isTable}
        title={t("topology.calls")}
        hint={t("topology.hint")}
        acts={
          topology.data && !isEmpty && (
            <>
              <Tooltip label={turn}>
                <ActionIcon aria-label={turn} aria-pressed={isTable} onClick={() => set({ view: isTable ? undefined : "table" })}>
                  {isTable ? <IconSitemap size={16} /> : <IconTable size={16} />}
                </ActionIcon>
              </Tooltip>
              <Save topology={topology.data} />
            </>
          )
        }
      >
        {topology.error && !topology.data ? (
          <Failure error={topology.error} retry={() => void topology.refetch()} />
        ) : !topology.data ? (
          <Skeleton height={320} />
        ) : isEmpty ? (
          <State icon={IconTopologyStar} title={t("topology.empty")} text={t("topology.emptyText")} />
        ) : isTable ? (
          <LinkTable topology={topology.data} />
        ) : (
          <Diagram topology={topology.data} />
        )}
      </Card>
    </Page>
  );
}

function Save({ topology }: { topology: Topology }) {
  const t = useWords();
  const names = new Map(topology.nodes.map((node) => [node.id, nameOf(node, t)]));
  const save = () => {
    const head = [t("topology.caller"), t("topology.called"), t("metric.calls"), t("metric.errors"), `${t("metric.cost")} (USD)`, "p50 (ms)", "p95 (ms)"];
    const rows = topology.edges.map(({ from, to, traffic }) => [names.get(from) ?? from, names.get(to) ?? to, traffic.calls, traffic.errors, traffic.cost, traffic.latency_ms_p50 ?? "", traffic.latency_ms_p95 ?? ""].map(String));
    download("topology.csv", "text/csv", csvOf([head, ...rows]));
  };
  return (
    <Tooltip label={t("chart.csv")}>
      <ActionIcon aria-label={t("chart.csv")} onClick={save}>
        <IconDownload size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
