/* How an application comes to the gateway: a key, then the SDK it has already with another address. */

import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "../api/session";
import { useCreateKey } from "../identity/keys";
import { useWords } from "../i18n/language";
import { Card } from "../ui/Page";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { type Alias, aliasesQuery, type Provider, providersQuery } from "./shapes";
import { CLIENT_TITLES, type Client, clientsOf, snippetOf, usualModel } from "./snippets";

const PLACEHOLDER = "mno_…";
const HEADERS = `x-mno-user: ada
x-mno-session: conversation-42
x-mno-agent: support-triage
x-mno-environment: production
x-mno-tags: team=blue,urgent`;

export function Connect() {
  const t = useWords();
  const [key, setKey] = useState<string | null>(null);
  return (
    <div className="gateway-connect">
      <Card title={t("gateway.call")}>
        <CallSteps made={key} setMade={setKey} />
      </Card>
      <Card title={t("gateway.whose")}>
        <div className="stack">
          <p style={{ margin: 0 }}>{t("gateway.whoseText")}</p>
          <Snippet text={HEADERS} />
        </div>
      </Card>
    </div>
  );
}

/** A key and a snippet of code, in which that key is used. */
export function CallSteps({ made, setMade }: { made: string | null; setMade: (key: string) => void }) {
  const t = useWords();
  return (
    <div className="stack">
      <GatewayKey made={made} setMade={setMade} />
      <Snippet text={`export MNO_KEY="${made ?? PLACEHOLDER}"`} label={t("start.kind.shell")} />
      <Code />
    </div>
  );
}

function GatewayKey({ made, setMade }: { made: string | null; setMade: (key: string) => void }) {
  const t = useWords();
  const mayCreate = useMay("keys.write");
  const create = useCreateKey();
  if (made !== null) return <span className="dim">{t("keys.once")}</span>;
  return (
    <>
      <div className="row wrap">
        <Button leftSection={<IconKey size={14} />} loading={create.isPending} disabled={!mayCreate} onClick={() => create.mutate({ name: t("nav.gateway"), scopes: ["gateway"] }, { onSuccess: ({ key }) => setMade(key) })}>
          {t("gateway.createKey")}
        </Button>
        <span className="dim">{t("gateway.orOwnKey", { placeholder: PLACEHOLDER })}</span>
      </div>
      {create.isError && <FailureNote error={create.error} />}
    </>
  );
}

function Code() {
  const t = useWords();
  const providers = useQuery(providersQuery);
  const aliases = useQuery(aliasesQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const [client, setClient] = useState<Client>("openai");
  const provider = providers.data?.find(({ name }) => name === chosen) ?? providers.data?.[0];
  if (!provider) return null;
  const clients = clientsOf(provider.kind);
  const used = clients.find((each) => each === client) ?? clients[0] ?? "curl";
  const called = { host: window.location.origin, provider: provider.name, kind: provider.kind, model: modelFor(provider, aliases.data ?? []) };
  return (
    <>
      <div className="row wrap">
        <Select w={180} aria-label={t("gateway.provider")} value={provider.name} onChange={setChosen} data={providers.data?.map(({ name }) => name)} allowDeselect={false} />
        <SegmentedControl aria-label={t("gateway.client")} value={used} onChange={(next) => setClient(next)} data={clients.map((each) => ({ value: each, label: CLIENT_TITLES[each] }))} />
      </div>
      <Snippet text={snippetOf(used, called)} label={t(used === "curl" ? "start.kind.shell" : "start.kind.python")} />
    </>
  );
}

/** A name that leads to the provider, else a model that it is limited to, else a usual one. */
function modelFor(provider: Provider, aliases: readonly Alias[]): string {
  const alias = aliases.find(({ targets }) => targets.some((target) => target.provider === provider.name));
  return alias?.name ?? provider.models.find((model) => !model.includes("*")) ?? usualModel(provider.kind);
}
