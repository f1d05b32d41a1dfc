/* The roles of a person, group or key: changed as a draft, whose difference is shown before it is saved. */

import { ActionIcon, Button, Modal, SegmentedControl, Skeleton, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { type Changed, Differences } from "../ui/Differences";
import { Failure, FailureNote } from "../ui/State";
import type { Place } from "./explain";
import { type Effect, type Grant, grantsOf, rolesQuery, useTeamChange } from "./queries";
import { isComplete, RoleSelect, ScopeFields, useProjectNames, WHOLE_TEAM } from "./Scopes";
import { placeText, roleText } from "./words";

interface Draft {
  role: string;
  effect: Effect;
  place: Place;
}

interface SubjectRolesProps {
  id: string;
  name: string;
  mayWrite: boolean;
  close: () => void;
}

export function SubjectRoles({ id, name, mayWrite, close }: SubjectRolesProps) {
  const t = useWords();
  const grants = useQuery(grantsOf(id));
  const roles = useQuery(rolesQuery);
  const projects = useProjectNames();
  const [ending, setEnding] = useState<string[]>([]);
  const [added, setAdded] = useState<Draft[]>([]);
  const save = useTeamChange(async () => {
    // What comes, comes first: so a team is never for a moment without an Owner.
    for (const draft of added) {
      await request<Grant>("/api/grants", { method: "POST", json: wishOf(id, draft) });
      setAdded((before) => before.filter((one) => one !== draft));
    }
    for (const grant of ending) {
      await request<undefined>(`/api/grants/${grant}`, { method: "DELETE" });
      setEnding((before) => before.filter((one) => one !== grant));
    }
    close();
    return undefined;
  });

  const roleName = (role: string) => roleText(roles.data?.find((one) => one.id === role)?.name ?? "", t);
  const told = (effect: Effect, role: string, place: string) => t(effect === "deny" ? "team.denyAt" : "team.allowAt", { role, place });
  const placeOf = (place: { level: Place["level"]; project?: string | null; name?: string }) => placeText(place, projects.get(place.project ?? "") ?? "", t);
  const changes: Changed[] = [
    ...(grants.data ?? [])
      .filter((grant) => ending.includes(grant.id))
      .map((grant) => ({ key: grant.id, title: t("team.roleEnds"), before: told(grant.effect, roleText(grant.role_name, t), placeOf(grant.scope)) })),
    ...added.map((draft, index) => ({ key: String(index), title: t("team.roleComes"), after: told(draft.effect, roleName(draft.role), placeOf(draft.place)) })),
  ];
  return (
    <Modal opened onClose={close} size="lg" title={t("team.rolesOf", { name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        {grants.isPending && <Skeleton height={40} />}
        {grants.isError && <Failure error={grants.error} retry={() => void grants.refetch()} />}
        {grants.data?.length === 0 && <p className="dim" style={{ margin: 0 }}>{t("team.noRoles")}</p>}
        {grants.data && grants.data.length > 0 && (
          <ul className="team-list">
            {grants.data.map((grant) => {
              const isEnding = ending.includes(grant.id);
              return (
                <li key={grant.id} className="row">
                  <span className={isEnding ? "grow dim struck" : "grow"}>
                    <RoleMark effect={grant.effect} name={grant.role_name} /> <span className="dim">{placeOf(grant.scope)}</span>
                  </span>
                  {mayWrite && (
                    <Tooltip label={isEnding ? t("team.keep") : t("team.take")}>
                      <ActionIcon
                        aria-label={`${isEnding ? t("team.keep") : t("team.take")} ${roleText(grant.role_name, t)}`}
                        onClick={() => setEnding(isEnding ? ending.filter((one) => one !== grant.id) : [...ending, grant.id])}
                      >
                        {isEnding ? <IconArrowBackUp size={16} /> : <IconTrash size={16} />}
                      </ActionIcon>
                    </Tooltip>
                  )}
                </li>
              );
            })}
          </ul>
        )}
        {mayWrite && <AddRole add={(draft) => setAdded([...added, draft])} />}
        {changes.length > 0 && (
          <section className="stack" style={{ gap: 8 }}>
            <strong>{t("team.differences")}</strong>
            <Differences items={changes} />
          </section>
        )}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {mayWrite ? t("act.cancel") : t("act.close")}
          </Button>
          {mayWrite && (
            <Button loading={save.isPending} disabled={changes.length === 0} onClick={() => save.mutate(undefined)}>
              {t("act.save")}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  );
}

export function wishOf(subject: string, { role, effect, place }: Draft) {
  return { subject, role, effect, scope: { level: place.level, project: place.project || null, name: place.name.trim() } };
}

function AddRole({ add }: { add: (draft: Draft) => void }) {
  const t = useWords();
  const [role, setRole] = useState("");
  const [effect, setEffect] = useState<Effect>("allow");
  const [place, setPlace] = useState<Place>(WHOLE_TEAM);
  return (
    <fieldset className="team-fields">
      <legend>{t("team.addRole")}</legend>
      <RoleSelect value={role} set={setRole} />
      <ScopeFields place={place} set={setPlace} />
      <SegmentedControl
        aria-label={t("team.effect")}
        value={effect}
        onChange={(value) => setEffect(value)}
        data={[{ value: "allow", label: t("team.allow") }, { value: "deny", label: t("team.deny") }]}
      />
      <Button
        variant="default"
        leftSection={<IconPlus size={14} />}
        disabled={role === "" || !isComplete(place)}
        onClick={() => {
          add({ role, effect, place });
          setRole("");
          setPlace(WHOLE_TEAM);
          setEffect("allow");
        }}
      >
        {t("team.addToList")}
      </Button>
    </fieldset>
  );
}

/** A role as a badge. What is denied says so in words, not by its colour alone. */
export function RoleMark({ effect, name, hint }: { effect: string; name: string; hint?: string }) {
  const t = useWords();
  const isStrong = name === "Owner" || name === "Admin" || name === "Hub administrator";
  return (
    <span className={effect === "deny" ? "mark broken" : isStrong ? "mark accent" : "mark"} title={hint}>
      <span className="cut">{effect === "deny" ? t("team.denied", { role: roleText(name, t) }) : roleText(name, t)}</span>
    </span>
  );
}
