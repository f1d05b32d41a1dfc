/* Makes a key and shows it, once. */

import { Button, Collapse, Modal, MultiSelect, Radio, Select, TextInput, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { sessionQuery } from "../api/session";
import type { CreatedKey, KeyScope } from "../api/types";
import { useWords } from "../i18n/language";
import { projectsQuery } from "../team/queries";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { KeyBounds } from "./KeyBounds";
import { instantOfField, rangesOf, SCOPES, useCreateKey } from "./keys";

type Kind = KeyScope | "single";

export function CreateKey({ opened, close, scope = "ingest" }: { opened: boolean; close: () => void; scope?: KeyScope }) {
  return opened ? <Creating close={close} scope={scope} /> : null;
}

function Creating({ close, scope }: { close: () => void; scope: KeyScope }) {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Kind>(scope);
  const [single, setSingle] = useState<string[]>([]);
  const [project, setProject] = useState("");
  const [agent, setAgent] = useState("");
  const [until, setUntil] = useState("");
  const [ranges, setRanges] = useState("");
  const [isMore, setMore] = useState(false);
  const create = useCreateKey();
  if (create.data) return <ShownOnce made={create.data} title={t("keys.made")} close={close} />;
  const may = (session.data?.permissions ?? []).filter((one) => !one.startsWith("hub."));
  return (
    <Modal opened onClose={close} title={t("keys.create")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({
            name: name.trim(),
            scopes: kind === "single" ? null : [kind],
            permissions: single,
            project: project || null,
            agent: agent.trim(),
            expires_at: instantOfField(until),
            allowed_addresses: rangesOf(ranges),
          });
        }}
      >
        <TextInput data-autofocus required maxLength={100} label={t("keys.name")} placeholder={t("keys.namePlaceholder")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Radio.Group label={t("keys.scope")} value={kind} onChange={(value) => setKind(value)} size="xs">
          <div className="stack" style={{ gap: 8, marginTop: 8 }}>
            {SCOPES.map((each) => (
              <Radio key={each} size="xs" value={each} label={t(`scope.${each}`)} description={t(`scope.${each}Text`)} />
            ))}
            <Radio size="xs" value="single" label={t("keys.single")} description={t("keys.singleText")} />
          </div>
        </Radio.Group>
        <UnstyledButton className="link row" aria-expanded={isMore || kind === "single"} onClick={() => setMore(!isMore)}>
          {isMore || kind === "single" ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
          {t("keys.more")}
        </UnstyledButton>
        <Collapse expanded={isMore || kind === "single"}>
          <div className="stack">
            <MultiSelect
              size="xs"
              searchable
              clearable
              limit={100}
              required={kind === "single"}
              label={t("keys.permissions")}
              description={t("keys.permissionsText")}
              data={may}
              value={single}
              onChange={setSingle}
            />
            <ProjectSelect value={project} set={setProject} here={session.data?.project.id ?? ""} />
            <TextInput maxLength={200} label={t("keys.agent")} description={t("keys.agentText")} value={agent} onChange={(event) => setAgent(event.currentTarget.value)} />
            <KeyBounds until={until} setUntil={setUntil} ranges={ranges} setRanges={setRanges} />
          </div>
        </Collapse>
        {create.isError && <FailureNote error={create.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === "" || (kind === "single" && single.length === 0)}>
            {t("keys.create")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function ProjectSelect({ value, set, here }: { value: string; set: (id: string) => void; here: string }) {
  const t = useWords();
  const projects = useQuery(projectsQuery);
  const open = (projects.data ?? []).filter(({ archived_at }) => archived_at === null);
  return <Select label={t("keys.project")} searchable allowDeselect={false} data={open.map(({ id, name }) => ({ value: id, label: name }))} value={value || here} onChange={(id) => set(id ?? "")} />;
}

/** The secret of a new key. This answer alone holds it, so it does not vanish by a click beside it. */
export function ShownOnce({ made, title, close }: { made: Pick<CreatedKey, "key">; title: string; close: () => void }) {
  const t = useWords();
  return (
    <Modal opened onClose={close} title={title} closeOnClickOutside={false} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <div className="notice attention" role="note">
          <IconAlertTriangle size={16} aria-hidden />
          <span className="grow">{t("keys.once")}</span>
        </div>
        <Snippet text={made.key} />
        <Button onClick={close} style={{ alignSelf: "flex-end" }}>
          {t("keys.kept")}
        </Button>
      </div>
    </Modal>
  );
}
