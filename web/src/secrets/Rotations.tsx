/* New encryption keys: what is stored is encrypted anew in the background, and everything keeps working meanwhile. */

import { Button, Modal, Progress } from "@mantine/core";
import { IconKey, IconRotateClockwise2 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay, useMayInTeam } from "../api/session";
import { formatCount } from "../format/number";
import { useStepUp } from "../identity/StepUp";
import { useLanguage, useWords } from "../i18n/language";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { type Rotation, rotationsQuery } from "./shapes";

const KEYS = ["data-key", "hub-data-key", "master-key"] as const;
type Key = (typeof KEYS)[number];

export function Rotations() {
  const { t, language } = useLanguage();
  const rotations = useQuery(rotationsQuery);
  const mayTeam = useMayInTeam("secrets.write");
  const mayHub = useMay("hub.settings.write");
  const [beginning, setBeginning] = useState<Key | null>(null);
  const offered = KEYS.filter((key) => (key === "data-key" ? mayTeam : mayHub));
  const columns: Column<Rotation>[] = [
    {
      key: "key",
      title: t("rotations.key"),
      cell: (row) => <span style={{ fontWeight: 500 }}>{t(`rotations.name.${row.kind === "master_key" ? "master" : row.of}`)}</span>,
    },
    {
      key: "state",
      title: t("rotations.state"),
      cell: (row) => (
        <span className="row" style={{ gap: 8 }}>
          <span className={`mark ${row.state === "done" ? "good" : row.state === "failed" ? "broken" : "information"}`}>{t(`rotations.state.${row.state === "done" || row.state === "failed" ? row.state : "running"}`)}</span>
          {row.state === "running" && <Progress value={100} animated w={64} size="sm" aria-label={t("rotations.state.running")} />}
          {row.error !== "" && <span className="broken">{row.error}</span>}
        </span>
      ),
    },
    { key: "done", title: t("rotations.done"), align: "right", cell: (row) => formatCount(row.done, language) },
    { key: "by", title: t("rotations.by"), cell: (row) => <span className="dim">{row.created_by}</span> },
    { key: "at", title: t("rotations.begun"), cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
  ];
  return (
    <Card
      bare
      title={t("rotations.title")}
      hint={t("rotations.hint")}
    >
      {offered.length > 0 && (
        <div className="filters rotations-acts">
          {offered.map((key) => (
            <Button key={key} variant="default" leftSection={<IconRotateClockwise2 size={14} />} onClick={() => setBeginning(key)}>
              {t(`rotations.${key}`)}
            </Button>
          ))}
        </div>
      )}
      <DataTable
        name="rotations"
        rows={rotations.data?.items}
        columns={columns}
        rowKey={(row) => row.id}
        error={rotations.error}
        retry={() => void rotations.refetch()}
        empty={<State icon={IconKey} title={t("rotations.empty")} text={t("rotations.emptyText")} />}
      />
      {beginning && <Begin of={beginning} close={() => setBeginning(null)} />}
    </Card>
  );
}

function Begin({ of, close }: { of: Key; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const begin = useMutation({
    mutationFn: () => stepUp(() => request<Rotation>(`/api/config/runtime/rotations/${of}`, { method: "POST" })),
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ queryKey: rotationsQuery.queryKey });
    },
  });
  return (
    <Modal opened onClose={close} title={t("rotations.beginTitle", { key: t(`rotations.${of}`) })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <p style={{ margin: 0 }}>{t(`rotations.text.${of}`)}</p>
        {begin.isError && <FailureNote error={begin.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button loading={begin.isPending} onClick={() => begin.mutate()}>
            {t("rotations.begin")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
