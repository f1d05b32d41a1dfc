/* One question: may this person or key do this there, and why. It stands in the address, so that it can be sent on. */

import { Checkbox, Select, Skeleton } from "@mantine/core";
import { IconArrowRight, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { address, request } from "../api/client";
import { type Translate, useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Card } from "../ui/Page";
import { Failure } from "../ui/State";
import { type Place, type Verdict, verdictOf } from "./explain";
import { allKeysQuery, type Explanation, groupMembersQuery, groupsQuery, type Level, membersQuery, type Permission, permissionsQuery, type Reason } from "./queries";
import { byNoun } from "./roles";
import { isComplete, ScopeFields, useProjectNames } from "./Scopes";
import { SubjectSelect } from "./Subjects";
import { nounText, permissionText, placeText, roleText } from "./words";

export function Question() {
  const t = useWords();
  const { value, set } = useAddress();
  const known = useQuery(permissionsQuery);
  const who = value("who");
  const group = who.startsWith("grp_") ? who : "";
  const asked = group ? value("person") : who;
  const permission = value("permission");
  const place: Place = { level: (value("at") || "team") as Level, project: value("project"), name: value("name") };
  const factor = value("factor") !== "no";
  const isReady = asked !== "" && permission !== "" && isComplete(place);
  return (
    <Card title={t("explain.title")} hint={t("explain.hint")}>
      <div className="stack">
        <div className="team-form">
          <SubjectSelect label={t("explain.who")} value={who} set={(id) => set({ who: id || undefined, person: undefined })} />
          {group && <GroupPerson group={group} />}
          <Select
            searchable
            limit={100}
            label={t("explain.what")}
            placeholder={t("explain.choosePermission")}
            data={byNoun(known.data ?? []).map(([noun, list]) => ({ group: nounText(noun, t), items: list.map(({ name }) => name) }))}
            value={permission || null}
            onChange={(name) => set({ permission: name ?? undefined })}
          />
          <ScopeFields place={place} set={(next) => set({ at: next.level, project: next.project || undefined, name: next.name || undefined }, { replace: true })} />
        </div>
        {asked.startsWith("usr_") && <Checkbox label={t("explain.shown")} checked={factor} onChange={(event) => set({ factor: event.currentTarget.checked ? undefined : "no" })} />}
        {isReady ? <Answer asked={asked} permission={permission} place={place} factor={factor} known={known.data ?? []} /> : <p className="dim" style={{ margin: 0 }}>{group && !asked ? t("explain.groupText") : t("explain.ask")}</p>}
      </div>
    </Card>
  );
}

/** A group does nothing by itself, so the question is about one of its people. */
function GroupPerson({ group }: { group: string }) {
  const t = useWords();
  const { value, set } = useAddress();
  const members = useQuery(groupMembersQuery(group));
  return (
    <Select
      searchable
      limit={100}
      label={t("explain.person")}
      placeholder={t("group.choosePerson")}
      error={members.error ? members.error.message : null}
      data={(members.data ?? []).map(({ id, name, email }) => ({ value: id, label: name || email }))}
      value={value("person") || null}
      onChange={(person) => set({ person: person ?? undefined })}
      nothingFoundMessage={t("group.nobody")}
    />
  );
}

interface AnswerProps {
  asked: string;
  permission: string;
  place: Place;
  factor: boolean;
  known: Permission[];
}

function Answer({ asked, permission, place, factor, known }: AnswerProps) {
  const t = useWords();
  const projects = useProjectNames();
  const name = useSubjectName(asked);
  const keys = useQuery({ ...allKeysQuery, enabled: asked.startsWith("key_") });
  const query = { principal: asked, permission, level: place.level, project: place.project, name: place.name.trim(), second_factor: factor };
  const answer = useQuery({
    queryKey: ["team", "explain", query],
    queryFn: ({ signal }) => request<Explanation>(address("/api/rbac/explain", query), { signal }),
  });
  if (answer.isPending) return <Skeleton height={52} />;
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  const verdict = verdictOf(answer.data, place, keys.data?.find(({ id }) => id === asked));
  const meaning = permissionText(permission, known.find((one) => one.name === permission)?.description ?? "", t);
  const reasons = [...answer.data.denies, ...answer.data.allows];
  return (
    <div className="stack" style={{ gap: 12 }} aria-live="polite">
      <div className={answer.data.allowed ? "verdict yes" : "verdict no"} data-allowed={answer.data.allowed}>
        {answer.data.allowed ? <IconCircleCheck size={20} aria-hidden /> : <IconCircleX size={20} aria-hidden />}
        <div>
          <strong>{sentence(verdict, { name, permission, place: placeText(place, projects.get(place.project) ?? "", t) }, projects, t)}</strong>
          <div className="dim" style={{ fontSize: 13 }}>{meaning}</div>
        </div>
      </div>
      {reasons.length > 0 && (
        <ul className="team-list" aria-label={t("explain.grants")}>
          {reasons.map((reason) => (
            <li key={`${reason.grant} ${reason.effect}`} className="row wrap" style={{ paddingRight: 12 }}>
              <span className={reason.effect === "deny" ? "mark broken" : "mark good"}>{t(reason.effect === "deny" ? "team.deny" : "team.allow")}</span>
              <Way reason={reason} subject={name} />
              <span className="dim">{placeText(reason.scope, projects.get(reason.scope.project ?? "") ?? "", t)}</span>
              {reason.needs_second_factor && <span className="mark attention">{t("explain.waits")}</span>}
              <span className="grow" />
              <span className="mono faint cut" title={reason.grant}>{reason.grant}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** From the subject to the role that names the permission: person, group, role, included role. */
function Way({ reason, subject }: { reason: Reason; subject: string }) {
  const t = useWords();
  const steps = [subject, ...(reason.via_group ? [t("explain.viaGroup", { group: reason.via_group })] : []), ...reason.via_roles.map((role) => roleText(role, t))];
  return (
    <span className="way">
      {steps.map((step, index) => (
        <span key={index} className="row" style={{ gap: 4 }}>
          {index > 0 && <IconArrowRight size={12} className="faint" aria-hidden />}
          {step}
        </span>
      ))}
    </span>
  );
}

function sentence(verdict: Verdict, asked: { name: string; permission: string; place: string }, projects: Map<string, string>, t: Translate): string {
  if (!("reason" in verdict)) return t(`explain.${verdict.kind}`, asked);
  const { reason } = verdict;
  const role = roleText(reason.via_roles[0] ?? "", t);
  const at = placeText(reason.scope, projects.get(reason.scope.project ?? "") ?? "", t);
  return reason.via_group
    ? t(`explain.${verdict.kind}ByGroup`, { ...asked, role, at, group: reason.via_group })
    : t(`explain.${verdict.kind}`, { ...asked, role, at });
}

function useSubjectName(id: string): string {
  const members = useQuery(membersQuery);
  const groups = useQuery({ ...groupsQuery, enabled: id.startsWith("grp_") });
  const keys = useQuery({ ...allKeysQuery, enabled: id.startsWith("key_") });
  const member = members.data?.find((one) => one.id === id);
  return (member && (member.name || member.email)) ?? groups.data?.find((one) => one.id === id)?.name ?? keys.data?.find((one) => one.id === id)?.name ?? id;
}
