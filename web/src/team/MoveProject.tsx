/* Lets a project go on in another team. What that means for keys, roles and spend is shown first. */

import { Button, Modal, Select, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery } from "../api/session";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { Means } from "./ArchiveProject";
import { type Consequences, type Project, teamsQuery, useTeamChange } from "./queries";

export function MoveProject({ project, close }: { project: Project; close: () => void }) {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const teams = useQuery(teamsQuery);
  const [team, setTeam] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const path = `/api/projects/${project.id}/move`;
  const means = useQuery({
    queryKey: ["team", "move", project.id, team],
    queryFn: () => request<Consequences>(`${path}?preview=true`, { method: "POST", json: { team_id: team } }),
    enabled: team !== null,
    gcTime: 0,
  });
  const move = useTeamChange(() => request<Consequences>(path, { method: "POST", json: { team_id: team } }), close);
  const others = (teams.data ?? []).filter(({ id, archived_at }) => id !== session.data?.team.id && archived_at === null);
  return (
    <Modal opened onClose={close} title={t("project.moveTitle", { name: project.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate(undefined);
        }}
      >
        <Select
          data-autofocus
          searchable
          label={t("project.toTeam")}
          placeholder={t("project.chooseTeam")}
          data={others.map(({ id, name }) => ({ value: id, label: name }))}
          value={team}
          onChange={setTeam}
          nothingFoundMessage={t("project.noTeam")}
          description={teams.data && others.length === 0 ? t("project.noTeam") : undefined}
        />
        {team && means.isPending && <Skeleton height={60} />}
        {means.isError && <FailureNote error={means.error} />}
        {means.data && (
          <>
            <Means means={means.data} notes={[t("project.moveSpend"), t("project.moveNew"), t("project.moveKeys"), t("project.moveLeft")]} />
            <TextInput label={t("confirm.type", { name: project.name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          </>
        )}
        {move.isError && <FailureNote error={move.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" color="red" loading={move.isPending} disabled={!means.data || typed.trim() !== project.name}>{t("project.move")}</Button>
        </div>
      </form>
    </Modal>
  );
}
