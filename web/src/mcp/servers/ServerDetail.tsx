/* One server: how it does, how it is set up, and what may be asked of it. */

import { Button, Drawer } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { request } from "../../api/client";
import { formatBytes, formatCount } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { Ago, CopyId } from "../../ui/Values";
import { type Health, type Server, useMcpChange } from "../shapes";
import { CheckNow } from "./CheckNow";
import { Connection } from "./Connection";
import { Operations } from "./Operations";
import { PrefixText } from "./Prefix";
import { ServerForm } from "./ServerForm";
import { BreakerMark, StateMark } from "./ServerHealth";

interface DetailProps {
  server: Server;
  health: Health | undefined;
  mayWrite: boolean;
  close: () => void;
}

export function ServerDetail({ server, health, mayWrite, close }: DetailProps) {
  const t = useWords();
  const [doing, setDoing] = useState<"change" | "remove" | null>(null);
  return (
    <Drawer opened onClose={close} position="right" size={560} title={server.name} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <div className="row wrap">
          {health && <StateMark health={health} />}
          {health && <BreakerMark health={health} />}
          <span className="grow" />
          {mayWrite && (
            <>
              <Button variant="default" onClick={() => setDoing("change")}>
                {t("budgets.edit")}
              </Button>
              <Button variant="default" color="red" onClick={() => setDoing("remove")}>
                {t("prices.remove")}
              </Button>
            </>
          )}
        </div>
        {server.description !== "" && <p style={{ margin: 0, whiteSpace: "pre-wrap" }}>{server.description}</p>}
        {mayWrite && <CheckNow server={server} />}
        <Connection server={server} mayWrite={mayWrite} />
        {health && <HealthFacts server={server} health={health} />}
        <SetupFacts server={server} />
        {server.transport === "openapi" && <Operations server={server} />}
        <div className="row wrap">
          <Button component={Link} to="/integrations/tools" search={{ server: server.name } as never} variant="default">
            {t("mcp.seeTools")}
          </Button>
        </div>
      </div>
      {doing === "change" && <ServerForm server={server} close={() => setDoing(null)} />}
      {doing === "remove" && <RemoveServer server={server} close={() => setDoing(null)} removed={close} />}
    </Drawer>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="pairs">
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function HealthFacts({ server, health }: { server: Server; health: Health }) {
  const { t, language } = useLanguage();
  const never = <span className="dim">{t("keys.never")}</span>;
  const facts: [string, ReactNode][] = [
    [t("mcp.version"), health.version || <span className="dim">{t("mcp.versionUnknown")}</span>],
    [t("mcp.answered"), health.answered_at ? <Ago at={health.answered_at} /> : never],
    [t("mcp.failed"), health.failed_at ? <><Ago at={health.failed_at} /> · <span className="broken">{health.failure}</span></> : never],
    [t("mcp.running"), `${formatCount(health.running_calls, language)} / ${formatCount(server.concurrent_calls, language)}`],
    [t("mcp.lastMinute"), health.calls_last_minute === null || server.calls_per_minute === null ? t("gateway.noLimit") : `${formatCount(health.calls_last_minute, language)} / ${formatCount(server.calls_per_minute, language)}`],
  ];
  return (
    <section className="stack" style={{ gap: 8 }}>
      <h3 style={{ margin: 0, fontSize: 13 }}>{t("gateway.health")}</h3>
      <Facts facts={facts} />
      <div className="row dim" style={{ fontSize: 12, alignItems: "flex-start" }}>
        <IconInfoCircle size={14} style={{ flex: "none", marginTop: 1 }} aria-hidden />
        {t("mcp.perProcess")}
      </div>
    </section>
  );
}

function SetupFacts({ server }: { server: Server }) {
  const { t, language } = useLanguage();
  const facts: [string, ReactNode][] = [
    [t("mcp.transport"), t(`mcp.transport.${server.transport}`)],
    server.transport === "stdio"
      ? [t("mcp.command"), <code key="command" className="mono" style={{ overflowWrap: "anywhere" }}>{[server.command, ...server.args].join(" ")}</code>]
      : [t("mcp.address"), <CopyId key="address" id={server.address}><span style={{ overflowWrap: "anywhere" }}>{server.address}</span></CopyId>],
    ...(server.env_names.length > 0 ? [[t("mcp.env"), server.env_names.join(", ")] as [string, ReactNode]] : []),
    [t("gateway.clientAddress"), <CopyId key="client" id={`${window.location.origin}/mcp/${server.name}`}>{`/mcp/${server.name}`}</CopyId>],
    [t("mcp.prefix"), <PrefixText key="prefix" server={server} />],
    [t("gateway.credential"), <CredentialText key="credential" server={server} />],
    [t("gateway.timeout"), `${server.timeout_s} s`],
    [t("mcp.resultBytes"), formatBytes(server.result_bytes, language)],
    [t("keys.created"), <Ago key="created" at={server.created_at} />],
  ];
  return (
    <section className="stack" style={{ gap: 8 }}>
      <h3 style={{ margin: 0, fontSize: 13 }}>{t("mcp.setup")}</h3>
      <Facts facts={facts} />
      {server.tags.length > 0 && (
        <div className="row wrap" style={{ gap: 4 }}>
          {server.tags.map((tag) => (
            <span key={tag} className="mark">{tag}</span>
          ))}
        </div>
      )}
    </section>
  );
}

function CredentialText({ server }: { server: Server }) {
  const t = useWords();
  const kind = server.credential_kind === "header" ? server.header : t(`mcp.credential.${server.credential_kind}`);
  return server.credential_scope === "user" ? `${kind} · ${t("mcp.credentialOwner.user")}` : kind;
}

export function RemoveServer({ server, close, removed }: { server: Server; close: () => void; removed: () => void }) {
  const t = useWords();
  const remove = useMcpChange(() => request<undefined>(`/api/mcp/registry/${server.id}`, { method: "DELETE" }), removed);
  return (
    <ConfirmByName
      title={t("gateway.removeProvider", { name: server.name })}
      text={t("mcp.removeText")}
      name={server.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
