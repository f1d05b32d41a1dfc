/* A server that is connected by consent, or to which each user brings a credential of their own: how it stands, and the way there. */

import { Button, PasswordInput } from "@mantine/core";
import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { here } from "../../identity/sign_in/methods";
import { Failure, FailureNote } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { connectionQuery, type Server, useMcpChange } from "../shapes";

export function Connection({ server, mayWrite }: { server: Server; mayWrite: boolean }) {
  const isOwn = server.credential_scope === "user";
  const isConnected = isOwn || server.credential_kind === "oauth";
  return isConnected ? <Standing server={server} mayChange={isOwn || mayWrite} /> : null;
}

function Standing({ server, mayChange }: { server: Server; mayChange: boolean }) {
  const t = useWords();
  const standing = useQuery(connectionQuery(server.id));
  const path = `/api/mcp/registry/${server.id}`;
  const connect = useMutation({
    mutationFn: () => request<{ location: string }>(`${path}/connect`, { method: "POST", json: { return_to: here() } }),
    onSuccess: ({ location }) => window.location.assign(location),
  });
  const takeBack = useMcpChange(() => request<undefined>(`${path}/credential`, { method: "DELETE" }));
  const isOwn = server.credential_scope === "user";
  if (standing.isError) return <Failure error={standing.error} retry={() => void standing.refetch()} />;
  if (!standing.data) return <div aria-busy="true" style={{ minHeight: 60 }} />;
  const { connected, broken, connected_at } = standing.data;
  const works = connected && broken === "";
  return (
    <section className="stack" style={{ gap: 8 }}>
      <h3 style={{ margin: 0, fontSize: 13 }}>{t(isOwn ? "mcp.connection.own" : "mcp.connection.team")}</h3>
      <div className={`notice ${works ? "good" : "attention"}`} role="status">
        {works ? <IconPlugConnected size={16} aria-hidden /> : <IconPlugConnectedX size={16} aria-hidden />}
        <span className="grow">
          {works ? t("mcp.connection.works") : t(connected ? "mcp.connection.broken" : "mcp.connection.none")}
          {works && connected_at !== null && <> · <Ago at={connected_at} /></>}
          {broken !== "" && <div className="dim">{broken}</div>}
        </span>
      </div>
      {(connect.isError || takeBack.isError) && <FailureNote error={connect.error ?? takeBack.error} />}
      {mayChange && (
        <>
          {server.credential_kind !== "oauth" && <Bring path={path} isFirst={!connected} />}
          <div className="row wrap">
            {server.credential_kind === "oauth" && (
              <Button variant={works ? "default" : "filled"} loading={connect.isPending || connect.isSuccess} onClick={() => connect.mutate()}>
                {t(connected ? "mcp.connection.again" : "mcp.connection.connect")}
              </Button>
            )}
            {connected && (
              <Button variant="subtle" color="red" loading={takeBack.isPending} onClick={() => takeBack.mutate()}>
                {t("mcp.connection.forget")}
              </Button>
            )}
          </div>
        </>
      )}
    </section>
  );
}

function Bring({ path, isFirst }: { path: string; isFirst: boolean }) {
  const t = useWords();
  const [credential, setCredential] = useState("");
  const bring = useMcpChange(
    () => request<undefined>(`${path}/credential`, { method: "PUT", json: { credential: credential.trim() } }),
    () => setCredential(""),
  );
  return (
    <form
      className="stack"
      style={{ gap: 8 }}
      onSubmit={(event) => {
        event.preventDefault();
        bring.mutate();
      }}
    >
      <PasswordInput size="xs" autoComplete="new-password" maxLength={10_000} label={t("mcp.connection.yours")} description={t("mcp.credentialText")} value={credential} onChange={(event) => setCredential(event.currentTarget.value)} />
      {bring.isError && <FailureNote error={bring.error} />}
      <Button type="submit" variant={isFirst ? "filled" : "default"} style={{ alignSelf: "flex-start" }} loading={bring.isPending} disabled={credential.trim() === ""}>
        {t("act.save")}
      </Button>
    </form>
  );
}
