/* How a server is reached: at an address, as a program on the hub's machine, or as an HTTP API with a document. */

import { Select, Textarea, TextInput } from "@mantine/core";
import { IconNetwork, IconTerminal2 } from "@tabler/icons-react";
import { isOwnNetwork } from "../../gateway/presets";
import { useWords } from "../../i18n/language";
import type { Server } from "../shapes";
import { type Draft, environmentOf } from "./serverDraft";

const TRANSPORTS = ["http", "sse", "stdio", "openapi"] as const;
const MONO = { input: { fontFamily: "var(--mono)" } };

interface ReachProps {
  draft: Draft;
  /** The server to change; null to add one. */
  server: Server | null;
  change: (part: Partial<Draft>) => void;
}

export function Reach(props: ReachProps) {
  const t = useWords();
  const { draft, server, change } = props;
  return (
    <>
      {server === null && (
        <Select
          label={t("mcp.transport")}
          allowDeselect={false}
          value={draft.transport}
          onChange={(next) => change({ transport: TRANSPORTS.find((each) => each === next) ?? "http" })}
          data={TRANSPORTS.map((each) => ({ value: each, label: t(`mcp.transport.${each}`) }))}
        />
      )}
      {draft.transport === "stdio" ? <Program {...props} /> : <Place {...props} />}
    </>
  );
}

function Place({ draft, server, change }: ReachProps) {
  const t = useWords();
  const isApi = draft.transport === "openapi";
  return (
    <>
      {isApi && (
        <>
          <TextInput maxLength={500} label={t("mcp.documentAddress")} description={t("mcp.documentText")} placeholder="https://api.example.com/openapi.json" value={draft.document_address} onChange={(event) => change({ document_address: event.currentTarget.value })} />
          <Textarea autosize minRows={2} maxRows={8} label={t("mcp.documentPaste")} description={server === null ? undefined : t("mcp.documentKept")} value={draft.document} onChange={(event) => change({ document: event.currentTarget.value })} styles={MONO} />
        </>
      )}
      <TextInput
        required={!isApi}
        maxLength={500}
        label={t("mcp.address")}
        description={isApi ? t("mcp.addressOfApi") : undefined}
        placeholder={isApi ? "https://api.example.com/v1" : "https://example.com/mcp"}
        value={draft.address}
        onChange={(event) => change({ address: event.currentTarget.value })}
      />
      {isOwnNetwork(draft.address) && (
        <div className="notice information" role="note">
          <IconNetwork size={16} aria-hidden />
          <span className="grow">{t("gateway.ownNetwork")}</span>
        </div>
      )}
    </>
  );
}

function Program({ draft, server, change }: ReachProps) {
  const t = useWords();
  const kept = server?.env_names ?? [];
  return (
    <>
      <div className="notice information" role="note">
        <IconTerminal2 size={16} aria-hidden />
        <span className="grow">{t("mcp.programText")}</span>
      </div>
      <TextInput required maxLength={500} label={t("mcp.command")} placeholder="npx" value={draft.command} onChange={(event) => change({ command: event.currentTarget.value })} />
      <Textarea autosize minRows={2} maxRows={8} label={t("mcp.args")} description={t("mcp.argsText")} placeholder={"-y\n@modelcontextprotocol/server-filesystem\n/srv/shared"} value={draft.args} onChange={(event) => change({ args: event.currentTarget.value })} styles={MONO} />
      <Textarea
        autosize
        minRows={1}
        maxRows={8}
        autoComplete="off"
        spellCheck={false}
        label={t("mcp.env")}
        description={kept.length > 0 ? t("mcp.envKept", { names: kept.join(", ") }) : t("mcp.envText")}
        error={environmentOf(draft.env) === null ? t("mcp.envFault") : null}
        placeholder="GITHUB_TOKEN=…"
        value={draft.env}
        onChange={(event) => change({ env: event.currentTarget.value })}
        styles={MONO}
      />
      <TextInput maxLength={500} label={t("mcp.folder")} description={t("mcp.folderText")} placeholder="/srv/shared" value={draft.folder} onChange={(event) => change({ folder: event.currentTarget.value })} />
    </>
  );
}
