/* Makes a key and shows it, once. */

import { Button, Modal, Radio, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import type { Scope } from "../api/types";
import { useWords } from "../i18n/language";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { SCOPES, useCreateKey } from "./keys";

export function CreateKey({ opened, close }: { opened: boolean; close: () => void }) {
  const t = useWords();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("ingest");
  const create = useCreateKey();
  function leave(): void {
    close();
    setName("");
    create.reset();
  }
  return (
    <Modal
      opened={opened}
      onClose={leave}
      title={create.data ? t("keys.made") : t("keys.create")}
      // A key that is on the screen must not vanish by a click beside it.
      closeOnClickOutside={!create.data}
      closeButtonProps={{ "aria-label": t("act.close") }}
    >
      {create.data ? (
        <div className="stack">
          <div className="notice attention" role="note">
            <IconAlertTriangle size={16} aria-hidden />
            <span className="grow">{t("keys.once")}</span>
          </div>
          <Snippet text={create.data.key} />
          <Button onClick={leave} style={{ alignSelf: "flex-end" }}>
            {t("keys.kept")}
          </Button>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate({ name: name.trim(), scopes: [scope] });
          }}
        >
          <TextInput data-autofocus required maxLength={100} label={t("keys.name")} placeholder={t("keys.namePlaceholder")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Radio.Group label={t("keys.scope")} value={scope} onChange={(value) => setScope(value)} size="xs">
            <div className="stack" style={{ gap: 8, marginTop: 8 }}>
              {SCOPES.map((each) => (
                <Radio key={each} size="xs" value={each} label={t(`scope.${each}`)} description={t(`scope.${each}Text`)} />
              ))}
            </div>
          </Radio.Group>
          {create.isError && <FailureNote error={create.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={leave}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
              {t("keys.create")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
