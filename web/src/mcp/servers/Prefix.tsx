/* What stands before a server's tools at /mcp, where those of all servers are offered: chosen, and as it is. */

import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useWords } from "../../i18n/language";
import { FIELDS } from "../../ui/EditDialog";
import { type Server, toolsQuery } from "../shapes";
import { isListedApart } from "../tools/definition";
import { type Draft, isServerName } from "./serverDraft";

const KINDS = ["name", "own", "none"] as const;

export function PrefixField({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const t = useWords();
  const { prefix_kind: kind, prefix } = draft;
  const isRead = prefix === "" || isServerName(prefix);
  const shown = (kind === "own" && prefix) || draft.name || "github";
  return (
    <div className="columns" style={{ ...FIELDS, "--least": "220px" } as React.CSSProperties}>
      <Select
        label={t("mcp.prefix")}
        description={kind === "none" ? t("mcp.prefixNoneText") : t("mcp.prefixText", { prefix: shown })}
        inputWrapperOrder={["label", "input", "description"]}
        allowDeselect={false}
        value={kind}
        onChange={(next) => change({ prefix_kind: KINDS.find((each) => each === next) ?? "name" })}
        data={KINDS.map((each) => ({ value: each, label: t(`mcp.prefix.${each}`) }))}
      />
      {kind === "own" && <TextInput required maxLength={40} label={t("mcp.prefixOwn")} placeholder="gh" error={isRead ? null : t("mcp.nameFault")} value={prefix} onChange={(event) => change({ prefix: event.currentTarget.value })} />}
    </div>
  );
}

export function PrefixText({ server }: { server: Server }) {
  return server.prefix === "" ? <Nothing server={server} /> : <code className="mono">{`${server.prefix}_…`}</code>;
}

/** And which of its tools could not be left without. */
function Nothing({ server }: { server: Server }) {
  const t = useWords();
  const { data } = useQuery(toolsQuery(server.id));
  const moved = data?.filter((tool) => isListedApart({ server, tool })) ?? [];
  return (
    <>
      {t("mcp.prefix.none")}
      {moved.length > 0 && <div className="dim" style={{ overflowWrap: "anywhere" }}>{t("mcp.prefixMoved", { count: moved.length })} <span className="mono">{moved.map((tool) => tool.listed_as).join(", ")}</span></div>}
    </>
  );
}
