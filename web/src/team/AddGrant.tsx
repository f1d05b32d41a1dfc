/* Gives a person, group or key a role somewhere, or denies it there. */

import { Button, Modal, Radio } from "@mantine/core";
import { useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import type { Place } from "./explain";
import { type Effect, type Grant, type GrantWish, type Level, useTeamChange } from "./queries";
import { isComplete, RoleSelect, ScopeFields, WHOLE_TEAM } from "./Scopes";
import { SubjectSelect } from "./Subjects";
import { wishOf } from "./SubjectRoles";

const LEVELS: readonly Level[] = ["team", "project", "agent", "tool", "task"];
const WITH_HUB: readonly Level[] = ["hub", ...LEVELS];

export function AddGrant({ close }: { close: () => void }) {
  const t = useWords();
  const mayOnHub = useMay("hub.settings.write");
  const [subject, setSubject] = useState("");
  const [role, setRole] = useState("");
  const [effect, setEffect] = useState<Effect>("allow");
  const [place, setPlace] = useState<Place>(WHOLE_TEAM);
  const add = useTeamChange((wish: GrantWish) => request<Grant>("/api/grants", { method: "POST", json: wish }), close);
  return (
    <Modal opened onClose={close} title={t("grant.add")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(wishOf(subject, { role, effect, place }));
        }}
      >
        <SubjectSelect label={t("grant.subject")} value={subject} set={setSubject} />
        <ScopeFields
          place={place}
          levels={mayOnHub ? WITH_HUB : LEVELS}
          set={(next) => {
            if ((next.level === "hub") !== (place.level === "hub")) setRole("");
            setPlace(next);
          }}
        />
        <RoleSelect value={role} set={setRole} ofHub={place.level === "hub"} />
        <Radio.Group label={t("team.effect")} value={effect} onChange={(value) => setEffect(value)} size="xs">
          <div className="stack" style={{ gap: 8, marginTop: 8 }}>
            <Radio size="xs" value="allow" label={t("team.allow")} description={t("grant.allowText")} />
            <Radio size="xs" value="deny" label={t("team.deny")} description={t("grant.denyText")} />
          </div>
        </Radio.Group>
        {add.isError && <FailureNote error={add.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={add.isPending} disabled={subject === "" || role === "" || !isComplete(place)}>{t("grant.add")}</Button>
        </div>
      </form>
    </Modal>
  );
}
