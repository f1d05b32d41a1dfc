/* What cannot be taken back: it says what is lost and asks for the name. */

import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useWords } from "../i18n/language";
import { FailureNote } from "./State";

interface ConfirmProps {
  title: string;
  text: string;
  name: string;
  act: string;
  pending: boolean;
  error: unknown;
  confirm: () => void;
  close: () => void;
}

export function ConfirmByName({ title, text, name, act, pending, error, confirm, close }: ConfirmProps) {
  const t = useWords();
  const [typed, setTyped] = useState("");
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          confirm();
        }}
      >
        <p style={{ margin: 0 }}>{text}</p>
        <TextInput data-autofocus label={t("confirm.type", { name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {error !== null && <FailureNote error={error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" color="red" loading={pending} disabled={typed.trim() !== name}>
            {act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
