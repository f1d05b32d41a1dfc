/* The team's MCP servers: which there are, how they do, and how much is asked of them. */

import { Button, Switch } from "@mantine/core";
import { IconFileImport, IconPlus, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import { formatCount, formatDuration, formatShare } from "../../format/number";
import { hostOf } from "../../gateway/presets";
import { useLanguage, useWords } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Card, Page } from "../../ui/Page";
import { RowActs } from "../../ui/RowActs";
import { FailureNote, State } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { type Health, healthQuery, type Server, type ServerTraffic, serversQuery, trafficQuery, useMcpChange } from "../shapes";
import { ImportServers } from "./ImportServers";
import { RemoveServer, ServerDetail } from "./ServerDetail";
import { ServerForm } from "./ServerForm";
import { BreakerMark, StateMark } from "./ServerHealth";

const REFRESH_EVERY_MS = 10_000;

type Doing = { what: "add" | "import" } | { what: "change" | "remove"; server: Server };

export default function ServersPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("mcp.write");
  const servers = useQuery(serversQuery);
  const health = useQuery(healthQuery);
  const mayReadSpans = useMay("spans.read");
  const traffic = useQuery({ ...trafficQuery, enabled: mayReadSpans });
  useRefresh(traffic, REFRESH_EVERY_MS, mayReadSpans);
  const [doing, setDoing] = useState<Doing | null>(null);
  const opened = servers.data?.find(({ id }) => id === value("server"));
  const close = () => setDoing(null);
  const acts = mayWrite && (
    <>
      <Button variant="default" leftSection={<IconFileImport size={14} />} onClick={() => setDoing({ what: "import" })}>
        {t("mcp.import")}
      </Button>
      <Button leftSection={<IconPlus size={14} />} onClick={() => setDoing({ what: "add" })}>
        {t("mcp.add")}
      </Button>
    </>
  );
  return (
    <Page title={t("nav.mcpServers")} text={t("mcp.text")} acts={servers.data?.length !== 0 && acts}>
      <Servers
        items={servers.data}
        health={health.data}
        traffic={traffic.data}
        error={servers.error}
        retry={() => void servers.refetch()}
        mayWrite={mayWrite}
        act={setDoing}
        empty={
          <State icon={IconServer2} title={t("mcp.empty")} text={t(mayWrite ? "mcp.emptyText" : "mcp.askAdmin")}>
            {acts || null}
          </State>
        }
      />
      {opened && <ServerDetail key={opened.id} server={opened} health={health.data?.get(opened.id)} mayWrite={mayWrite} close={() => set({ server: undefined })} />}
      {doing?.what === "add" && <ServerForm server={null} close={close} saved={({ id }) => set({ server: id })} />}
      {doing?.what === "import" && <ImportServers close={close} />}
      {doing?.what === "change" && <ServerForm server={doing.server} close={close} />}
      {doing?.what === "remove" && <RemoveServer server={doing.server} close={close} removed={close} />}
    </Page>
  );
}

interface ServersProps {
  items: Server[] | undefined;
  health: Map<string, Health> | undefined;
  /** Of the last hour, by server's name; undefined where nobody may see it. */
  traffic: Map<string, ServerTraffic["traffic"]> | undefined;
  error: unknown;
  retry: () => void;
  mayWrite: boolean;
  act: (doing: Doing) => void;
  empty: React.ReactNode;
}

function Servers({ items, health, traffic, error, retry, mayWrite, act, empty }: ServersProps) {
  const { t, language } = useLanguage();
  const { set } = useAddress();
  const toggle = useMcpChange((server: Server) => request<Server>(`/api/mcp/registry/${server.id}`, { method: "PATCH", json: { enabled: !server.enabled } }));
  const open = ({ id }: Server) => set({ server: id });
  const columns: Column<Server>[] = [
    { key: "name", title: t("mcp.name"), order: (row) => row.name, cell: (row) => <ServerName server={row} open={() => open(row)} /> },
    { key: "health", title: t("gateway.health"), order: (row) => health?.get(row.id)?.state ?? "", cell: (row) => <HealthCell health={health?.get(row.id)} /> },
    { key: "tools", title: t("nav.tools"), align: "right", order: (row) => health?.get(row.id)?.tools ?? 0, cell: (row) => <ToolCount server={row} health={health?.get(row.id)} /> },
    { key: "quota", title: t("mcp.lastMinute"), align: "right", cell: (row) => <Quota server={row} health={health?.get(row.id)} /> },
    { key: "calls", title: t("mcp.lastHour"), align: "right", order: (row) => traffic?.get(row.name)?.calls ?? 0, cell: (row) => <LastHour traffic={traffic?.get(row.name)} /> },
    { key: "description", title: t("mcp.description"), optional: true, cell: (row) => (row.description === "" ? null : <div className="dim cell-cut" title={row.description}>{row.description}</div>) },
    { key: "tags", title: t("mcp.tags"), cell: (row) => (row.tags.length === 0 ? null : <span className="row wrap" style={{ gap: 4 }}>{row.tags.map((tag) => <span key={tag} className="mark">{tag}</span>)}</span>) },
    { key: "transport", title: t("mcp.transport"), optional: true, cell: (row) => <span className="dim nowrap">{t(`mcp.transport.${row.transport}`)}</span> },
    { key: "credential", title: t("gateway.credential"), optional: true, cell: (row) => <span className="dim">{row.credential_kind === "header" ? row.header : t(`mcp.credential.${row.credential_kind}`)}</span> },
    { key: "timeout", title: t("gateway.timeout"), align: "right", optional: true, cell: (row) => `${formatCount(row.timeout_s, language)} s` },
    {
      key: "enabled",
      title: t("mcp.enabled"),
      cell: (row) => (
        <span onClick={(event) => event.stopPropagation()}>
          <Switch aria-label={`${t("mcp.enabled")}: ${row.name}`} checked={row.enabled} disabled={!mayWrite || (toggle.isPending && toggle.variables.id === row.id)} onChange={() => toggle.mutate(row)} />
        </span>
      ),
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => (mayWrite ? <RowActs name={row.name} edit={() => act({ what: "change", server: row })} remove={() => act({ what: "remove", server: row })} /> : null),
    },
  ];
  return (
    <Card bare title={t("mcp.registry")} acts={<ColumnChooser name="mcp-servers" columns={columns} />}>
      {toggle.isError && <FailureNote error={toggle.error} />}
      <DataTable name="mcp-servers" rows={items} columns={columns} rowKey={(row) => row.id} error={error} retry={retry} onOpen={open} empty={empty} />
    </Card>
  );
}

function ServerName({ server, open }: { server: Server; open: () => void }) {
  return (
    <div style={{ minWidth: 0 }}>
      <button
        type="button"
        className="link cut"
        style={{ color: "inherit", fontWeight: 500 }}
        onClick={(event) => {
          event.stopPropagation();
          open();
        }}
      >
        {server.name}
      </button>
      <div className="dim cell-cut" style={{ maxWidth: 220, fontSize: 12, lineHeight: "16px" }} title={server.address || server.command}>{server.transport === "stdio" ? server.command : hostOf(server.address)}</div>
    </div>
  );
}

function HealthCell({ health }: { health: Health | undefined }) {
  if (!health) return <span className="faint">–</span>;
  return (
    <div style={{ minWidth: 0 }}>
      <span className="row" style={{ gap: 4 }}>
        <StateMark health={health} />
        <BreakerMark health={health} />
        {health.version !== "" && <span className="dim nowrap" style={{ fontSize: 12 }}>{health.version}</span>}
      </span>
      {health.state === "failing" && (
        <div className="dim cell-cut" style={{ maxWidth: 280, fontSize: 12, lineHeight: "16px" }} title={health.failure}>
          {health.failed_at && <Ago at={health.failed_at} />} · {health.failure}
        </div>
      )}
    </div>
  );
}

function ToolCount({ server, health }: { server: Server; health: Health | undefined }) {
  const { t, language } = useLanguage();
  if (!health) return <span className="faint">–</span>;
  return (
    <span className="row" style={{ justifyContent: "flex-end", gap: 6 }} onClick={(event) => event.stopPropagation()}>
      {health.held > 0 && (
        <Link to="/integrations/tools" search={{ server: server.name, state: "held" } as never} className="mark attention">
          {t("mcp.held", { count: health.held })}
        </Link>
      )}
      <Link to="/integrations/tools" search={{ server: server.name } as never} className="link">
        {formatCount(health.tools, language)}
      </Link>
    </span>
  );
}

/** Calls, and what share of them failed; how long nineteen of twenty took at most. */
function LastHour({ traffic }: { traffic: ServerTraffic["traffic"] | undefined }) {
  const { t, language } = useLanguage();
  if (!traffic) return <span className="faint">–</span>;
  return (
    <div className="nowrap">
      {t("mcp.calls", { count: traffic.calls })}
      {traffic.errors > 0 && <> · <span className="broken">{t("mcp.failedShare", { share: formatShare(traffic.errors, traffic.calls, language) })}</span></>}
      <div className="dim" style={{ fontSize: 12, lineHeight: "16px" }} title={t("mcp.p95")}>{traffic.latency_ms_p95 === null ? "–" : `p95 ${formatDuration(traffic.latency_ms_p95, language)}`}</div>
    </div>
  );
}

function Quota({ server, health }: { server: Server; health: Health | undefined }) {
  const { t, language } = useLanguage();
  if (!health || server.calls_per_minute === null || health.calls_last_minute === null) return <span className="faint" title={t("gateway.noLimit")}>–</span>;
  const isNear = health.calls_last_minute >= 0.8 * server.calls_per_minute;
  return (
    <span className={isNear ? "attention" : undefined}>
      {formatCount(health.calls_last_minute, language)} / {formatCount(server.calls_per_minute, language)}
    </span>
  );
}
