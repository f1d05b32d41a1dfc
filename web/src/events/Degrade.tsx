/* Lets a request go on with changed arguments: what was proposed, to be edited, and what it becomes. */

import { Button, Modal, Skeleton, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import type { Approval } from "../approvals/shapes";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { Failure, FailureNote } from "../ui/State";

interface DegradeProps {
  approval: Pick<Approval, "id" | "title">;
  close: () => void;
}

export function Degrade({ approval, close }: DegradeProps) {
  const t = useWords();
  const proposed = useQuery({ queryKey: ["approvals", approval.id], queryFn: ({ signal }) => request<Approval>(`/api/approvals/${approval.id}`, { signal }) });
  return (
    <Modal opened onClose={close} size={640} title={t("hub.degradeTitle")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {proposed.isError && <Failure error={proposed.error} retry={() => void proposed.refetch()} />}
      {proposed.isPending && <Skeleton height={200} />}
      {proposed.data && <Editor approval={approval} proposed={proposed.data.proposed["arguments"]} close={close} />}
    </Modal>
  );
}

function Editor({ approval, proposed, close }: DegradeProps & { proposed: unknown }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const before = JSON.stringify(proposed, null, 2);
  const [text, setText] = useState(before);
  const [note, setNote] = useState("");
  const changed = objectIn(text);
  const allow = useMutation({
    mutationFn: () =>
      stepUp(() => request<unknown>("/api/agent/approve", { method: "POST", json: { approval: approval.id, action: "degrade", arguments: changed, note: note.trim() } })),
    onSuccess: async () => {
      close();
      notifications.show({ message: t("approvals.done.approve"), color: "green" });
      await queries.invalidateQueries();
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        allow.mutate();
      }}
    >
      <p style={{ margin: 0 }}>
        <strong style={{ fontWeight: 500 }}>{approval.title}</strong>
        <br />
        <span className="dim">{t("hub.degradeText")}</span>
      </p>
      <Textarea
        data-autofocus
        label={t("hub.arguments")}
        autosize
        minRows={6}
        maxRows={18}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mno-mono)", fontSize: 12 } }}
        error={changed === null ? t("hub.argumentsFault") : undefined}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Textarea label={t("approvals.note")} autosize minRows={2} maxLength={2000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      {allow.isError && <FailureNote error={allow.error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={close}>
          {t("act.cancel")}
        </Button>
        <Button type="submit" disabled={changed === null || text === before} loading={allow.isPending}>
          {t("hub.act.degrade")}
        </Button>
      </div>
    </form>
  );
}

/** The object that a text is in JSON; null for any other text. */
function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
