/* The messages of a model call, as the conversation that they were. */

import { Button } from "@mantine/core";
import { IconArrowBackUp, IconPaperclip, IconTool } from "@tabler/icons-react";
import { useState } from "react";
import type { Message, MessagePart } from "../../api/types";
import { useWords } from "../../i18n/language";

const LONG_TEXT = 1600;
const ROLES = ["system", "user", "assistant", "tool", "developer"] as const;

export function Messages({ input, output }: { input: readonly Message[]; output: readonly Message[] }) {
  const t = useWords();
  return (
    <>
      {input.length > 0 && (
        <section>
          <h3>{t("messages.input")}</h3>
          <div className="chat">
            {input.map((message, index) => (
              <OneMessage key={index} message={message} side="in" />
            ))}
          </div>
        </section>
      )}
      {output.length > 0 && (
        <section>
          <h3>{t("messages.output")}</h3>
          <div className="chat">
            {output.map((message, index) => (
              <OneMessage key={index} message={message} side="out" />
            ))}
          </div>
        </section>
      )}
    </>
  );
}

function OneMessage({ message, side }: { message: Message; side: "in" | "out" }) {
  const t = useWords();
  const role = ROLES.find((each) => each === message.role);
  return (
    <div className="message" data-role={message.role === "developer" ? "system" : message.role} data-side={side}>
      <div className="message-role">{role ? t(`role.${role}`) : (message.role ?? "")}</div>
      {(message.parts ?? []).map((part, index) => (
        <Part key={index} part={part} />
      ))}
    </div>
  );
}

function Part({ part }: { part: MessagePart }) {
  const t = useWords();
  switch (part.type) {
    case "text":
      return <LongText className="message-part text" text={textOf(part["content"])} />;
    case "reasoning":
    case "thinking":
      return <LongText className="message-part reasoning" text={textOf(part["content"])} />;
    case "tool_call":
      return (
        <div className="message-part tool">
          <header>
            <IconTool size={14} aria-hidden />
            {textOf(part["name"]) || t("messages.toolCall")}
          </header>
          <pre tabIndex={0}>{textOf(part["arguments"])}</pre>
        </div>
      );
    case "tool_call_response":
      return (
        <div className="message-part tool">
          <header>
            <IconArrowBackUp size={14} aria-hidden />
            {t("messages.toolResult")}
          </header>
          <pre tabIndex={0}>{textOf(part["response"] ?? part["result"] ?? part["content"])}</pre>
        </div>
      );
    case "blob":
    case "uri":
    case "file":
      // Nothing is fetched: a page of the hub asks no other host.
      return (
        <div className="message-part">
          <span className="row" style={{ gap: 6 }}>
            <IconPaperclip size={14} aria-hidden />
            {textOf(part["mime_type"] ?? part["modality"]) || t("messages.attachment")}
            <span className="dim cut">{part.type === "blob" ? "" : textOf(part["uri"] ?? part["file_id"])}</span>
          </span>
        </div>
      );
    default:
      return <pre className="json message-part tool">{JSON.stringify(part, null, 2)}</pre>;
  }
}

function LongText({ className, text }: { className: string; text: string }) {
  const t = useWords();
  const [isOpen, setIsOpen] = useState(false);
  const isLong = text.length > LONG_TEXT;
  return (
    <div className={className}>
      {isLong && !isOpen ? `${text.slice(0, LONG_TEXT)}…` : text}
      {isLong && (
        <div style={{ marginTop: 8 }}>
          <Button variant="default" onClick={() => setIsOpen(!isOpen)}>
            {isOpen ? t("messages.less") : t("messages.all", { count: text.length })}
          </Button>
        </div>
      )}
    </div>
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
