/* Another name, end or other addresses for a key; the difference is shown before it is saved. */

import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { request } from "../api/client";
import type { ApiKey } from "../api/types";
import { formatExact } from "../format/time";
import { useLanguage } from "../i18n/language";
import { type Changed, Differences } from "../ui/Differences";
import { FailureNote } from "../ui/State";
import { KeyBounds } from "./KeyBounds";
import { fieldOfInstant, instantOfField, type KeyChange, rangesOf, useKeyChange } from "./keys";

export function ChangeKey({ row, close }: { row: ApiKey; close: () => void }) {
  const { t, language } = useLanguage();
  const [name, setName] = useState(row.name);
  const [until, setUntil] = useState(fieldOfInstant(row.expires_at));
  const [ranges, setRanges] = useState(row.allowed_addresses.join("\n"));
  const [isChecking, setChecking] = useState(false);
  const save = useKeyChange((change: KeyChange) => request<ApiKey>(`/api/keys/${row.id}`, { method: "PATCH", json: change }), close);

  const wished = rangesOf(ranges);
  const change: KeyChange = {};
  const items: Changed[] = [];
  const end = (instant: string | null) => (instant === null ? t("keys.noEnd") : formatExact(Date.parse(instant), language));
  const from = (list: readonly string[]) => (list.length > 0 ? list.join(", ") : t("keys.anywhere"));
  if (name.trim() !== row.name) {
    change.name = name.trim();
    items.push({ key: "name", title: t("keys.name"), before: row.name, after: change.name });
  }
  if (until !== fieldOfInstant(row.expires_at)) {
    change.expires_at = instantOfField(until);
    items.push({ key: "until", title: t("keys.until"), before: end(row.expires_at), after: end(change.expires_at) });
  }
  if (wished.join() !== row.allowed_addresses.join()) {
    change.allowed_addresses = wished;
    items.push({ key: "ranges", title: t("keys.addresses"), before: from(row.allowed_addresses), after: from(wished) });
  }
  return (
    <Modal opened onClose={close} title={t("keys.changeTitle", { name: row.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isChecking) save.mutate(change);
          else setChecking(true);
        }}
      >
        {isChecking ? (
          <Differences items={items} />
        ) : (
          <>
            <TextInput data-autofocus required maxLength={100} label={t("keys.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <KeyBounds until={until} setUntil={setUntil} ranges={ranges} setRanges={setRanges} isEndFixed={row.replaced_by !== null} />
          </>
        )}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={isChecking ? () => setChecking(false) : close}>{isChecking ? t("act.back") : t("act.cancel")}</Button>
          <Button type="submit" loading={save.isPending} disabled={items.length === 0 || name.trim() === ""}>{isChecking ? t("act.save") : t("team.seeDifferences")}</Button>
        </div>
      </form>
    </Modal>
  );
}
