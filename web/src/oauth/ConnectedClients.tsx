/* The clients that act for the person, in all their teams; taking one back ends it at once. */

import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { grantsQuery, type OauthGrant, targetOf } from "./queries";

export function ConnectedClients() {
  const t = useWords();
  const queries = useQueryClient();
  const grants = useQuery(grantsQuery);
  const revoke = useMutation({
    mutationFn: (one: OauthGrant) => request<undefined>(`/api/oauth/grants/${one.id}`, { method: "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: grantsQuery.queryKey }),
  });
  const nameOf = (row: OauthGrant) => row.client_name || t("oauth.unnamed");
  const columns: Column<OauthGrant>[] = [
    { key: "client", title: t("oauth.client"), order: nameOf, cell: (row) => <span className="cell-cut" style={{ fontWeight: 500 }} title={row.client_id}>{nameOf(row)}</span> },
    { key: "where", title: t("oauth.answer"), cell: (row) => <span className="dim" title={row.redirect_uri}>{t(`oauth.to.${targetOf(row.redirect_uri).kind}`, { name: targetOf(row.redirect_uri).name })}</span> },
    { key: "for", title: t("oauth.for"), cell: (row) => <span className="mono dim">{row.audience}</span> },
    { key: "place", title: t("oauth.in"), cell: (row) => <span className="dim cell-cut">{row.team} / {row.project}</span> },
    { key: "since", title: t("oauth.since"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "renewed", title: t("oauth.renewed"), order: (row) => row.last_used_at ?? "", cell: (row) => <span className="dim">{row.last_used_at ? <Ago at={row.last_used_at} /> : "–"}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => (
        <Button variant="subtle" color="red" loading={revoke.isPending && revoke.variables.id === row.id} onClick={() => revoke.mutate(row)} aria-label={`${t("oauth.takeBack")} ${nameOf(row)}`}>
          {t("oauth.takeBack")}
        </Button>
      ),
    },
  ];
  return (
    <Card bare title={t("oauth.connected")}>
      {revoke.isError && <div style={{ padding: "0 16px 12px" }}><FailureNote error={revoke.error} /></div>}
      <DataTable
        name="oauth-grants"
        rows={grants.data}
        columns={columns}
        rowKey={(row) => row.id}
        error={grants.error}
        retry={() => void grants.refetch()}
        empty={<State icon={IconPlugConnectedX} title={t("oauth.none")} text={t("oauth.noneText")} />}
      />
    </Card>
  );
}
