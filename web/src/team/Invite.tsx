/* Invites an address to a role. Where no letter can be sent, the link is shown once to be handed over. */

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconMailCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { formatExact } from "../format/time";
import { useLanguage, useWords } from "../i18n/language";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { projectsQuery, type SentInvitation, useTeamChange } from "./queries";
import { RoleSelect } from "./Scopes";

interface Wish {
  email: string;
  role_id: string;
  project_id: string | null;
}

export function Invite({ close }: { close: () => void }) {
  const t = useWords();
  const projects = useQuery(projectsQuery);
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("");
  const [project, setProject] = useState("");
  const invite = useTeamChange((wish: Wish) => request<SentInvitation>("/api/invitations", { method: "POST", json: wish }));
  if (invite.data) return <Handover sent={invite.data} close={close} />;
  const open = (projects.data ?? []).filter(({ archived_at }) => archived_at === null);
  return (
    <Modal opened onClose={close} title={t("invite.title")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate({ email: email.trim(), role_id: role, project_id: project || null });
        }}
      >
        <TextInput data-autofocus required type="email" maxLength={320} label={t("people.address")} placeholder="name@example.com" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <RoleSelect value={role} set={setRole} />
        <Select
          label={t("team.where")}
          allowDeselect={false}
          data={[{ value: "", label: t("reach.team") }, ...open.map(({ id, name }) => ({ value: id, label: t("place.project", { project: name }) }))]}
          value={project}
          onChange={(value) => setProject(value ?? "")}
        />
        {invite.isError && <FailureNote error={invite.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={invite.isPending} disabled={email.trim() === "" || role === ""}>{t("invite.send")}</Button>
        </div>
      </form>
    </Modal>
  );
}

/** What became of it: a letter on its way, or a link that this answer alone holds. */
export function Handover({ sent, close }: { sent: SentInvitation; close: () => void }) {
  const { t, language } = useLanguage();
  return (
    <Modal
      opened
      onClose={close}
      title={t("invite.made", { address: sent.email })}
      closeOnClickOutside={sent.link === null}
      closeButtonProps={{ "aria-label": t("act.close") }}
    >
      <div className="stack">
        {sent.link === null ? (
          <div className="notice good" role="note">
            <IconMailCheck size={16} aria-hidden />
            <span className="grow">{t("invite.mailed", { address: sent.email })}</span>
          </div>
        ) : (
          <>
            <div className="notice attention" role="note">
              <IconAlertTriangle size={16} aria-hidden />
              <span className="grow">{t("invite.handOver", { address: sent.email })}</span>
            </div>
            {sent.mail_error !== "" && <p className="dim" style={{ margin: 0, overflowWrap: "anywhere" }}>{t("invite.mailFailed", { reason: sent.mail_error })}</p>}
            <Snippet text={sent.link} label={t("invite.link")} />
          </>
        )}
        <p className="dim" style={{ margin: 0 }}>{t("invite.until", { time: formatExact(Date.parse(sent.expires_at), language) })}</p>
        <Button onClick={close} style={{ alignSelf: "flex-end" }}>{sent.link === null ? t("act.close") : t("keys.kept")}</Button>
      </div>
    </Modal>
  );
}
