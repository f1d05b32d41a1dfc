/* The team itself: its name and time zone, its end, and a new team beside it. */

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery, useMay, useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { Differences } from "../ui/Differences";
import { Card } from "../ui/Page";
import { FailureNote } from "../ui/State";
import { switchTo, type Team, teamsQuery, useTeamChange } from "./queries";

type Doing = "edit" | "archive" | "create";

export function TeamCard() {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const teams = useQuery(teamsQuery);
  const mayWrite = useMayInTeam("team.write");
  const mayCreate = useMay("hub.teams.create");
  const [doing, setDoing] = useState<Doing | null>(null);
  const team = teams.data?.find(({ id }) => id === session.data?.team.id);
  const archive = useTeamChange(
    (ending: Team) => request<Team>(`/api/teams/${ending.id}/archive`, { method: "POST" }),
    () => window.location.assign("/"),
  );
  return (
    <Card
      title={session.data?.team.name ?? ""}
      hint={t("team.one")}
      acts={
        <>
          {mayCreate && <Button variant="default" onClick={() => setDoing("create")}>{t("team.create")}</Button>}
          {mayWrite && team && <Button variant="default" onClick={() => setDoing("edit")}>{t("team.edit")}</Button>}
          {mayWrite && team && <Button variant="subtle" color="red" onClick={() => setDoing("archive")}>{t("project.archive")}</Button>}
        </>
      }
    >
      {teams.isError && <FailureNote error={teams.error} />}
      <dl className="pairs">
        <dt>{t("team.zone")}</dt>
        <dd>{team?.time_zone ?? "…"}</dd>
      </dl>
      {doing === "create" && <TeamDialog close={() => setDoing(null)} />}
      {doing === "edit" && team && <TeamDialog team={team} close={() => setDoing(null)} />}
      {doing === "archive" && team && (
        <ConfirmByName
          title={t("project.archiveTitle", { name: team.name })}
          text={t("team.archiveText")}
          name={team.name}
          act={t("project.archive")}
          pending={archive.isPending}
          error={archive.error}
          confirm={() => archive.mutate(team)}
          close={() => setDoing(null)}
        />
      )}
    </Card>
  );
}

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

function TeamDialog({ team, close }: { team?: Team; close: () => void }) {
  const t = useWords();
  const [name, setName] = useState(team?.name ?? "");
  const [zone, setZone] = useState(team?.time_zone ?? (Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"));
  const wish = { name: name.trim(), time_zone: zone };
  const save = useTeamChange(
    () => (team ? request<Team>(`/api/teams/${team.id}`, { method: "PATCH", json: wish }) : request<Team>("/api/teams", { method: "POST", json: wish })),
    team ? close : undefined,
  );
  const enter = useTeamChange((made: Team) => switchTo({ team_id: made.id }, "/team/people"));
  const changes = team
    ? [
        { key: "name", title: t("people.name"), before: team.name, after: wish.name },
        { key: "zone", title: t("team.zone"), before: team.time_zone, after: zone },
      ].filter(({ before, after }) => before !== after)
    : [];
  if (save.data && !team) {
    const made = save.data;
    return (
      <Modal opened onClose={close} title={t("team.made", { name: made.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
        <div className="stack">
          <p style={{ margin: 0 }}>{t("team.madeText")}</p>
          {enter.isError && <FailureNote error={enter.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>{t("team.stay")}</Button>
            <Button loading={enter.isPending} onClick={() => enter.mutate(made)}>{t("team.goTo", { name: made.name })}</Button>
          </div>
        </div>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={close} title={team ? t("team.edit") : t("team.create")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(undefined);
        }}
      >
        <TextInput data-autofocus required maxLength={100} label={t("people.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Select searchable limit={60} label={t("team.zone")} description={t("team.zoneText")} allowDeselect={false} data={ZONES.includes(zone) ? ZONES : [zone, ...ZONES]} value={zone} onChange={(value) => setZone(value ?? "UTC")} />
        {changes.length > 0 && <Differences items={changes} />}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={save.isPending} disabled={wish.name === "" || (team !== undefined && changes.length === 0)}>{team ? t("act.save") : t("team.create")}</Button>
        </div>
      </form>
    </Modal>
  );
}
