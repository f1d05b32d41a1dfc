/* How an MCP client comes to the hub: the address, a way in, and what to copy into the client. */

import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "../../api/session";
import type { CreatedKey } from "../../api/types";
import { useCreateKey } from "../../identity/keys";
import { useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Card, Page } from "../../ui/Page";
import { Snippet } from "../../ui/Snippet";
import { FailureNote } from "../../ui/State";
import { healthQuery, hubServersQuery, serversQuery, toolsQuery } from "../shapes";
import { permissionNameOf, toolsOfHub } from "../tools/definition";
import { exampleOf } from "./example";
import { FirstCall } from "./FirstCall";
import { type Client, CLIENT_TITLES, clientsOf, fileOf, type Reached, snippetOf, type Way } from "./snippets";

const PLACEHOLDER = "mno_…";

export default function ConnectPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const [made, setMade] = useState<CreatedKey | null>(null);
  const way: Way = value("way") === "key" ? "key" : "sign-in";
  const reached = useReached(value("server"), way);
  return (
    <Page title={t("nav.connect")} text={t("connect.text")}>
      <div className="stack" style={{ maxWidth: 880 }}>
        <Card title={t("connect.address")} hint={t("connect.addressHint")}>
          <Where url={reached.url} />
        </Card>
        <Card title={t("connect.way")}>
          <div className="stack">
            <SegmentedControl
              style={{ alignSelf: "flex-start" }}
              aria-label={t("connect.way")}
              value={way}
              onChange={(next) => set({ way: next === "key" ? next : undefined })}
              data={[
                { value: "sign-in", label: t("connect.signIn") },
                { value: "key", label: t("connect.key") },
              ]}
            />
            {way === "key" ? <ToolsKey made={made} setMade={setMade} /> : <span className="dim">{t("connect.signInText")}</span>}
          </div>
        </Card>
        <Card title={t("connect.client")}>
          <ClientSteps reached={reached} />
        </Card>
        {way === "key" && made && <FirstCall keyId={made.id} />}
      </div>
    </Page>
  );
}

/** The address, and a tool that can be called there first: of a server that has one, else of the hub's own. */
function useReached(name: string, way: Way): Reached {
  const mayRead = useMay("mcp.read");
  const servers = useQuery({ ...serversQuery, enabled: mayRead });
  const health = useQuery({ ...healthQuery, enabled: mayRead });
  const own = useQuery({ ...hubServersQuery, enabled: mayRead });
  const chosen = servers.data?.find((each) => each.name === name);
  const chosenOwn = own.data?.find((each) => each.name === name);
  const isOne = chosen !== undefined || chosenOwn !== undefined;
  const first = chosen ?? (chosenOwn ? undefined : servers.data?.find(({ id, enabled }) => enabled && (health.data?.get(id)?.tools ?? 0) > 0));
  const listed = useQuery({ ...toolsQuery(first?.id ?? ""), enabled: first !== undefined });
  const shown = first ? undefined : (chosenOwn ?? own.data?.[0]);
  const tools = first ? listed.data : shown && toolsOfHub(shown).flatMap(({ tool, isPermitted }) => (isPermitted ? [tool] : []));
  const example = exampleOf(tools);
  const server = first?.name ?? shown?.name;
  const origin = window.location.origin;
  return { url: isOne ? `${origin}/mcp/${name}` : `${origin}/mcp`, way, tool: isOne || !server ? example.name : (example.listed_as ?? permissionNameOf(server, example.name)), args: example.args };
}

function Where({ url }: { url: string }) {
  const t = useWords();
  const { value, set } = useAddress();
  const mayRead = useMay("mcp.read");
  const servers = useQuery({ ...serversQuery, enabled: mayRead });
  const own = useQuery({ ...hubServersQuery, enabled: mayRead });
  const names = [...(servers.data ?? []).filter(({ enabled }) => enabled), ...(own.data ?? [])].map((each) => each.name);
  return (
    <div className="stack">
      {mayRead && (
        <Select
          w={280}
          aria-label={t("mcp.name")}
          searchable
          allowDeselect={false}
          value={value("server") || "all"}
          onChange={(next) => set({ server: next === "all" ? undefined : (next ?? undefined) })}
          data={[{ value: "all", label: t("connect.allTools") }, ...names.map((name) => ({ value: name, label: t("connect.toolsOf", { name }) }))]}
        />
      )}
      <Snippet text={url} />
    </div>
  );
}

function ToolsKey({ made, setMade }: { made: CreatedKey | null; setMade: (made: CreatedKey) => void }) {
  const t = useWords();
  const mayCreate = useMay("keys.write");
  const create = useCreateKey();
  return (
    <>
      {made ? (
        <span className="dim">{t("keys.once")}</span>
      ) : (
        <div className="row wrap">
          <Button leftSection={<IconKey size={14} />} loading={create.isPending} disabled={!mayCreate} onClick={() => create.mutate({ name: t("connect.keyName"), scopes: ["tools"] }, { onSuccess: setMade })}>
            {t("connect.createKey")}
          </Button>
          <span className="dim">{t("gateway.orOwnKey", { placeholder: PLACEHOLDER })}</span>
        </div>
      )}
      {create.isError && <FailureNote error={create.error} />}
      <Snippet text={`export MNO_KEY="${made?.key ?? PLACEHOLDER}"`} label={t("start.kind.shell")} />
    </>
  );
}

function ClientSteps({ reached }: { reached: Reached }) {
  const t = useWords();
  const { value, set } = useAddress();
  const clients = clientsOf(reached.way);
  const client: Client = clients.find((each) => each === value("client")) ?? clients[0] ?? "claude-code";
  const file = fileOf(client, reached.way);
  const isByHand = client === "claude-desktop" && reached.way === "sign-in";
  return (
    <div className="stack">
      <Select w={220} aria-label={t("connect.client")} allowDeselect={false} value={client} onChange={(next) => set({ client: next ?? undefined })} data={clients.map((each) => ({ value: each, label: CLIENT_TITLES[each] }))} />
      {isByHand && <span className="dim">{t("connect.desktopText")}</span>}
      <Snippet text={snippetOf(client, reached)} label={isByHand ? undefined : file || t("start.kind.shell")} />
    </div>
  );
}
