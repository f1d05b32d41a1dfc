/* A decision, or taking a request back, with a note for whoever reads it later. */

import { Button, Modal, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import type { Approval } from "./shapes";

export type Verb = "approve" | "refuse" | "withdraw";

const MAX_NOTE_CHARACTERS = 2000;

export function Decide({ approval, verb, close }: { approval: Pick<Approval, "id" | "title">; verb: Verb; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [note, setNote] = useState("");
  const decide = useMutation({
    mutationFn: () =>
      stepUp(() =>
        verb === "withdraw"
          ? request<unknown>(`/api/approvals/${approval.id}/withdraw`, { method: "POST", json: { note: note.trim() } })
          : request<unknown>(`/api/approvals/${approval.id}/decision`, { method: "POST", json: { decision: verb, note: note.trim() } }),
      ),
    onSuccess: async () => {
      close();
      notifications.show({ message: t(`approvals.done.${verb}`), color: "green" });
      // What was allowed has happened in the same step, whatever it was.
      await queries.invalidateQueries();
    },
  });
  return (
    <Modal opened onClose={close} title={t(`approvals.title.${verb}`)} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          decide.mutate();
        }}
      >
        <p style={{ margin: 0 }}>
          <strong style={{ fontWeight: 500 }}>{approval.title}</strong>
          <br />
          <span className="dim">{t(`approvals.text.${verb}`)}</span>
        </p>
        <Textarea data-autofocus label={t("approvals.note")} autosize minRows={2} maxLength={MAX_NOTE_CHARACTERS} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        {decide.isError && <FailureNote error={decide.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" color={verb === "approve" ? undefined : "red"} loading={decide.isPending}>
            {t(`approvals.${verb}`)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
