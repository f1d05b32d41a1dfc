/* What adding, changing and deleting demands on a project, or on the team's own scope. */

import { Button, Modal, Select, Skeleton, Switch } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay, useMayInTeam } from "../api/session";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Differences } from "../ui/Differences";
import { Card } from "../ui/Page";
import { Failure, FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { Waiting } from "./EntryForm";
import { useProjects } from "./projects";
import { type Protection, protectionQuery } from "./shapes";

const DEMANDS = ["second_person", "fresh_factor"] as const;
type Demands = Pick<Protection, (typeof DEMANDS)[number]>;

export function ProtectionCard() {
  const t = useWords();
  const { value, set } = useAddress();
  const projects = useProjects();
  const mayTeam = useMayInTeam("secrets.read");
  const project = value("protect") || (mayTeam ? "" : (projects.items[0]?.value ?? ""));
  const protection = useQuery({ ...protectionQuery(project), enabled: mayTeam || project !== "" });
  return (
    <Card title={t("protection.title")} hint={t("protection.hint")}>
      <div className="protect">
        <Select
          w={260}
          label={t("protection.where")}
          value={project || "team"}
          onChange={(next) => set({ protect: next === "team" ? undefined : (next ?? undefined) }, { replace: true })}
          data={[...(mayTeam ? [{ value: "team", label: t("protection.team") }] : []), ...projects.items]}
          allowDeselect={false}
        />
        {protection.isError && !protection.data && <Failure error={protection.error} retry={() => void protection.refetch()} />}
        {protection.isPending && <Skeleton height={56} />}
        {protection.data && <Demanded key={`${project} ${protection.data.updated_at ?? ""}`} project={project} found={protection.data} />}
      </div>
    </Card>
  );
}

function Demanded({ project, found }: { project: string; found: Protection }) {
  const t = useWords();
  const mayProject = useMay("secrets.write");
  const mayTeam = useMayInTeam("secrets.write");
  const mayWrite = project === "" ? mayTeam : mayProject;
  const [wanted, setWanted] = useState<Demands>({ second_person: found.second_person, fresh_factor: found.fresh_factor });
  const [isReviewing, setReviewing] = useState(false);
  const isChanged = DEMANDS.some((each) => wanted[each] !== found[each]);
  return (
    <>
      {DEMANDS.map((each) => (
        <Switch key={each} checked={wanted[each]} disabled={!mayWrite} label={t(`protection.${each}`)} description={t(`protection.${each}Text`)} onChange={(event) => setWanted({ ...wanted, [each]: event.currentTarget.checked })} />
      ))}
      <div className="row wrap">
        {found.updated_at !== null && (
          <span className="dim" style={{ fontSize: 12 }}>
            {found.updated_by} · <Ago at={found.updated_at} />
          </span>
        )}
        <span className="grow" />
        {isChanged && (
          <>
            <Button variant="default" onClick={() => setWanted({ second_person: found.second_person, fresh_factor: found.fresh_factor })}>
              {t("settings.discard")}
            </Button>
            <Button onClick={() => setReviewing(true)}>{t("settings.review")}</Button>
          </>
        )}
      </div>
      {isReviewing && <ReviewProtection project={project} found={found} wanted={wanted} close={() => setReviewing(false)} />}
    </>
  );
}

function ReviewProtection({ project, found, wanted, close }: { project: string; found: Protection; wanted: Demands; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const save = useMutation({
    mutationFn: () => stepUp(() => request<Protection>("/api/config/runtime/protection", { method: "PUT", json: { project: project || null, ...wanted } })),
    onSuccess: async (answer) => {
      if (answer.approval === null || answer.approval === undefined) {
        notifications.show({ message: t("settings.saved"), color: "green" });
        close();
      }
      await Promise.all([queries.invalidateQueries({ queryKey: ["runtime", "protection"] }), queries.invalidateQueries({ queryKey: ["approvals"] })]);
    },
  });
  const changes = DEMANDS.filter((each) => wanted[each] !== found[each]);
  const onOff = (value: boolean) => t(value ? "settings.on" : "settings.off");
  return (
    <Modal opened onClose={close} title={t("settings.reviewTitle")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {save.data?.approval ? (
        <Waiting approval={save.data.approval} close={close} />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <Differences items={changes.map((each) => ({ key: each, title: t(`protection.${each}`), before: onOff(found[each]), after: onOff(wanted[each]) }))} />
          {found.second_person && <p className="dim" style={{ margin: 0 }}>{t("protection.lessText")}</p>}
          {save.isError && <FailureNote error={save.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("settings.save")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
