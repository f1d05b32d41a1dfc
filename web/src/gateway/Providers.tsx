/* The providers of the team: where each is, for whom, and whether it answers. */

import { IconPlugConnected } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useLanguage } from "../i18n/language";
import { useProjects } from "../secrets/projects";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { RowActs } from "../ui/RowActs";
import { State } from "../ui/State";
import { CopyId } from "../ui/Values";
import { hostOf, KIND_TITLES } from "./presets";
import { ProviderForm } from "./ProviderForm";
import { healthQuery, type Provider, providersQuery, useGatewayChange } from "./shapes";

type Doing = { what: "change" | "remove"; provider: Provider };

export function Providers({ mayWrite }: { mayWrite: boolean }) {
  const { t, language } = useLanguage();
  const providers = useQuery(providersQuery);
  const health = useQuery(healthQuery);
  const projects = useProjects();
  const [doing, setDoing] = useState<Doing | null>(null);
  const listed = new Intl.ListFormat(language, { type: "unit" });
  const failing = new Set(health.data?.map(({ provider }) => provider));
  const columns: Column<Provider>[] = [
    {
      key: "name",
      title: t("gateway.provider"),
      order: (row) => row.name,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="nowrap" style={{ fontWeight: 500 }}>{row.name}</div>
          <div className="dim cell-cut" title={row.base_url}>{KIND_TITLES[row.kind]} · {hostOf(row.base_url)}</div>
        </div>
      ),
    },
    {
      key: "health",
      title: t("gateway.health"),
      cell: (row) => {
        if (!health.data) return <span className="faint">–</span>;
        return failing.has(row.name) ? <span className="mark broken">{t("gateway.fails")}</span> : <span className="mark good">{t("gateway.fine")}</span>;
      },
    },
    {
      key: "credential",
      title: t("gateway.credential"),
      cell: (row) => (row.has_credential ? <span className="dim">{t("gateway.kept")}</span> : <span className="mark attention">{t("gateway.noCredential")}</span>),
    },
    { key: "address", title: t("gateway.clientAddress"), cell: (row) => <CopyId id={`${window.location.origin}/llm/${row.name}`}>{`/llm/${row.name}`}</CopyId> },
    {
      key: "models",
      title: t("gateway.models"),
      cell: (row) =>
        row.models.length === 0 ? <span className="dim nowrap">{t("gateway.everyModel")}</span> : <div className="mono cell-cut" style={{ maxWidth: 220 }} title={row.models.join("\n")}>{listed.format(row.models)}</div>,
    },
    {
      key: "projects",
      title: t("gateway.projects"),
      cell: (row) =>
        row.projects.length === 0 ? <span className="dim nowrap">{t("gateway.everyProject")}</span> : <div className="cell-cut" style={{ maxWidth: 180 }}>{listed.format(row.projects.map((id) => projects.items.find(({ value }) => value === id)?.label ?? id))}</div>,
    },
    {
      key: "cache",
      title: t("gateway.cache"),
      align: "right",
      cell: (row) => (row.cache_s === 0 ? <span className="faint">{t("settings.off")}</span> : `${row.cache_s} s`),
    },
    { key: "priced", title: t("gateway.pricedAs"), optional: true, cell: (row) => <span className="mono">{row.priced_as}</span> },
    { key: "retries", title: t("gateway.retries"), align: "right", optional: true, cell: (row) => row.retries },
    { key: "timeout", title: t("gateway.timeout"), align: "right", optional: true, cell: (row) => `${row.timeout_s} s` },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? <RowActs name={row.name} edit={() => setDoing({ what: "change", provider: row })} remove={() => setDoing({ what: "remove", provider: row })} /> : null,
    },
  ];
  return (
    <Card bare title={t("gateway.view.providers")} hint={t("gateway.providersHint")} acts={<ColumnChooser name="gateway-providers" columns={columns} />}>
      <DataTable
        name="gateway-providers"
        rows={providers.data}
        columns={columns}
        rowKey={(row) => row.id}
        error={providers.error}
        retry={() => void providers.refetch()}
        empty={<State icon={IconPlugConnected} title={t("gateway.noProviders")} text={t("gateway.text")} />}
      />
      {doing?.what === "change" && <ProviderForm provider={doing.provider} close={() => setDoing(null)} />}
      {doing?.what === "remove" && <Remove provider={doing.provider} close={() => setDoing(null)} />}
    </Card>
  );
}

function Remove({ provider, close }: { provider: Provider; close: () => void }) {
  const { t } = useLanguage();
  const remove = useGatewayChange(() => request<undefined>(`/api/gateway/providers/${provider.id}`, { method: "DELETE" }), close);
  return (
    <ConfirmByName
      title={t("gateway.removeProvider", { name: provider.name })}
      text={t("gateway.removeProviderText")}
      name={provider.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
