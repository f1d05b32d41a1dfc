/* Get started: a key, a snippet, a light that turns green. Or one click on a sample. */

import { Anchor, Button, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowRight, IconCheck, IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import type { TracePage } from "../api/types";
import { useCreateKey } from "../identity/keys";
import { useWords } from "../i18n/language";
import { useLive } from "../live/stream";
import { useAddress } from "../shell/address";
import { Page } from "../ui/Page";
import { Snippet } from "../ui/Snippet";
import { FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { Sample } from "./Sample";
import { CLIENTS, type ClientName, stepsFor } from "./snippets";
import "./start.css";

const PLACEHOLDER = "mno_…";

export default function StartPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const isNarrow = useMediaQuery("(max-width: 760px)", window.innerWidth <= 760);
  const [key, setKey] = useState<string | null>(null);
  const client: ClientName = CLIENTS.find(({ name }) => name === value("client"))?.name ?? "openai";
  const choose = (name: string) => set({ client: name }, { replace: true });
  return (
    <Page title={t("nav.start")} text={t("start.text")}>
      <div className="start">
        <ol className="start-steps">
          <StartStep number={1} title={t("start.key")} done={key !== null}>
            <KeyStep created={key} onCreated={setKey} />
          </StartStep>
          <StartStep number={2} title={t("start.connect")}>
            {isNarrow ? (
              <select className="start-select" aria-label={t("start.connect")} value={client} onChange={(event) => choose(event.currentTarget.value)}>
                {CLIENTS.map(({ name, title }) => (
                  <option key={name} value={name}>
                    {title}
                  </option>
                ))}
              </select>
            ) : (
              <SegmentedControl aria-label={t("start.connect")} value={client} onChange={choose} data={CLIENTS.map(({ name, title }) => ({ value: name, label: title }))} />
            )}
            <div className="stack" style={{ gap: 12, marginTop: 12 }}>
              {stepsFor(client, window.location.origin, key ?? PLACEHOLDER).map((step) => (
                <Snippet key={step.kind} text={step.text} label={t(`start.kind.${step.kind}`)} />
              ))}
            </div>
            {key === null && <p className="dim" style={{ margin: "8px 0 0" }}>{t("start.placeholder", { placeholder: PLACEHOLDER })}</p>}
          </StartStep>
          <StartStep number={3} title={t("start.wait")}>
            <FirstSpan />
          </StartStep>
        </ol>
        <Sample />
      </div>
    </Page>
  );
}

function StartStep({ number, title, done = false, children }: { number: number; title: string; done?: boolean; children: ReactNode }) {
  return (
    <li className="start-step">
      <span className={done ? "start-number done" : "start-number"} aria-hidden>
        {done ? <IconCheck size={14} /> : number}
      </span>
      <div style={{ minWidth: 0 }}>
        <h2>{title}</h2>
        {children}
      </div>
    </li>
  );
}

function KeyStep({ created, onCreated }: { created: string | null; onCreated: (key: string) => void }) {
  const t = useWords();
  const mayCreate = useMay("keys.write");
  const create = useCreateKey();
  if (created !== null) {
    return (
      <div className="stack" style={{ gap: 8 }}>
        <Snippet text={created} />
        <span className="dim">{t("keys.once")}</span>
      </div>
    );
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <span className="dim">{t("start.keyText")}</span>
      <div className="row wrap">
        <Button
          leftSection={<IconKey size={14} />}
          loading={create.isPending}
          disabled={!mayCreate}
          onClick={() => create.mutate({ name: t("start.keyName"), scopes: ["ingest"] }, { onSuccess: ({ key }) => onCreated(key) })}
        >
          {t("start.keyCreate")}
        </Button>
        <Anchor component={Link} to="/team/keys" fz={13}>
          {t("start.keyAll")}
        </Anchor>
      </div>
      {create.isError && <FailureNote error={create.error} />}
    </div>
  );
}

/** Grey until the first span is there, then green; live, without asking again. */
function FirstSpan() {
  const t = useWords();
  const live = useLive();
  const before = useQuery({
    queryKey: ["first-span"],
    queryFn: ({ signal }) => request<TracePage>("/api/traces?from=-30d&limit=1", { signal }),
  });
  const [arrived] = live.spans;
  const known = before.data?.items[0];
  const traceId = arrived?.trace_id ?? known?.trace_id;
  const isThere = traceId !== undefined;
  return (
    <div className={isThere ? "start-light there" : "start-light"} role="status">
      <span className={isThere ? "dot good" : "dot"} style={{ width: 12, height: 12 }} />
      <div className="grow">
        <strong style={{ fontWeight: 600 }}>{isThere ? t("start.arrived") : t("start.waiting")}</strong>
        <div className="dim cut">
          {arrived ? (
            <>
              {arrived.name} · <Ago at={arrived.start_time} />
            </>
          ) : known ? (
            <>
              {known.name} · <Ago at={known.start_time} />
            </>
          ) : (
            t("start.waitingText")
          )}
        </div>
      </div>
      {isThere && (
        <div className="row wrap">
          <Button component={Link} to="/monitor/traces/$traceId" params={{ traceId } as never} variant="default">
            {t("start.openTrace")}
          </Button>
          <Button component={Link} to="/monitor" rightSection={<IconArrowRight size={14} />}>
            {t("nav.overview")}
          </Button>
        </div>
      )}
    </div>
  );
}
