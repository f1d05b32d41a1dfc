/* A server added or changed: where it is, how the hub shows it who it is, and how much may be asked of it. */

import { Collapse, TagsInput, Textarea, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { EditDialog, FIELDS } from "../../ui/EditDialog";
import { WholeNumber } from "../../ui/WholeNumber";
import { MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES, MAX_TAGS, MAX_TIMEOUT_S, type Server, useMcpChange } from "../shapes";
import { Credential } from "./Credential";
import { PrefixField } from "./Prefix";
import { Reach } from "./Reach";
import { changeOf, type Draft, draftOf, isComplete, isServerName, useDifference, wishOf } from "./serverDraft";

interface FormProps {
  /** The server to change; null to add one. */
  server: Server | null;
  close: () => void;
  saved?: (server: Server) => void;
}

export function ServerForm({ server, close, saved }: FormProps) {
  const t = useWords();
  const [draft, setDraft] = useState<Draft>(() => draftOf(server));
  const difference = useDifference();
  const save = useMcpChange(
    () =>
      server
        ? request<Server>(`/api/mcp/registry/${server.id}`, { method: "PATCH", json: changeOf(server, draft) })
        : request<Server>("/api/mcp/registry", { method: "POST", json: wishOf(draft) }),
    (made) => {
      close();
      saved?.(made);
    },
  );
  return (
    <EditDialog
      title={server ? t("gateway.changeProvider", { name: server.name }) : t("mcp.add")}
      changes={server ? difference(draftOf(server), draft) : null}
      isComplete={isComplete(draft, server)}
      act={server ? t("act.save") : t("mcp.add")}
      saving={save}
      close={close}
    >
      <Fields draft={draft} server={server} change={(part) => setDraft({ ...draft, ...part })} />
    </EditDialog>
  );
}

interface FieldsProps {
  draft: Draft;
  server: Server | null;
  change: (part: Partial<Draft>) => void;
}

function Fields({ draft, server, change }: FieldsProps) {
  const t = useWords();
  const isNamed = draft.name === "" || isServerName(draft.name);
  return (
    <>
      <TextInput
        required
        data-autofocus
        maxLength={40}
        label={t("mcp.name")}
        description={t("mcp.nameText", { name: draft.name || "github" })}
        error={isNamed ? null : t("mcp.nameFault")}
        value={draft.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <PrefixField draft={draft} change={change} />
      <Reach draft={draft} server={server} change={change} />
      {draft.transport !== "stdio" && <Credential draft={draft} server={server} change={change} />}
      <Textarea autosize minRows={1} maxRows={4} maxLength={2000} label={t("mcp.description")} value={draft.description} onChange={(event) => change({ description: event.currentTarget.value })} />
      <TagsInput size="xs" maxTags={MAX_TAGS} label={t("mcp.tags")} value={draft.tags} onChange={(tags) => change({ tags })} />
      <Limits draft={draft} change={change} />
    </>
  );
}

/** Whoever adds a server seldom needs them; whoever changes one often came for them. */
function Limits({ draft, change }: Pick<FieldsProps, "draft" | "change">) {
  const t = useWords();
  const [isOpen, { toggle }] = useDisclosure(false);
  return (
    <div>
      <UnstyledButton className="link row" aria-expanded={isOpen} onClick={toggle}>
        {isOpen ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
        {t("gateway.limits")}
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <div className="columns" style={{ ...FIELDS, marginTop: 8 }}>
          <WholeNumber label={t("gateway.timeout")} unit="s" low={1} high={MAX_TIMEOUT_S} value={draft.timeout_s} set={(timeout_s) => change({ timeout_s })} />
          <WholeNumber label={t("mcp.perMinute")} placeholder={t("gateway.noLimit")} low={1} high={MAX_CALLS_PER_MINUTE} value={draft.calls_per_minute} set={(calls_per_minute) => change({ calls_per_minute })} />
          <WholeNumber label={t("gateway.concurrent")} low={1} high={MAX_CONCURRENT_CALLS} value={draft.concurrent_calls} set={(concurrent_calls) => change({ concurrent_calls })} />
          <WholeNumber label={t("mcp.resultBytes")} low={1} high={MAX_RESULT_BYTES} value={draft.result_bytes} set={(result_bytes) => change({ result_bytes })} />
        </div>
      </Collapse>
    </div>
  );
}
