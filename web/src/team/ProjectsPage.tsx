/* Projects of the team, and the team itself: named, archived, moved, with what each change means. */

import { ActionIcon, Button, Menu, SegmentedControl } from "@mantine/core";
import { IconDots, IconFolder, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery, useMay, useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { type Column, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { FailureNote, State } from "../ui/State";
import { Ago, CopyId } from "../ui/Values";
import { ArchiveProject } from "./ArchiveProject";
import { MoveProject } from "./MoveProject";
import { NameDialog } from "./NameDialog";
import { type Project, projectsQuery, switchTo, teamsQuery, useTeamChange } from "./queries";
import { TeamCard } from "./TeamCard";
import "./team.css";

type What = "rename" | "archive" | "move" | "unarchive" | "enter";
type Doing = { what: "create" } | { what: "rename" | "archive" | "move"; project: Project };

export default function ProjectsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayCreate = useMayInTeam("projects.create");
  const projects = useQuery(projectsQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const take = useTeamChange((project: Project) => request<Project>(`/api/projects/${project.id}/unarchive`, { method: "POST" }));
  const enter = useTeamChange((project: Project) => switchTo({ project_id: project.id }, "/"));
  const columns = useColumns((what, project) => {
    if (what === "unarchive") take.mutate(project);
    else if (what === "enter") enter.mutate(project);
    else setDoing({ what, project });
  });
  const state = value("state") || "open";
  const rows = projects.data?.filter(
    ({ name, archived_at }) => name.toLowerCase().includes(value("q").toLowerCase()) && (state === "all" || (state === "archived") === (archived_at !== null)),
  );
  const create = () => setDoing({ what: "create" });
  const error = take.error ?? enter.error;
  return (
    <Page
      title={t("nav.projects")}
      text={t("project.text")}
      acts={mayCreate && <Button leftSection={<IconPlus size={14} />} onClick={create}>{t("project.create")}</Button>}
    >
      <TeamCard />
      <div className="filters">
        <SearchField label={t("project.search")} width={220} />
        <SegmentedControl
          aria-label={t("invite.state")}
          value={state}
          onChange={(next) => set({ state: next === "open" ? undefined : next })}
          data={[{ value: "open", label: t("project.open") }, { value: "archived", label: t("project.archivedMany") }, { value: "all", label: t("project.all") }]}
        />
      </div>
      {error && <FailureNote error={error} />}
      <Card bare>
        <DataTable
          name="projects"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={projects.error}
          retry={() => void projects.refetch()}
          empty={
            <State icon={IconFolder} title={t("project.empty")} text={state === "archived" ? t("project.noneArchived") : t("project.emptyText")}>
              {mayCreate && state !== "archived" && <Button onClick={create}>{t("project.create")}</Button>}
            </State>
          }
        />
      </Card>
      {doing?.what === "create" && (
        <NameDialog title={t("project.create")} act={t("project.create")} save={(name) => request<Project>("/api/projects", { method: "POST", json: { name } })} close={() => setDoing(null)} />
      )}
      {doing?.what === "rename" && (
        <NameDialog
          title={t("team.renameTitle", { name: doing.project.name })}
          act={t("act.save")}
          before={doing.project.name}
          save={(name) => request<Project>(`/api/projects/${doing.project.id}`, { method: "PATCH", json: { name } })}
          close={() => setDoing(null)}
        />
      )}
      {doing?.what === "archive" && <ArchiveProject project={doing.project} close={() => setDoing(null)} />}
      {doing?.what === "move" && <MoveProject project={doing.project} close={() => setDoing(null)} />}
    </Page>
  );
}

function useColumns(act: (what: What, project: Project) => void): Column<Project>[] {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const teams = useQuery(teamsQuery);
  const mayInTeam = useMayInTeam("projects.write");
  const mayHere = useMay("projects.write");
  const here = session.data?.project.id;
  return [
    {
      key: "name",
      title: t("people.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => (
        <span className="row wrap" style={{ gap: 6 }}>
          <strong style={{ fontWeight: 500 }} className={row.archived_at ? "dim cut" : "cut"}>{row.name}</strong>
          {row.id === here && <span className="mark accent">{t("project.here")}</span>}
          {row.archived_at && !row.moved_to && <span className="mark">{t("project.archived")}</span>}
          {row.moved_to && <span className="mark information">{t("project.movedTo", { team: teams.data?.find(({ id }) => id === row.moved_to?.[0])?.name ?? (row.moved_to[0] ?? "") })}</span>}
        </span>
      ),
    },
    { key: "id", title: t("project.id"), cell: (row) => <CopyId id={row.id} /> },
    { key: "created", title: t("keys.created"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "archived", title: t("project.archivedAt"), cell: (row) => <span className="dim">{row.archived_at ? <Ago at={row.archived_at} /> : "–"}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => {
        const mayWrite = mayInTeam || (mayHere && row.id === here);
        return (
          <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
            {row.id !== here && !row.archived_at && <Button variant="subtle" onClick={() => act("enter", row)} aria-label={`${t("project.enter")} ${row.name}`}>{t("project.enter")}</Button>}
            {mayWrite && !row.moved_to && (
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon aria-label={t("team.actsOf", { name: row.name })}>
                    <IconDots size={16} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  {row.archived_at ? (
                    <Menu.Item onClick={() => act("unarchive", row)}>{t("project.unarchive")}</Menu.Item>
                  ) : (
                    <>
                      <Menu.Item onClick={() => act("rename", row)}>{t("team.rename")}</Menu.Item>
                      <Menu.Item onClick={() => act("move", row)}>{t("project.move")}</Menu.Item>
                      <Menu.Item color="red" onClick={() => act("archive", row)}>{t("project.archive")}</Menu.Item>
                    </>
                  )}
                </Menu.Dropdown>
              </Menu>
            )}
          </span>
        );
      },
    },
  ];
}
