/* Erases what the log says about a person. The chain stays whole; what is erased does not come back. */

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { address, request } from "../api/client";
import type { components } from "../api/schema";
import { useMay } from "../api/session";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { type Chain, roomOf } from "./shapes";

type MemberList = components["schemas"]["MemberList"];

const PERSON = /^usr_[0-9a-f]{32}$/;

export function Erase({ chain, close }: { chain: Chain; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const mayMembers = useMay("members.read");
  const members = useQuery({
    queryKey: ["audit", "people"],
    queryFn: ({ signal }) => request<MemberList>(address("/api/members", { limit: 200 }), { signal }),
    enabled: mayMembers,
  });
  const [chosen, setChosen] = useState<string | null>(null);
  const [typedId, setTypedId] = useState("");
  const [typed, setTyped] = useState("");
  const person = typedId.trim() || chosen || "";
  const name = members.data?.items.find((member) => member.id === person)?.name ?? person;
  const erase = useMutation({
    mutationFn: () => stepUp(() => request<{ entries: number }>(`${roomOf(chain)}/erase`, { method: "POST", json: { person } })),
    onSuccess: async ({ entries }) => {
      close();
      notifications.show({ message: t("audit.erasedDone", { count: entries }), color: "green" });
      await queries.invalidateQueries({ queryKey: ["audit"] });
    },
  });
  const isPerson = PERSON.test(person);
  return (
    <Modal opened onClose={close} title={t("audit.eraseTitle")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          erase.mutate();
        }}
      >
        <div className="notice broken" role="note">
          <IconAlertTriangle size={16} aria-hidden />
          <span className="grow">{t(chain === "hub" ? "audit.eraseTextHub" : "audit.eraseText")}</span>
        </div>
        {mayMembers && (
          <Select
            label={t("audit.person")}
            placeholder={t("audit.personPlaceholder")}
            searchable
            clearable
            value={chosen}
            onChange={setChosen}
            data={(members.data?.items ?? []).map((member) => ({ value: member.id, label: member.email ? `${member.name} · ${member.email}` : member.name }))}
          />
        )}
        <TextInput label={t("audit.personId")} placeholder="usr_…" value={typedId} error={typedId.trim() !== "" && !isPerson ? t("audit.notPerson") : null} onChange={(event) => setTypedId(event.currentTarget.value)} />
        {isPerson && <TextInput label={t("confirm.type", { name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />}
        {erase.isError && <FailureNote error={erase.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" color="red" loading={erase.isPending} disabled={!isPerson || typed.trim() !== name}>
            {t("audit.erase")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
