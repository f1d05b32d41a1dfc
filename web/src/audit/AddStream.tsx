/* A new stream. A webhook's signing secret is shown this once. */

import { Button, Modal, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { type Chain, type CreatedStream, roomOf, streamsQuery } from "./shapes";

const KINDS = ["webhook", "syslog"] as const;
type Kind = (typeof KINDS)[number];

export function AddStream({ chain, close }: { chain: Chain; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Kind>("webhook");
  const [target, setTarget] = useState("");
  const [fromStart, setFromStart] = useState(false);
  const create = useMutation({
    mutationFn: () => stepUp(() => request<CreatedStream>(`${roomOf(chain)}/streams`, { method: "POST", json: { name: name.trim(), kind, target: target.trim(), from_start: fromStart } })),
    onSuccess: async (made) => {
      if (made.secret === "") close();
      await queries.invalidateQueries({ queryKey: streamsQuery(chain).queryKey });
    },
  });
  const secret = create.data?.secret ?? "";
  return (
    <Modal opened onClose={close} title={t("streams.add")} closeOnClickOutside={secret === ""} closeButtonProps={{ "aria-label": t("act.close") }}>
      {secret !== "" ? (
        <div className="stack">
          <div className="notice attention" role="note">
            <IconAlertTriangle size={16} aria-hidden />
            <span className="grow">{t("streams.secretOnce")}</span>
          </div>
          <Snippet text={secret} />
          <Button onClick={close} style={{ alignSelf: "flex-end" }}>
            {t("keys.kept")}
          </Button>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <SegmentedControl aria-label={t("streams.kind")} value={kind} onChange={(next) => setKind(next)} data={KINDS.map((each) => ({ value: each, label: t(`streams.kind.${each}`) }))} />
          <TextInput data-autofocus required maxLength={100} label={t("streams.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput
            required
            label={t("streams.target")}
            description={t(`streams.targetHint.${kind}`)}
            placeholder={kind === "webhook" ? "https://siem.example.com/audit" : "tls://syslog.example.com:6514"}
            value={target}
            onChange={(event) => setTarget(event.currentTarget.value)}
          />
          <Switch label={t("streams.fromStart")} description={t("streams.fromStartText")} checked={fromStart} onChange={(event) => setFromStart(event.currentTarget.checked)} />
          {create.isError && <FailureNote error={create.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={create.isPending} disabled={name.trim() === "" || target.trim() === ""}>
              {t("streams.add")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
