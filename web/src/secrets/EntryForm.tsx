/* Adds a secret or a variable, or changes one. A secret's present value is never here: it is replaced, or stays. */

import { Button, Modal, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconHourglass } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../api/client";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { useProjects } from "./projects";
import { type Change, type Entry, type Kind, KINDS, type ScopeLevel, SCOPES } from "./shapes";

interface FormProps {
  /** The entry to change; null to add one. */
  entry: Entry | null;
  kind: Kind;
  level: ScopeLevel;
  close: () => void;
}

const MAX_NAME_CHARACTERS = 200;

export function EntryForm(props: FormProps) {
  const t = useWords();
  const [waiting, setWaiting] = useState<string | null>(null);
  const title = props.entry ? t("secrets.changeTitle", { name: props.entry.name }) : t("secrets.add");
  return (
    <Modal opened onClose={props.close} size={520} title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      {waiting !== null ? <Waiting approval={waiting} close={props.close} /> : <Fields {...props} waits={setWaiting} />}
    </Modal>
  );
}

export function Waiting({ approval, close }: { approval: string; close: () => void }) {
  const t = useWords();
  return (
    <div className="stack">
      <div className="notice attention" role="status">
        <IconHourglass size={16} aria-hidden />
        <span className="grow">
          {t("secrets.waits")} <span className="mono">{approval}</span>
        </span>
      </div>
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button component={Link} to="/approvals" variant="default">
          {t("secrets.seeApprovals")}
        </Button>
        <Button onClick={close}>{t("act.close")}</Button>
      </div>
    </div>
  );
}

function Fields({ entry, kind: firstKind, level: firstLevel, close, waits }: FormProps & { waits: (approval: string) => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const projects = useProjects();
  const [kind, setKind] = useState<Kind>(entry?.kind ?? firstKind);
  const [level, setLevel] = useState<ScopeLevel>(entry?.scope.level ?? firstLevel);
  const [chosen, setProject] = useState<string | null>(entry?.scope.project ?? null);
  const [scopeName, setScopeName] = useState(entry?.scope.name ?? "");
  const [name, setName] = useState(entry?.name ?? "");
  const [purpose, setPurpose] = useState(entry?.purpose ?? "");
  const [value, setValue] = useState(entry?.value ?? "");
  const [isShown, setShown] = useState(false);
  const project = level === "team" ? null : (chosen ?? projects.items[0]?.value ?? null);
  const isNamed = level === "agent" || level === "task";
  const isNewValue = value !== "" && value !== (entry?.value ?? "");
  const save = useMutation({
    mutationFn: () =>
      stepUp(() =>
        request<Change>("/api/config/runtime", {
          method: "PUT",
          json: {
            scope: { level, project, name: isNamed ? scopeName.trim() : "" }, name: name.trim(), kind, purpose: purpose.trim(),
            ...(isNewValue ? { value } : {}), version: entry?.version ?? 0,
          },
        }),
      ),
    onSuccess: async (change) => {
      setValue("");
      if (change.approval) waits(change.approval);
      else {
        notifications.show({ message: t("secrets.saved", { name: name.trim() }), color: "green" });
        close();
      }
      await Promise.all([queries.invalidateQueries({ queryKey: ["runtime"] }), queries.invalidateQueries({ queryKey: ["approvals"] })]);
    },
  });
  const isComplete = name.trim() !== "" && (entry !== null || value !== "") && (!isNamed || scopeName.trim() !== "") && (level === "team" || project !== null);
  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {!entry && (
        <>
          <div>
            <SegmentedControl fullWidth aria-label={t("secrets.kind")} value={kind} onChange={(next) => setKind(next)} data={KINDS.map((each) => ({ value: each, label: t(`secrets.kind.${each}`) }))} />
            <div className="dim" style={{ marginTop: 4, fontSize: 12 }}>{t(`secrets.kindText.${kind}`)}</div>
          </div>
          <div className="columns" style={{ gap: 12, "--least": "150px" } as React.CSSProperties}>
            <Select label={t("secrets.scope")} value={level} onChange={(next) => setLevel(SCOPES.find((each) => each === next) ?? "team")} data={SCOPES.map((each) => ({ value: each, label: t(`level.${each}`) }))} allowDeselect={false} />
            {level !== "team" && <Select label={t("level.project")} value={project} onChange={setProject} data={projects.items} allowDeselect={false} searchable />}
            {isNamed && <TextInput required maxLength={MAX_NAME_CHARACTERS} label={t(level === "agent" ? "secrets.agentName" : "secrets.taskName")} value={scopeName} onChange={(event) => setScopeName(event.currentTarget.value)} />}
          </div>
          <TextInput data-autofocus required maxLength={MAX_NAME_CHARACTERS} label={t("secrets.name")} placeholder="OPENAI_API_KEY" value={name} onChange={(event) => setName(event.currentTarget.value)} styles={{ input: { fontFamily: "var(--mno-mono)" } }} />
        </>
      )}
      <TextInput maxLength={500} label={t("secrets.purpose")} placeholder={t("secrets.purposePlaceholder")} value={purpose} onChange={(event) => setPurpose(event.currentTarget.value)} />
      <div>
        <Textarea
          required={!entry}
          label={entry && kind === "secret" ? t("secrets.newValue") : t("secrets.value")}
          description={t(kind === "variable" ? "secrets.variableHint" : entry ? "secrets.keepHint" : "secrets.valueHint")}
          inputWrapperOrder={["label", "input", "description"]}
          autosize
          minRows={1}
          maxRows={8}
          spellCheck={false}
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          classNames={{ input: kind === "secret" && !isShown ? "secret-input" : "mono" }}
        />
        {kind === "secret" && <Switch mt={8} label={t("secrets.show")} checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />}
      </div>
      {save.isError && <FailureNote error={save.error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={close}>
          {t("act.cancel")}
        </Button>
        <Button type="submit" loading={save.isPending} disabled={!isComplete}>
          {entry ? t("settings.save") : t("secrets.add")}
        </Button>
      </div>
    </form>
  );
}
