/* The team and the project in which the session acts, and the way to another. */

import { Loader, Menu, ScrollArea } from "@mantine/core";
import { IconCheck, IconChevronDown, IconSettings } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import type { Session } from "../api/types";
import { useWords } from "../i18n/language";
import { projectsQuery, switchTo, teamsQuery } from "../team/queries";
import { FailureNote } from "../ui/State";
import { NAVIGATION } from "./navigation";

/** `goOn` is where the page goes on once the place has changed; else it stays where it shows whatever there is. */
export function PlaceSwitch({ session, goOn }: { session: Session; goOn?: string }) {
  const t = useWords();
  const [opened, setOpened] = useState(false);
  const { pathname } = useLocation();
  const teams = useQuery({ ...teamsQuery, enabled: opened });
  const projects = useQuery({ ...projectsQuery, enabled: opened });
  const change = useMutation({
    mutationFn: (wish: { team_id?: string; project_id?: string }) => {
      // A page about one thing would find nothing in the other place.
      const isList = NAVIGATION.some(({ pages }) => pages.some(({ to }) => to === pathname));
      return switchTo(wish, goOn ?? (isList ? pathname : "/"));
    },
  });
  const inUse = (projects.data ?? []).filter(({ archived_at }) => archived_at === null);
  const open = (teams.data ?? []).filter(({ archived_at }) => archived_at === null);
  const error = change.error ?? teams.error ?? projects.error;
  return (
    <Menu width={264} position="bottom-start" opened={opened} onChange={setOpened}>
      <Menu.Target>
        <button type="button" className="shell-project" aria-label={t("place.switch", { team: session.team.name, project: session.project.name })}>
          <span className="cut shell-team">{session.team.name}</span>
          <span className="faint shell-team">/</span>
          <b className="cut">{session.project.name}</b>
          <IconChevronDown size={14} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {error && <FailureNote error={error} />}
        <ScrollArea.Autosize mah={420} type="auto">
          <Menu.Label>{t("place.projects", { team: session.team.name })}</Menu.Label>
          {projects.isPending && <Loader size={16} m={8} />}
          {inUse.map(({ id, name }) => (
            <Choice key={id} name={name} isHere={id === session.project.id} choose={() => change.mutate({ project_id: id })} />
          ))}
          <Menu.Divider />
          <Menu.Label>{t("place.teams")}</Menu.Label>
          {open.map(({ id, name }) => (
            <Choice key={id} name={name} isHere={id === session.team.id} choose={() => change.mutate({ team_id: id })} />
          ))}
        </ScrollArea.Autosize>
        <Menu.Divider />
        <Menu.Item component={Link} to="/team/projects" leftSection={<IconSettings size={14} />}>
          {t("place.manage")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Choice({ name, isHere, choose }: { name: string; isHere: boolean; choose: () => void }) {
  return (
    <Menu.Item aria-current={isHere ? "true" : undefined} closeMenuOnClick={isHere} onClick={isHere ? undefined : choose} rightSection={isHere ? <IconCheck size={14} /> : null}>
      <span className="cut" style={{ display: "block" }}>{name}</span>
    </Menu.Item>
  );
}
