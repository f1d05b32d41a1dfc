/* Taking an alert on, or closing it: a word for the others goes along. */

import { Button, Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { type Alert, MAX_REASON_CHARACTERS, useAlertChange } from "./shapes";

type Act = "acknowledge" | "resolve";

export function AnswerButtons({ alert }: { alert: Alert }) {
  const t = useWords();
  const [act, setAct] = useState<Act | null>(null);
  if (alert.state === "resolved") return null;
  return (
    <>
      {alert.state === "firing" && (
        <Button aria-label={`${t("alerts.acknowledge")} ${alert.rule_name} ${alert.group}`.trim()} onClick={() => setAct("acknowledge")}>
          {t("alerts.acknowledge")}
        </Button>
      )}
      <Button variant="default" aria-label={`${t("alerts.resolve")} ${alert.rule_name} ${alert.group}`.trim()} onClick={() => setAct("resolve")}>
        {t("alerts.resolve")}
      </Button>
      {act && <Answer alert={alert} act={act} close={() => setAct(null)} />}
    </>
  );
}

function Answer({ alert, act, close }: { alert: Alert; act: Act; close: () => void }) {
  const t = useWords();
  const [note, setNote] = useState("");
  const answer = useAlertChange(() => request<Alert>(`/api/alerts/${alert.id}/${act}`, { method: "POST", json: { note: note.trim() } }), close);
  return (
    <Modal opened onClose={close} title={`${t(`alerts.${act}`)}: ${alert.rule_name}`} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          answer.mutate();
        }}
      >
        <p className="dim" style={{ margin: 0 }}>{t(`alerts.${act}Text`)}</p>
        <Textarea data-autofocus label={t("settings.note")} placeholder={t("alerts.notePlaceholder")} autosize minRows={2} maxLength={MAX_REASON_CHARACTERS} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        {answer.isError && <FailureNote error={answer.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" loading={answer.isPending}>
            {t(`alerts.${act}`)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
