/* One's passkeys: make one on this device, name it, remove it. */

import { Button, Modal, TextInput } from "@mantine/core";
import { IconFingerprint, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { addPasskey, passkeysQuery } from "../identity/passkeys";
import { profileQuery } from "../identity/profile";
import type { Passkey } from "../identity/shapes";
import { useStepUp } from "../identity/StepUp";
import { TriedNote } from "../identity/TriedNote";
import { isPasskeyPossible, isThereAlready } from "../identity/webauthn";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { browserOf } from "./agent";

type Naming = { passkey: Passkey | null } | null;

export function Passkeys() {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const passkeys = useQuery(passkeysQuery);
  const [naming, setNaming] = useState<Naming>(null);
  const [leaving, setLeaving] = useState<Passkey | null>(null);
  const remove = useMutation({
    mutationFn: (key: Passkey) => stepUp(() => request<undefined>(`/api/auth/passkeys/${key.id}`, { method: "DELETE" })),
    onSuccess: async () => {
      setLeaving(null);
      await queries.invalidateQueries({ queryKey: passkeysQuery.queryKey });
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
    },
  });
  const columns: Column<Passkey>[] = [
    {
      key: "name",
      title: t("keys.name"),
      cell: (row) => (
        <span className="row">
          <span className="cell-cut" style={{ fontWeight: 500 }}>{row.name}</span>
          {row.backed_up && <span className="mark" title={t("passkeys.syncedText")}>{t("passkeys.synced")}</span>}
        </span>
      ),
    },
    { key: "made", title: t("keys.created"), cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "used", title: t("keys.used"), cell: (row) => <span className="dim">{row.last_used_at ? <Ago at={row.last_used_at} /> : t("keys.never")}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => (
        <span className="row" style={{ gap: 0, justifyContent: "flex-end" }}>
          <Button variant="subtle" onClick={() => setNaming({ passkey: row })} aria-label={`${t("passkeys.rename")} ${row.name}`}>{t("passkeys.rename")}</Button>
          <Button variant="subtle" color="red" onClick={() => setLeaving(row)} aria-label={`${t("passkeys.remove")} ${row.name}`}>{t("passkeys.remove")}</Button>
        </span>
      ),
    },
  ];
  const add = isPasskeyPossible() && (
    <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => setNaming({ passkey: null })}>
      {t("passkeys.add")}
    </Button>
  );
  return (
    <Card bare title={t("passkeys.title")} hint={t("passkeys.hint")} acts={passkeys.data && passkeys.data.length > 0 ? add : undefined}>
      <DataTable
        name="passkeys"
        rows={passkeys.data}
        columns={columns}
        rowKey={(row) => row.id}
        error={passkeys.error}
        retry={() => void passkeys.refetch()}
        empty={
          <State icon={IconFingerprint} title={t("passkeys.empty")} text={isPasskeyPossible() ? t("passkeys.emptyText") : t("factor.passkeyElsewhere")}>
            {add}
          </State>
        }
      />
      {naming && <PasskeyName passkey={naming.passkey} close={() => setNaming(null)} />}
      {leaving && (
        <ConfirmByName
          title={t("passkeys.removeTitle", { name: leaving.name })}
          text={t("passkeys.removeText")}
          name={leaving.name}
          act={t("passkeys.remove")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(leaving)}
          close={() => {
            setLeaving(null);
            remove.reset();
          }}
        />
      )}
    </Card>
  );
}

/** The name of a new passkey, or another one for one that is there. */
function PasskeyName({ passkey, close }: { passkey: Passkey | null; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [name, setName] = useState(passkey?.name ?? browserOf(navigator.userAgent));
  const save = useMutation({
    mutationFn: async () => {
      if (passkey) await request<undefined>(`/api/auth/passkeys/${passkey.id}`, { method: "PUT", json: { name: name.trim() } });
      else await stepUp(() => addPasskey(name.trim()));
    },
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ queryKey: passkeysQuery.queryKey });
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
    },
  });
  return (
    <Modal opened onClose={close} title={passkey ? t("passkeys.rename") : t("passkeys.add")} size="sm" closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {!passkey && <p className="dim" style={{ margin: 0 }}>{t("passkeys.addText")}</p>}
        <TextInput data-autofocus required withAsterisk={false} maxLength={100} label={t("keys.name")} description={t("passkeys.nameText")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        {isThereAlready(save.error) ? <FailureNote error={new Error(t("passkeys.already"))} /> : <TriedNote error={save.error} wait={0} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>{passkey ? t("act.save") : t("passkeys.makeAgain")}</Button>
        </div>
      </form>
    </Modal>
  );
}
