/* A tool tried by hand: its arguments in a form that its schema makes, or as JSON, and what came of it. */

import { Button, Loader, SegmentedControl } from "@mantine/core";
import { IconAlertTriangle, IconHourglass, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { isFor } from "../rules/ruleDraft";
import { type CallResult, type GatedCall, rulesQuery } from "../shapes";
import { ObjectField } from "./ArgumentField";
import { definitionOf, hintsOf, ruledNameOf, schemaOf, type ServerTool } from "./definition";
import { type Entered, type Fault, readOf, startOf } from "./entered";
import { Result } from "./Result";
import { isObject, partsOf, resolved, type Schema } from "./schema";
import { Waiting } from "./Waiting";

const JsonEditor = lazy(() => import("../../ui/JsonEditor"));
const NO_SCHEMA: Schema = { type: "object" };

export function TryTool({ server, tool }: ServerTool) {
  const t = useWords();
  const definition = definitionOf(tool);
  const root = schemaOf(definition, "inputSchema") ?? NO_SCHEMA;
  const schema: Schema = { ...resolved(root, root), type: "object" };
  const hasForm = partsOf(schema, root).length > 0;
  const rules = useQuery(rulesQuery);
  const needsApproval = rules.data?.some((rule) => rule.enabled && rule.approval !== null && isFor(rule, server.name, ruledNameOf(server.name, tool.name))) ?? false;
  const [entered, setEntered] = useState<Entered>(() => startOf(schema, root));
  const [json, setJson] = useState<string | null>(null);
  const [faults, setFaults] = useState<ReadonlyMap<string, Fault>>(new Map());
  const call = useMutation({
    mutationFn: async (args: unknown) => {
      const began = performance.now();
      const answer = await request<CallResult | GatedCall>("/api/mcp/call", { method: "POST", json: { server: server.name, tool: tool.name, args } });
      return { answer, durationMs: performance.now() - began };
    },
  });
  const read = () => (json === null ? readOf(entered, schema, root) : readJson(json));
  function submit(): void {
    const { value, faults: found } = read();
    setFaults(new Map(found.map(({ path, fault }) => [path, fault])));
    if (found.length === 0) call.mutate(value);
  }
  function turn(next: string): void {
    setFaults(new Map());
    setJson(next === "json" ? JSON.stringify(readOf(entered, schema, root).value ?? {}, null, 2) : null);
  }
  return (
    <div className="stack">
      <form
        className="stack"
        autoComplete="off"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {hintsOf(definition).includes("destructive") && (
          <div className="notice attention" role="note">
            <IconAlertTriangle size={16} aria-hidden />
            <span className="grow">{t("tools.destructiveText")}</span>
          </div>
        )}
        {needsApproval && (
          <div className="notice information" role="note">
            <IconHourglass size={16} aria-hidden />
            <span className="grow">{t("tools.needsApproval")}</span>
          </div>
        )}
        <SegmentedControl
          style={{ alignSelf: "flex-start" }}
          aria-label={t("tools.enterAs")}
          value={json === null ? "form" : "json"}
          onChange={turn}
          data={[
            { value: "form", label: t("tools.form") },
            { value: "json", label: "JSON" },
          ]}
        />
        {json === null ? (
          hasForm ? (
            <ObjectField name="" schema={schema} root={root} isRequired path="" level={0} entered={entered} faults={faults} change={setEntered} />
          ) : (
            <span className="dim">{t("tools.noArguments")}</span>
          )
        ) : (
          <Suspense fallback={<Loader size="sm" />}>
            <JsonEditor label={t("tools.arguments")} hint="{ }" initial={json} onChange={setJson} />
            {faults.size > 0 && <span className="broken">{t("tools.fault.json")}</span>}
          </Suspense>
        )}
        <Button type="submit" style={{ alignSelf: "flex-start" }} leftSection={<IconPlayerPlay size={14} />} loading={call.isPending}>
          {t("tools.call")}
        </Button>
      </form>
      {call.isError && <FailureNote error={call.error} />}
      {call.data && ("state" in call.data.answer ? <Waiting call={call.data.answer} /> : <Result answer={call.data.answer} durationMs={call.data.durationMs} />)}
    </div>
  );
}

function readJson(text: string): ReturnType<typeof readOf> {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    if (isObject(value)) return { value, faults: [] };
  } catch {
    // said below
  }
  return { value: undefined, faults: [{ path: "", fault: "json" }] };
}
