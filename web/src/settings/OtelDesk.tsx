/* Beside the settings of the export: whether figures arrive, the collector's headers, which are never shown, a trial. */

import { Button, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import type { components } from "../api/schema";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { headersOf } from "./headers";

type Standing = components["schemas"]["StandingShape"];

const standingQuery = queryOptions({
  queryKey: ["settings", "otel"],
  queryFn: ({ signal }) => request<Standing>("/api/otel", { signal }),
  refetchInterval: 10_000,
});

export function OtelDesk() {
  const mayWrite = useMay("hub.settings.write");
  return (
    <div className="desk">
      <How mayWrite={mayWrite} />
      {mayWrite && <Headers />}
    </div>
  );
}

function How({ mayWrite }: { mayWrite: boolean }) {
  const t = useWords();
  const queries = useQueryClient();
  const { data } = useQuery(standingQuery);
  const send = useMutation({
    mutationFn: () => request<undefined>("/api/otel/trial", { method: "POST" }),
    onSettled: () => queries.invalidateQueries({ queryKey: standingQuery.queryKey }),
  });
  const mark = !data?.is_on ? "" : data.error !== "" ? "broken" : data.sent_at ? "good" : "";
  return (
    <div className="stack">
      <div className="row wrap">
        <span className={`mark ${mark}`}>{t(!data?.is_on ? "otel.off" : data.error !== "" ? "otel.failing" : data.sent_at ? "otel.arriving" : "otel.waiting")}</span>
        {data?.sent_at && <span className="dim">{t("otel.last")} <Ago at={data.sent_at} /></span>}
      </div>
      {data?.is_on && data.error !== "" && <p className="dim" style={{ margin: 0, overflowWrap: "anywhere" }}>{data.error}</p>}
      {send.isError && data?.error === "" && <FailureNote error={send.error} />}
      {mayWrite && (
        <div>
          <Button variant="default" loading={send.isPending} disabled={!data?.is_on} onClick={() => send.mutate()}>{t("otel.sendNow")}</Button>
        </div>
      )}
    </div>
  );
}

function Headers() {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const { data } = useQuery(standingQuery);
  const [text, setText] = useState("");
  const headers = headersOf(text);
  const save = useMutation({
    mutationFn: (next: Record<string, string>) => stepUp(() => request<undefined>("/api/otel/headers", { method: "PUT", json: { headers: next } })),
    onSuccess: async (_, next) => {
      setText("");
      notifications.show({ message: t(Object.keys(next).length === 0 ? "otel.headersTaken" : "otel.headersSaved"), color: "green" });
      await queries.invalidateQueries({ queryKey: standingQuery.queryKey });
    },
  });
  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (headers) save.mutate(headers);
      }}
    >
      <Textarea
        size="xs"
        label={t("otel.headers")}
        description={t(data?.has_headers ? "otel.headersKept" : "otel.headersText")}
        placeholder="Authorization: Bearer …"
        autosize
        minRows={1}
        maxRows={6}
        spellCheck={false}
        autoComplete="off"
        error={headers === null ? t("otel.headersFault") : null}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        classNames={{ input: "mono" }}
      />
      {save.isError && <FailureNote error={save.error} />}
      <div className="row">
        <Button type="submit" variant="default" loading={save.isPending} disabled={text.trim() === "" || headers === null}>{t("otel.headersSave")}</Button>
        {data?.has_headers && <Button variant="subtle" color="red" disabled={save.isPending} onClick={() => save.mutate({})}>{t("otel.headersTake")}</Button>}
      </div>
    </form>
  );
}
