/* Makes something by its name, or gives it another one. */

import { Button, Modal, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { useTeamChange } from "./queries";

interface NameDialogProps {
  title: string;
  act: string;
  before?: string;
  text?: ReactNode;
  save: (name: string) => Promise<unknown>;
  close: () => void;
}

export function NameDialog({ title, act, before = "", text, save, close }: NameDialogProps) {
  const t = useWords();
  const [name, setName] = useState(before);
  const change = useTeamChange(save, close);
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(name.trim());
        }}
      >
        {text}
        <TextInput data-autofocus required maxLength={100} label={t("people.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        {change.isError && <FailureNote error={change.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={change.isPending} disabled={name.trim() === "" || name.trim() === before}>{act}</Button>
        </div>
      </form>
    </Modal>
  );
}
