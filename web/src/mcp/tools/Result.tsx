/* What a tool answered: texts, pictures, sound, resources, structure; and the trace in which the call stands. */

import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { Snippet } from "../../ui/Snippet";
import type { CallResult } from "../shapes";
import { isObject } from "./schema";

const IMAGES = /^image\/(png|jpeg|gif|webp|avif)$/;
const SOUNDS = /^audio\/[\w.+-]+$/;
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

export function Result({ answer, durationMs }: { answer: CallResult; durationMs: number }) {
  const { t, language } = useLanguage();
  const content = Array.isArray(answer.result["content"]) ? answer.result["content"].filter(isObject) : [];
  const structured = answer.result["structuredContent"];
  return (
    <section className="stack" style={{ gap: 8 }} aria-label={t("tools.result")}>
      <div className={answer.is_error ? "notice broken" : "notice good"} role="status">
        {answer.is_error ? <IconCircleX size={16} aria-hidden /> : <IconCircleCheck size={16} aria-hidden />}
        <span className="grow">{t(answer.is_error ? "tools.saysFailed" : "tools.answered", { time: formatDuration(durationMs, language) })}</span>
        {answer.trace_id !== "" && (
          <Link to="/monitor/traces/$traceId" params={{ traceId: answer.trace_id }} className="link">
            {t("tools.seeTrace")}
          </Link>
        )}
      </div>
      {content.map((block, place) => (
        <Block key={place} block={block} />
      ))}
      {structured !== undefined && <Snippet text={JSON.stringify(structured, null, 2)} label={t("tools.structured")} />}
      {content.length === 0 && structured === undefined && <Snippet text={JSON.stringify(answer.result, null, 2)} />}
    </section>
  );
}

function Block({ block }: { block: Record<string, unknown> }) {
  const t = useWords();
  const { type, text, data, mimeType, resource } = block;
  if (type === "text" && typeof text === "string") return <Snippet text={text} />;
  if (typeof data === "string" && typeof mimeType === "string" && BASE64.test(data)) {
    const source = `data:${mimeType};base64,${data}`;
    if (type === "image" && IMAGES.test(mimeType)) return <img src={source} alt={t("tools.picture")} style={{ maxWidth: "100%", borderRadius: 6 }} />;
    if (type === "audio" && SOUNDS.test(mimeType)) return <audio controls src={source} aria-label={t("tools.sound")} />;
  }
  if (type === "resource" && isObject(resource) && typeof resource["text"] === "string") return <Snippet text={resource["text"]} label={typeof resource["uri"] === "string" ? resource["uri"] : undefined} />;
  return <Snippet text={JSON.stringify(block, null, 2)} />;
}
