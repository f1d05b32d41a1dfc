/* A call of a tool: of which server, with what, and what came back, as far as its emitter tells. */

import { IconInfoCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { SpanDetail } from "../../api/types";
import { formatBytes } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { Snippet } from "../../ui/Snippet";

/** The names of OpenTelemetry first, then those of OpenInference and Traceloop. */
const ARGUMENTS = ["gen_ai.tool.call.arguments", "input.value", "traceloop.entity.input"] as const;
const RESULTS = ["gen_ai.tool.call.result", "output.value", "traceloop.entity.output"] as const;

const textOf = (value: unknown): string => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

/** The MCP server behind the hub; empty where the call did not go through the hub. */
export const serverOf = ({ attributes }: SpanDetail): string => textOf(attributes["mno.mcp.server"]);

export function ToolCall({ span }: { span: SpanDetail }) {
  const { t, language } = useLanguage();
  const { attributes } = span;
  const first = (names: readonly string[]) => textOf(names.map((name) => attributes[name]).find((value) => value !== undefined));
  const server = serverOf(span);
  const [given, came] = [first(ARGUMENTS), first(RESULTS)];
  const bytes = attributes["mno.mcp.result_bytes"];
  const facts: [string, string][] = [
    [t("tools.tool"), span.tool],
    [t("mcp.version"), textOf(attributes["mcp.protocol.version"])],
    [t("span.principal"), textOf(attributes["mno.principal"])],
    [t("span.resultSize"), typeof bytes === "number" ? formatBytes(bytes, language) : ""],
    [t("span.errorType"), textOf(attributes["error.type"])],
  ];
  return (
    <div className="stack">
      <dl className="pairs">
        {server !== "" && (
          <>
            <dt>{t("mcp.name")}</dt>
            <dd>
              <Link to="/integrations/tools" search={{ server, tool: `${server}/${span.tool}` } as never} className="link">{server}</Link>
            </dd>
          </>
        )}
        {facts.filter(([, value]) => value !== "").map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {given !== "" && <Snippet text={readable(given)} label={t("tools.arguments")} />}
      {came !== "" && <Snippet text={readable(came)} label={t("tools.result")} />}
      {given === "" && came === "" && (
        <div className="notice information" role="note">
          <IconInfoCircle size={16} aria-hidden />
          <span className="grow">{t(server === "" ? "span.notTold" : "span.notKept")}</span>
        </div>
      )}
    </div>
  );
}

/** JSON in lines; anything else as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
