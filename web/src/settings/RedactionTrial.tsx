/* A text to try redaction on, with the rules as they are edited just now. Nothing of it is stored. */

import { Loader, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { choiceName } from "./Editors";
import { piecesOf } from "./marked";
import { isStrings, patternsOf, type RedactionResult } from "./shapes";

const MAX_TRIAL_CHARACTERS = 100_000;
const SETTLE_MS = 300;

export function RedactionTrial({ detectors, patterns }: { detectors: unknown; patterns: unknown }) {
  const t = useWords();
  const [text, setText] = useState("");
  const wanted = {
    text,
    detectors: isStrings(detectors) ? detectors : [],
    // A pattern that is not finished yet takes no part.
    patterns: patternsOf(patterns).filter(({ name, pattern }) => name.trim() !== "" && pattern !== ""),
  };
  const [settled] = useDebouncedValue(JSON.stringify(wanted), SETTLE_MS);
  const trial = useQuery({
    queryKey: ["redaction-trial", settled],
    queryFn: async ({ signal }) => {
      const sent = JSON.parse(settled) as typeof wanted;
      const result = await request<RedactionResult>("/api/config/system/redaction/trial", { method: "POST", json: sent, signal });
      return { sent: sent.text, result };
    },
    enabled: settled !== "" && text !== "",
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const shown = text !== "" && trial.data;
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="trial">
        <Textarea
          label={t("redaction.trial")}
          description={t("redaction.trialText")}
          inputWrapperOrder={["label", "input", "description"]}
          placeholder={t("redaction.placeholder")}
          autosize
          minRows={5}
          maxRows={14}
          maxLength={MAX_TRIAL_CHARACTERS}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          styles={{ input: { fontFamily: "var(--mno-mono)" } }}
        />
        <div>
          <div className="field-label row" style={{ minHeight: 16 }}>
            {t("redaction.stored")} {trial.isFetching && <Loader size={12} />}
          </div>
          <div className="trial-result" aria-live="polite" data-trial>
            {shown ? (
              piecesOf(shown.sent, shown.result.found).map((piece, index) =>
                piece.found ? (
                  <mark key={index} title={`${ruleName(piece.found.rule, t)}: ${piece.text}`}>
                    {piece.found.replacement}
                  </mark>
                ) : (
                  <span key={index}>{piece.text}</span>
                ),
              )
            ) : (
              <span className="faint">{t("redaction.nothingYet")}</span>
            )}
          </div>
          <div className="dim" style={{ marginTop: 4, fontSize: 12 }}>
            {shown && (shown.result.found.length === 0 ? t("redaction.none") : t("redaction.found", { count: shown.result.found.length, rules: [...new Set(shown.result.found.map(({ rule }) => ruleName(rule, t)))].join(", ") }))}
          </div>
        </div>
      </div>
      {trial.isError && <FailureNote error={trial.error} />}
    </div>
  );
}

function ruleName(rule: string, t: Parameters<typeof choiceName>[1]): string {
  return choiceName(rule, t);
}
