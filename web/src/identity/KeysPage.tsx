/* API keys: what applications and scripts sign with. A key is shown once and can be revoked for good. */

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import type { ApiKey } from "../api/types";
import { useWords } from "../i18n/language";
import { type Column, DataTable } from "../ui/DataTable";
import { ConfirmByName } from "../ui/ConfirmByName";
import { Card, Page } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { CreateKey } from "./CreateKey";
import { keysQuery } from "./keys";

export default function KeysPage() {
  const t = useWords();
  const mayWrite = useMay("keys.write");
  const keys = useQuery(keysQuery);
  const queries = useQueryClient();
  const [isCreating, creating] = useDisclosure(false);
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => request<undefined>(`/api/keys/${key.id}`, { method: "DELETE" }),
    onSuccess: () => {
      setLeaving(null);
      return queries.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });

  const columns: Column<ApiKey>[] = [
    {
      key: "name",
      title: t("keys.name"),
      order: (row) => row.name,
      cell: (row) => (
        <span className="row">
          <strong style={{ fontWeight: 500 }} className={row.revoked_at ? "dim cut" : "cut"}>{row.name}</strong>
          {row.revoked_at && <span className="mark broken">{t("keys.revoked")}</span>}
        </span>
      ),
    },
    { key: "prefix", title: t("keys.key"), cell: (row) => <span className="mono dim">{row.prefix}…</span> },
    {
      key: "scopes",
      title: t("keys.scope"),
      cell: (row) => (
        <span className="row" style={{ gap: 4 }}>
          {row.scopes.map((scope) => (
            <span key={scope} className={scope === "admin" ? "mark attention" : "mark"}>
              {t(`scope.${scope}`)}
            </span>
          ))}
        </span>
      ),
    },
    { key: "created", title: t("keys.created"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "used", title: t("keys.used"), order: (row) => row.last_used_at ?? "", cell: (row) => <span className="dim">{row.last_used_at ? <Ago at={row.last_used_at} /> : t("keys.never")}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite && !row.revoked_at ? (
          <Button variant="subtle" color="red" onClick={() => setLeaving(row)} aria-label={`${t("keys.revoke")} ${row.name}`}>
            {t("keys.revoke")}
          </Button>
        ) : null,
    },
  ];
  return (
    <Page
      title={t("nav.keys")}
      text={t("keys.text")}
      acts={
        mayWrite && (
          <Button leftSection={<IconPlus size={14} />} onClick={creating.open}>
            {t("keys.create")}
          </Button>
        )
      }
    >
      <Card bare>
        <DataTable
          name="keys"
          rows={keys.data}
          columns={columns}
          rowKey={(row) => row.id}
          error={keys.error}
          retry={() => void keys.refetch()}
          empty={
            <State icon={IconKey} title={t("keys.empty")} text={t("keys.emptyText")}>
              {mayWrite && <Button onClick={creating.open}>{t("keys.create")}</Button>}
            </State>
          }
        />
      </Card>
      <CreateKey opened={isCreating} close={creating.close} />
      {leaving && (
        <ConfirmByName
          title={t("keys.revokeTitle", { name: leaving.name })}
          text={t("keys.revokeText")}
          name={leaving.name}
          act={t("keys.revoke")}
          pending={revoke.isPending}
          error={revoke.error}
          confirm={() => revoke.mutate(leaving)}
          close={() => setLeaving(null)}
        />
      )}
    </Page>
  );
}
