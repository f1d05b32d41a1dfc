/* A definition that waits for somebody's word: what was accepted beside what is offered now, everything made visible. */

import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { request } from "../../api/client";
import { useMayInTeam } from "../../api/session";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { type Tool, useMcpChange } from "../shapes";
import { type Definition, descriptionOf, type ServerTool } from "./definition";
import { differenceOf, linesOf, type Piece, wordsOf, written } from "./difference";
import { VisibleText } from "./VisibleText";

export function Review({ server, tool }: ServerTool) {
  const t = useWords();
  const mayWrite = useMayInTeam("mcp.write");
  const accept = useMcpChange(() => request<Tool>(`/api/mcp/registry/${server.id}/tools/${encodeURIComponent(tool.name)}/accept`, { method: "POST", json: { digest: tool.digest } }));
  const { accepted, offered } = tool;
  if (offered === null) return null;
  return (
    <div className="stack">
      <div className="notice attention" role="note">
        <IconAlertTriangle size={16} aria-hidden />
        <span className="grow">{t(accepted === null ? "tools.newText" : "tools.changedText")}</span>
      </div>
      {tool.hidden.length > 0 && (
        <div className="notice broken" role="note" style={{ alignItems: "flex-start" }}>
          <IconAlertTriangle size={16} aria-hidden />
          <div className="grow">
            {t("tools.hiddenText")}
            <ul className="hidden-places">
              {tool.hidden.map((place) => (
                <li key={place} className="mono">{place}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <Part title={t("mcp.description")} before={accepted && descriptionOf(accepted)} after={descriptionOf(offered)} tokens={wordsOf} />
      <Part title={t("tools.everythingElse")} before={accepted && restOf(accepted)} after={restOf(offered)} tokens={linesOf} mono />
      {accept.isError && <FailureNote error={accept.error} />}
      {mayWrite ? (
        <div className="row wrap">
          <Button leftSection={<IconCheck size={14} />} loading={accept.isPending} onClick={() => accept.mutate()}>
            {t("tools.accept")}
          </Button>
          <span className="dim" style={{ fontSize: 12 }}>{t("tools.acceptText")}</span>
        </div>
      ) : (
        <span className="dim">{t("tools.askAdmin")}</span>
      )}
    </div>
  );
}

function restOf(definition: Definition): string {
  return written({ ...definition, description: undefined });
}

interface PartProps {
  title: string;
  /** Null where nothing was accepted before. */
  before: string | null;
  after: string;
  tokens: (text: string) => string[];
  mono?: boolean;
}

function Part({ title, before, after, tokens, mono = false }: PartProps) {
  const t = useWords();
  const pieces = differenceOf(tokens(before ?? ""), tokens(after));
  if (before === after) return null;
  return (
    <section>
      <h3 style={{ margin: "0 0 4px", fontSize: 13 }}>{title}</h3>
      <div className={before === null ? "sides" : "sides two"}>
        {before !== null && <Side name={t("tools.acceptedBefore")} tone="before" mono={mono}><Pieces pieces={pieces.before} sign="−" name={t("difference.before")} /></Side>}
        <Side name={t("tools.offeredNow")} tone="after" mono={mono}>{before === null ? <VisibleText text={after} /> : <Pieces pieces={pieces.after} sign="+" name={t("difference.after")} />}</Side>
      </div>
    </section>
  );
}

function Side({ name, tone, mono, children }: { name: string; tone: "before" | "after"; mono: boolean; children: ReactNode }) {
  return (
    <div className={`side ${tone}`}>
      <div className="dim side-name">{name}</div>
      <div className={mono ? "side-text mono" : "side-text"} tabIndex={0} role="region" aria-label={name} translate="no">{children}</div>
    </div>
  );
}

/** What differs has a sign before it, so that it is not told by colour alone. */
function Pieces({ pieces, sign, name }: { pieces: readonly Piece[]; sign: string; name: string }) {
  return pieces.map(({ text, isChanged }, place) =>
    isChanged && text.trim() !== "" ? (
      <span key={place} className="changed">
        <span role="img" aria-label={name}>{sign}</span>
        <VisibleText text={text} />
      </span>
    ) : (
      <VisibleText key={place} text={text} />
    ),
  );
}
