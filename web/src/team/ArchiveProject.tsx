/* Archives a project, after saying what ends with it. */

import { Button, Modal, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { Failure, FailureNote } from "../ui/State";
import { type Consequences, type Project, useTeamChange } from "./queries";

export function ArchiveProject({ project, close }: { project: Project; close: () => void }) {
  const t = useWords();
  const [typed, setTyped] = useState("");
  const path = `/api/projects/${project.id}/archive`;
  const means = useQuery({ queryKey: ["team", "archive", project.id], queryFn: () => request<Consequences>(`${path}?preview=true`, { method: "POST" }), gcTime: 0 });
  const archive = useTeamChange(() => request<Consequences>(path, { method: "POST" }), close);
  return (
    <Modal opened onClose={close} title={t("project.archiveTitle", { name: project.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          archive.mutate(undefined);
        }}
      >
        {means.isPending && <Skeleton height={60} />}
        {means.isError && <Failure error={means.error} retry={() => void means.refetch()} />}
        {means.data && (
          <>
            <Means means={means.data} notes={[t("project.archiveKeeps"), t("project.archiveKeys")]} />
            <TextInput data-autofocus label={t("confirm.type", { name: project.name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          </>
        )}
        {archive.isError && <FailureNote error={archive.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" color="red" loading={archive.isPending} disabled={!means.data || typed.trim() !== project.name}>{t("project.archive")}</Button>
        </div>
      </form>
    </Modal>
  );
}

/** What a change of a project brings with it, in figures and sentences. */
export function Means({ means, notes }: { means: Consequences; notes: readonly string[] }) {
  const t = useWords();
  const figures = [
    [means.keys_revoked, t("project.keysRevoked", { count: means.keys_revoked }), "broken"],
    [means.keys_moved, t("project.keysMoved", { count: means.keys_moved }), "good"],
    [means.grants_ended, t("project.grantsEnded", { count: means.grants_ended }), "broken"],
    [means.invitations_revoked, t("project.invitationsRevoked", { count: means.invitations_revoked }), "broken"],
  ] as const;
  const some = figures.filter(([count]) => count > 0);
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row wrap" style={{ gap: 6 }}>
        {some.map(([, text, tone]) => (
          <span key={text} className={`mark ${tone}`}>{text}</span>
        ))}
        {some.length === 0 && <span className="mark">{t("project.nothingEnds")}</span>}
      </div>
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </div>
  );
}
