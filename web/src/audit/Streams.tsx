/* Where entries are sent as they are written: webhooks and syslog servers, how far each is, and what it refused. */

import { Button } from "@mantine/core";
import { IconBroadcast, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { formatCount } from "../format/number";
import { useLanguage } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { AddStream } from "./AddStream";
import { DeadLetters } from "./DeadLetters";
import { type Chain, roomOf, type Stream, streamsQuery } from "./shapes";

export function Streams({ chain, mayWrite }: { chain: Chain; mayWrite: boolean }) {
  const { t, language } = useLanguage();
  const queries = useQueryClient();
  const streams = useQuery(streamsQuery(chain));
  const [isAdding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Stream | null>(null);
  const [letters, setLetters] = useState<Stream | null>(null);
  const remove = useMutation({
    mutationFn: (stream: Stream) => request<undefined>(`${roomOf(chain)}/streams/${stream.id}`, { method: "DELETE" }),
    onSuccess: () => {
      setLeaving(null);
      return queries.invalidateQueries({ queryKey: streamsQuery(chain).queryKey });
    },
  });
  const columns: Column<Stream>[] = [
    {
      key: "name",
      title: t("streams.name"),
      order: (row) => row.name,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div style={{ fontWeight: 500 }} className="cell-cut">{row.name}</div>
          <div className="dim mono cell-cut" title={row.target}>{row.target}</div>
        </div>
      ),
    },
    { key: "kind", title: t("streams.kind"), cell: (row) => <span className="mark">{t(`streams.kind.${row.kind}`)}</span> },
    {
      key: "state",
      title: t("streams.state"),
      cell: (row) =>
        row.last_error === "" ? (
          <span className="mark good">{t("streams.working")}</span>
        ) : (
          <div style={{ minWidth: 0 }}>
            <span className="mark broken">{t("streams.failing", { count: row.attempts })}</span>
            <div className="dim" style={{ maxWidth: 320, overflowWrap: "anywhere", fontSize: 12 }}>{row.last_error}</div>
          </div>
        ),
    },
    { key: "behind", title: t("streams.behind"), align: "right", order: (row) => row.behind, cell: (row) => formatCount(row.behind, language) },
    { key: "sent", title: t("streams.sent"), cell: (row) => <span className="dim">{row.sent_at ? <Ago at={row.sent_at} /> : t("keys.never")}</span> },
    {
      key: "letters",
      title: t("streams.deadLetters"),
      align: "right",
      order: (row) => row.dead_letters,
      cell: (row) =>
        row.dead_letters > 0 ? (
          <button type="button" className="link broken" onClick={() => setLetters(row)}>
            {formatCount(row.dead_letters, language)}
          </button>
        ) : (
          "0"
        ),
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <Button variant="subtle" color="red" aria-label={`${t("streams.remove")} ${row.name}`} onClick={() => setLeaving(row)}>
            {t("streams.remove")}
          </Button>
        ) : null,
    },
  ];
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
      {t("streams.add")}
    </Button>
  );
  return (
    <Card bare title={t("streams.title")} hint={t("streams.hint")} acts={add}>
      <DataTable
        name="streams"
        rows={streams.data?.items}
        columns={columns}
        rowKey={(row) => row.id}
        error={streams.error}
        retry={() => void streams.refetch()}
        empty={<State icon={IconBroadcast} title={t("streams.empty")} text={t("streams.emptyText")} />}
      />
      {isAdding && <AddStream chain={chain} close={() => setAdding(false)} />}
      {letters && <DeadLetters chain={chain} stream={letters} mayWrite={mayWrite} close={() => setLetters(null)} />}
      {leaving && (
        <ConfirmByName
          title={t("streams.removeTitle", { name: leaving.name })}
          text={t("streams.removeText")}
          name={leaving.name}
          act={t("streams.remove")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(leaving)}
          close={() => setLeaving(null)}
        />
      )}
    </Card>
  );
}
