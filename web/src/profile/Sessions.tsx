/* Where one is signed in: this browser is marked, any other can be ended, or all of them at once. */

import { Button } from "@mantine/core";
import { IconDevices } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import type { ListedSession } from "../identity/shapes";
import { useWords } from "../i18n/language";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { browserOf } from "./agent";

const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => (await request<{ items: ListedSession[] }>("/api/auth/sessions", { signal })).items,
});

export function Sessions() {
  const t = useWords();
  const queries = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const [isAsking, setAsking] = useState(false);
  const onSuccess = () => {
    setAsking(false);
    return queries.invalidateQueries({ queryKey: sessionsQuery.queryKey });
  };
  const end = useMutation({ mutationFn: (one: ListedSession) => request<undefined>(`/api/auth/sessions/${one.id}`, { method: "DELETE" }), onSuccess });
  const endOthers = useMutation({ mutationFn: () => request<{ ended: number }>("/api/auth/sessions", { method: "DELETE" }), onSuccess });
  const others = (sessions.data ?? []).filter((one) => !one.current).length;
  const columns: Column<ListedSession>[] = [
    {
      key: "where",
      title: t("sessions.browser"),
      cell: (row) => (
        <span className="row">
          <span className="cell-cut" style={{ fontWeight: 500 }} title={row.agent}>{browserOf(row.agent) || t("sessions.unknown")}</span>
          {row.current && <span className="mark good">{t("sessions.current")}</span>}
        </span>
      ),
    },
    { key: "address", title: t("sessions.address"), cell: (row) => <span className="mono dim">{row.address || "–"}</span> },
    { key: "by", title: t("sessions.by"), cell: (row) => <span className="dim">{row.factors.map((factor) => t(`by.${factor}`)).join(" + ")}</span> },
    { key: "began", title: t("sessions.began"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "seen", title: t("sessions.seen"), order: (row) => row.last_seen_at, cell: (row) => <span className="dim"><Ago at={row.last_seen_at} /></span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        row.current ? null : (
          <Button variant="subtle" color="red" loading={end.isPending && end.variables.id === row.id} onClick={() => end.mutate(row)} aria-label={`${t("sessions.end")} ${browserOf(row.agent)}`}>
            {t("sessions.end")}
          </Button>
        ),
    },
  ];
  return (
    <Card
      bare
      title={t("sessions.title")}
      acts={
        others > 0 &&
        (isAsking ? (
          <>
            <span className="dim">{t("sessions.sure", { count: others })}</span>
            <Button variant="subtle" onClick={() => setAsking(false)}>{t("act.cancel")}</Button>
            <Button color="red" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>{t("sessions.endOthers")}</Button>
          </>
        ) : (
          <Button variant="subtle" color="red" onClick={() => setAsking(true)}>{t("sessions.endOthers")}</Button>
        ))
      }
    >
      {(end.isError || endOthers.isError) && <div style={{ padding: "0 16px 12px" }}><FailureNote error={end.error ?? endOthers.error} /></div>}
      <DataTable
        name="sessions"
        rows={sessions.data}
        columns={columns}
        rowKey={(row) => row.id}
        error={sessions.error}
        retry={() => void sessions.refetch()}
        empty={<State icon={IconDevices} title={t("sessions.empty")} />}
      />
    </Card>
  );
}
