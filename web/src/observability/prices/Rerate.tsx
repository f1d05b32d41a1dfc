/* Prices a range of time anew, in the background; the rollups follow. */

import { Button, Modal, Progress, TextInput } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { request } from "../../api/client";
import type { RerateJob } from "../../api/types";
import { formatCount } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { Problem } from "../../api/client";

const ASK_EVERY_MS = 1000;
const DAY_MS = 86_400_000;

const dateField = (instant: number) => new Date(instant).toISOString().slice(0, 10);

export function Rerate({ close }: { close: () => void }) {
  const { t, language } = useLanguage();
  const queries = useQueryClient();
  const [from, setFrom] = useState(() => dateField(Date.now() - 30 * DAY_MS));
  const [to, setTo] = useState(() => dateField(Date.now() + DAY_MS));
  const start = useMutation({
    mutationFn: () => request<RerateJob>("/api/prices/rerate", { method: "POST", json: { from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` } }),
  });
  const id = start.data?.id;
  const job = useQuery({
    queryKey: ["rerate", id],
    queryFn: ({ signal }) => request<RerateJob>(`/api/prices/rerate/${id ?? ""}`, { signal }),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data?.state === "running" || state.data === undefined ? ASK_EVERY_MS : false),
  });
  const state = job.data ?? start.data;
  const isDone = state?.state === "done";
  useEffect(() => {
    if (!isDone) return;
    void queries.invalidateQueries({ queryKey: ["usage"] });
    void queries.invalidateQueries({ queryKey: ["unpriced"] });
  }, [isDone, queries]);
  return (
    <Modal opened onClose={close} title={t("rerate.open")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {state ? (
        <div className="stack" aria-live="polite">
          {isDone ? (
            <div className="notice good" role="status">
              <IconCircleCheck size={16} aria-hidden />
              <span className="grow">{t("rerate.done", { total: state.total, changed: state.changed })}</span>
            </div>
          ) : state.state === "failed" ? (
            <FailureNote error={new Problem(0, "failed", state.error ?? "")} />
          ) : (
            <>
              <Progress value={state.total > 0 ? (state.done / state.total) * 100 : 0} aria-label={t("rerate.open")} animated />
              <span className="dim">{t("rerate.progress", { done: formatCount(state.done, language), total: formatCount(state.total, language) })}</span>
              <span className="dim">{t("rerate.background")}</span>
            </>
          )}
          <Button variant={isDone ? "filled" : "default"} onClick={close} style={{ alignSelf: "flex-end" }}>
            {t("act.close")}
          </Button>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            start.mutate();
          }}
        >
          <p className="dim" style={{ margin: 0 }}>{t("rerate.text")}</p>
          <div className="columns" style={{ gap: 12, "--least": "160px" } as React.CSSProperties}>
            <TextInput type="date" required label={t("range.from")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
            <TextInput type="date" required label={t("range.to")} value={to} error={to <= from ? t("range.backwards") : null} onChange={(event) => setTo(event.currentTarget.value)} />
          </div>
          {start.isError && <FailureNote error={start.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={start.isPending} disabled={to <= from}>
              {t("rerate.start")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
