/* Who else may vouch for people here: GitHub and OpenID Connect providers, for the hub's administrators. */

import { Button } from "@mantine/core";
import { IconBuildingFortress, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { type Column, DataTable } from "../../ui/DataTable";
import { Card, Page } from "../../ui/Page";
import { SearchField } from "../../ui/SearchField";
import { State } from "../../ui/State";
import { CopyId } from "../../ui/Values";
import type { Provider } from "../shapes";
import { useStepUp } from "../StepUp";
import { EditProvider } from "./EditProvider";
import { Github } from "./Github";
import { providersQuery } from "./queries";

export default function SignInSettingsPage() {
  const t = useWords();
  return (
    <Page title={t("nav.signIn")} text={t("providers.text")}>
      <Providers />
      <Github />
    </Page>
  );
}

function Providers() {
  const t = useWords();
  const { value } = useAddress();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const mayWrite = useMay("hub.settings.write");
  const providers = useQuery(providersQuery);
  const [editing, setEditing] = useState<{ provider: Provider | null } | null>(null);
  const [leaving, setLeaving] = useState<Provider | null>(null);
  const remove = useMutation({
    mutationFn: (provider: Provider) => stepUp(() => request<undefined>(`/api/auth/providers/${provider.id}`, { method: "DELETE" })),
    onSuccess: async () => {
      setLeaving(null);
      await queries.invalidateQueries({ queryKey: providersQuery.queryKey });
      await queries.invalidateQueries({ queryKey: ["sign-in-methods"] });
    },
  });
  const wanted = value("q").toLowerCase();
  const found = providers.data?.filter(({ name, issuer, domains }) => [name, issuer, ...domains].some((text) => text.toLowerCase().includes(wanted)));
  const columns: Column<Provider>[] = [
    {
      key: "name",
      title: t("provider.name"),
      order: (row) => row.name,
      cell: (row) => (
        <span className="row">
          <span className="cell-cut" style={{ fontWeight: 500 }}>{row.name}</span>
          {!row.enabled && <span className="mark attention">{t("providers.off")}</span>}
        </span>
      ),
    },
    { key: "issuer", title: t("provider.issuer"), order: (row) => row.issuer, cell: (row) => <span className="mono dim cell-cut">{row.issuer}</span> },
    { key: "domains", title: t("provider.domains"), cell: (row) => <span className="dim">{row.domains.join(", ") || t("providers.allDomains")}</span> },
    { key: "redirect", title: t("provider.redirect"), cell: (row) => <CopyId id={row.redirect_uri}>{t("providers.copyRedirect")}</CopyId> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <span className="row" style={{ gap: 0, justifyContent: "flex-end" }}>
            <Button variant="subtle" aria-label={`${t("providers.edit")} ${row.name}`} onClick={() => setEditing({ provider: row })}>{t("providers.edit")}</Button>
            <Button variant="subtle" color="red" aria-label={`${t("providers.remove")} ${row.name}`} onClick={() => setLeaving(row)}>{t("providers.remove")}</Button>
          </span>
        ) : null,
    },
  ];
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing({ provider: null })}>
      {t("providers.add")}
    </Button>
  );
  const isEmpty = providers.data?.length === 0;
  return (
    <Card
      bare
      title={t("providers.title")}
      acts={
        !isEmpty && (
          <>
            <SearchField label={t("providers.search")} width={180} />
            {add}
          </>
        )
      }
    >
      <DataTable
        name="sign-in-providers"
        rows={found}
        columns={columns}
        rowKey={(row) => row.id}
        error={providers.error}
        retry={() => void providers.refetch()}
        empty={
          isEmpty ? (
            <State icon={IconBuildingFortress} title={t("providers.empty")} text={t("providers.emptyText")}>{mayWrite && <Button onClick={() => setEditing({ provider: null })}>{t("providers.add")}</Button>}</State>
          ) : (
            <State icon={IconBuildingFortress} title={t("providers.nothing")} />
          )
        }
      />
      {editing && <EditProvider provider={editing.provider} close={() => setEditing(null)} />}
      {leaving && (
        <ConfirmByName
          title={t("providers.removeTitle", { name: leaving.name })}
          text={t("providers.removeText")}
          name={leaving.name}
          act={t("providers.remove")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(leaving)}
          close={() => {
            setLeaving(null);
            remove.reset();
          }}
        />
      )}
    </Card>
  );
}
