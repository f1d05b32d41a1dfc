/* Invitations: who was invited to what, and what became of it. */

import { Button, Select } from "@mantine/core";
import { IconMail, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, request } from "../api/client";
import { useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { Handover, Invite } from "./Invite";
import { type Invitation, type SentInvitation, useTeamChange } from "./queries";
import { RoleMark } from "./SubjectRoles";
import "./team.css";
import { placeText } from "./words";

const STATES = ["open", "accepted", "expired", "revoked"] as const;
const TONES = { open: "information", accepted: "good", expired: "attention", revoked: "" } as const;

export default function InvitationsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("members.write");
  const found = useInfiniteQuery({
    queryKey: ["team", "invitations"],
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) =>
      request<{ items: Invitation[]; next_cursor: string | null }>(address("/api/invitations", { limit: 100, cursor: pageParam }), { signal }),
    getNextPageParam: (last) => last.next_cursor,
  });
  const [leaving, setLeaving] = useState<Invitation | null>(null);
  const [sent, setSent] = useState<SentInvitation | null>(null);
  const resend = useTeamChange((id: string) => request<SentInvitation>(`/api/invitations/${id}/resend`, { method: "POST" }), setSent);
  const revoke = useTeamChange((id: string) => request<undefined>(`/api/invitations/${id}`, { method: "DELETE" }), () => setLeaving(null));
  const columns = useColumns(mayWrite, (row) => resend.mutate(row.id), setLeaving, resend.isPending ? resend.variables : null);
  const wanted = value("q").toLowerCase();
  const rows = found.data?.pages
    .flatMap(({ items }) => items)
    .filter((row) => row.email.toLowerCase().includes(wanted) && (value("state") === "" || row.state === value("state")));
  const invite = () => set({ invite: "*" });
  return (
    <Page
      title={t("nav.invitations")}
      text={t("invite.text")}
      acts={mayWrite && <Button leftSection={<IconPlus size={14} />} onClick={invite}>{t("invite.act")}</Button>}
    >
      <div className="filters">
        <SearchField label={t("invite.search")} width={220} />
        <Select
          clearable
          w={168}
          aria-label={t("invite.state")}
          placeholder={t("invite.anyState")}
          data={STATES.map((state) => ({ value: state, label: t(`invite.${state}`) }))}
          value={value("state") || null}
          onChange={(state) => set({ state: state ?? undefined })}
        />
      </div>
      {resend.isError && <FailureNote error={resend.error} />}
      <Card bare>
        <DataTable
          name="invitations"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={found.error}
          retry={() => void found.refetch()}
          foot={found.hasNextPage ? <Button variant="subtle" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("team.more")}</Button> : undefined}
          empty={
            <State icon={IconMail} title={t("invite.empty")} text={t("invite.emptyText")}>
              {mayWrite && <Button onClick={invite}>{t("invite.act")}</Button>}
            </State>
          }
        />
      </Card>
      {value("invite") !== "" && mayWrite && <Invite close={() => set({ invite: undefined }, { replace: true })} />}
      {sent && <Handover sent={sent} close={() => setSent(null)} />}
      {leaving && (
        <ConfirmByName
          title={t("invite.revokeTitle", { address: leaving.email })}
          text={t("invite.revokeText")}
          name={leaving.email}
          act={t("invite.revoke")}
          pending={revoke.isPending}
          error={revoke.error}
          confirm={() => revoke.mutate(leaving.id)}
          close={() => setLeaving(null)}
        />
      )}
    </Page>
  );
}

function useColumns(mayWrite: boolean, resend: (row: Invitation) => void, revoke: (row: Invitation) => void, sending: string | null): Column<Invitation>[] {
  const t = useWords();
  return [
    { key: "email", title: t("people.address"), order: (row) => row.email, cell: (row) => <strong style={{ fontWeight: 500 }} className="cut">{row.email}</strong> },
    {
      key: "state",
      title: t("invite.state"),
      order: (row) => row.state,
      cell: (row) => <span className={`mark ${TONES[row.state]}`}>{t(`invite.${row.state}`)}</span>,
    },
    { key: "role", title: t("team.role"), cell: (row) => <RoleMark effect="allow" name={row.role.name} /> },
    {
      key: "place",
      title: t("team.where"),
      cell: (row) => <span className="dim">{row.project ? placeText({ level: "project" }, row.project.name, t) : t("place.team")}</span>,
    },
    {
      key: "way",
      title: t("invite.way"),
      cell: (row) => <span className="dim" title={row.mail_error || undefined}>{row.mailed_at ? t("invite.byMail") : row.mail_error ? t("invite.mailRefused") : t("invite.byLink")}</span>,
    },
    { key: "sent", title: t("invite.sent"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    {
      key: "ends",
      title: t("invite.ends"),
      order: (row) => row.expires_at,
      cell: (row) => <span className="dim">{row.accepted_at ? <>{t("invite.accepted")} <Ago at={row.accepted_at} /></> : <Ago at={row.expires_at} />}</span>,
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite && (row.state === "open" || row.state === "expired") ? (
          <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
            <Button variant="subtle" loading={sending === row.id} onClick={() => resend(row)} aria-label={`${t("invite.resend")} ${row.email}`}>{t("invite.resend")}</Button>
            <Button variant="subtle" color="red" onClick={() => revoke(row)} aria-label={`${t("invite.revoke")} ${row.email}`}>{t("invite.revoke")}</Button>
          </span>
        ) : null,
    },
  ];
}
