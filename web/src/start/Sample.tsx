/* One click on real requests, for whoever has no application at hand. It says what in them is made up. */

import { Button, Progress } from "@mantine/core";
import { IconArrowRight, IconDatabaseImport } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { Problem, request } from "../api/client";
import { useMay } from "../api/session";
import type { SampleState } from "../api/types";
import { formatCount } from "../format/number";
import { useLanguage } from "../i18n/language";
import { FailureNote } from "../ui/State";

const ASK_EVERY_MS = 500;

export function Sample() {
  const { t, language } = useLanguage();
  const mayWrite = useMay("spans.write");
  const queries = useQueryClient();
  const sample = useQuery({
    queryKey: ["sample"],
    queryFn: ({ signal }) => request<SampleState>("/api/sample", { signal }),
    refetchInterval: ({ state }) => (state.data?.state === "running" ? ASK_EVERY_MS : false),
  });
  const load = useMutation({
    mutationFn: () => request<SampleState>("/api/sample", { method: "POST" }),
    onSuccess: (state) => queries.setQueryData(["sample"], (before: SampleState | undefined) => ({ ...before, ...state })),
  });
  const state = sample.data;
  const isDone = state?.state === "done";
  useEffect(() => {
    if (!isDone) return;
    for (const key of ["usage", "traces", "dimensions", "first-span"]) void queries.invalidateQueries({ queryKey: [key] });
  }, [isDone, queries]);
  return (
    <aside className="card start-sample">
      <IconDatabaseImport size={24} stroke={1.5} className="information" aria-hidden />
      <h2>{t("sample.title")}</h2>
      <p>{t("sample.text")}</p>
      <p className="dim">{t("sample.synthetic")}</p>
      {state?.state === "running" ? (
        <div className="stack" style={{ gap: 8 }} aria-live="polite">
          <Progress value={state.total > 0 ? (state.sent / state.total) * 100 : 0} aria-label={t("sample.title")} />
          <span className="dim">{t("sample.progress", { sent: formatCount(state.sent, language), total: formatCount(state.total, language) })}</span>
        </div>
      ) : isDone ? (
        <div className="stack" style={{ gap: 8 }}>
          <span className="row" role="status">
            <span className="dot good" />
            {t("sample.done", { count: state.sent })}
          </span>
          <Button component={Link} to="/monitor" rightSection={<IconArrowRight size={14} />} style={{ alignSelf: "flex-start" }}>
            {t("nav.overview")}
          </Button>
        </div>
      ) : (
        <Button variant="default" loading={load.isPending} disabled={!mayWrite || !state} onClick={() => load.mutate()} style={{ alignSelf: "flex-start" }}>
          {t("sample.load")}
        </Button>
      )}
      {load.isError && <FailureNote error={load.error} />}
      {state?.state === "failed" && <FailureNote error={new Problem(0, "failed", state.error ?? "")} />}
      <p className="start-attribution">{state?.attribution}</p>
    </aside>
  );
}
