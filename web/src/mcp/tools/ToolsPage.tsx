/* The tools of all MCP servers: what each does, whether it may be used, and those that wait for somebody's word. */

import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconAlertTriangle, IconSearchOff, IconTool } from "@tabler/icons-react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { formatCount } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Card, Page } from "../../ui/Page";
import { SearchField } from "../../ui/SearchField";
import { Failure, FailureNote, State } from "../../ui/State";
import { hubServersQuery, serversQuery, toolsQuery } from "../shapes";
import { definitionOf, descriptionOf, hintsOf, HINTS, isHeld, keyOf, listedNameOf, permissionNameOf, schemaOf, type ServerTool, titleOf, toolsOfHub } from "./definition";
import { HintMarks, ToolStateMarks } from "./marks";
import { partsOf } from "./schema";
import { ToolDetail } from "./ToolDetail";
import "./tools.css";

export default function ToolsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const { servers, tools, error, retry, troubles } = useTools();
  const asked = { text: value("q").toLowerCase(), server: value("server"), isHeld: value("state") === "held", hint: value("hint") };
  const shown = tools?.filter((each) => matches(each, asked));
  const opened = tools?.find((each) => keyOf(each) === value("tool"));
  const held = tools?.filter(({ tool }) => isHeld(tool)).length ?? 0;
  return (
    <Page title={t("nav.tools")} text={t("tools.text")}>
      {held > 0 && !asked.isHeld && (
        <div className="notice attention" role="note">
          <IconAlertTriangle size={16} aria-hidden />
          <span className="grow">{t("tools.heldNotice", { count: held })}</span>
          <Button variant="default" onClick={() => set({ state: "held" })}>
            {t("tools.seeHeld")}
          </Button>
        </div>
      )}
      <div className="filters">
        <SearchField label={t("tools.search")} width={248} />
        <Select aria-label={t("mcp.name")} w={168} searchable allowDeselect={false} value={asked.server || "all"} onChange={(next) => set({ server: next === "all" ? undefined : (next ?? undefined) })} data={[{ value: "all", label: t("tools.everyServer") }, ...servers]} />
        <Select aria-label={t("tools.hints")} w={148} allowDeselect={false} value={asked.hint || "any"} onChange={(next) => set({ hint: next === "any" ? undefined : (next ?? undefined) })} data={[{ value: "any", label: t("tools.anyHint") }, ...HINTS.map((hint) => ({ value: hint, label: t(`tools.hint.${hint}`) }))]} />
        <SegmentedControl
          aria-label={t("tools.state")}
          value={asked.isHeld ? "held" : "all"}
          onChange={(next) => set({ state: next === "held" ? next : undefined })}
          data={[
            { value: "all", label: t("tools.all") },
            { value: "held", label: t("tools.heldOnly") },
          ]}
        />
      </div>
      {troubles.map(({ name, error: trouble }) => (
        <FailureNote key={name} error={trouble} />
      ))}
      {error && !tools ? <Failure error={error} retry={retry} /> : <ToolList tools={shown} isEmpty={tools?.length === 0} />}
      {opened && <ToolDetail key={keyOf(opened)} shown={opened} close={() => set({ tool: undefined, tab: undefined })} />}
    </Page>
  );
}

/** Of every server that is known so far; a server whose tools cannot be read hides nobody else's. */
function useTools() {
  const servers = useQuery(serversQuery);
  const lists = useQueries({ queries: (servers.data ?? []).map(({ id }) => toolsQuery(id)) });
  const own = useQuery(hubServersQuery);
  const isWaiting = !servers.data || own.isPending || lists.some(({ isPending }) => isPending);
  const tools: ServerTool[] = (servers.data ?? []).flatMap((server, place) => (lists[place]?.data ?? []).map((tool) => ({ server, tool, isPermitted: true })));
  const hub = own.data ?? [];
  const troubles = (servers.data ?? []).flatMap(({ name }, place) => (lists[place]?.isError ? [{ name, error: lists[place].error }] : []));
  return { servers: [...(servers.data ?? []), ...hub].map(({ name }) => name), tools: isWaiting ? undefined : [...tools, ...hub.flatMap(toolsOfHub)], error: servers.error, retry: () => void servers.refetch(), troubles };
}

interface Asked {
  text: string;
  server: string;
  isHeld: boolean;
  hint: string;
}

function matches(row: ServerTool, asked: Asked): boolean {
  const { server, tool } = row;
  const definition = definitionOf(tool);
  if ((asked.server && server.name !== asked.server) || (asked.isHeld && !isHeld(tool))) return false;
  if (asked.hint && !hintsOf(definition).some((hint) => hint === asked.hint)) return false;
  return [tool.name, permissionNameOf(server.name, tool.name), listedNameOf(row), titleOf(definition), descriptionOf(definition)].join("\n").toLowerCase().includes(asked.text);
}

function ToolList({ tools, isEmpty }: { tools: ServerTool[] | undefined; isEmpty: boolean }) {
  const { t, language } = useLanguage();
  const { set } = useAddress();
  const open = (row: ServerTool) => set({ tool: keyOf(row), tab: undefined });
  const columns: Column<ServerTool>[] = [
    { key: "name", title: t("tools.tool"), order: ({ tool }) => tool.name, cell: (row) => <ToolName row={row} open={() => open(row)} /> },
    { key: "server", title: t("mcp.name"), order: ({ server }) => server.name, cell: ({ server }) => <span className={server.enabled ? "row" : "row dim"} style={{ gap: 6 }}>{server.name}{server.id === "" && <span className="mark accent">{t("tools.ownServer")}</span>}</span> },
    { key: "hints", title: t("tools.hints"), cell: ({ tool }) => <HintMarks hints={hintsOf(definitionOf(tool))} /> },
    { key: "state", title: t("tools.state"), order: ({ tool }) => tool.state, cell: ({ tool }) => <ToolStateMarks tool={tool} /> },
    { key: "arguments", title: t("tools.arguments"), align: "right", order: argumentsOf, cell: (row) => formatCount(argumentsOf(row), language) },
  ];
  return (
    <Card bare title={t("nav.tools")} acts={<ColumnChooser name="mcp-tools" columns={columns} />}>
      <DataTable
        name="mcp-tools"
        rows={tools}
        columns={columns}
        rowKey={keyOf}
        onOpen={open}
        empty={
          isEmpty ? (
            <State icon={IconTool} title={t("tools.empty")} text={t("tools.emptyText")}>
              <Button component={Link} to="/integrations/servers" variant="default">
                {t("nav.mcpServers")}
              </Button>
            </State>
          ) : (
            <State icon={IconSearchOff} title={t("settings.nothing")} text={t("settings.nothingText")}>
              <Button variant="default" onClick={() => set({ q: undefined, server: undefined, state: undefined, hint: undefined })}>
                {t("filter.clear")}
              </Button>
            </State>
          )
        }
        foot={tools && <span>{t("tools.count", { count: tools.length })}</span>}
      />
    </Card>
  );
}

function argumentsOf({ tool }: ServerTool): number {
  const schema = schemaOf(definitionOf(tool), "inputSchema") ?? {};
  return partsOf(schema, schema).length;
}

function ToolName({ row, open }: { row: ServerTool; open: () => void }) {
  const definition = definitionOf(row.tool);
  const [first] = descriptionOf(definition).split("\n");
  return (
    <div style={{ minWidth: 0 }}>
      <button
        type="button"
        className="link cut"
        style={{ color: "inherit", fontWeight: 500 }}
        onClick={(event) => {
          event.stopPropagation();
          open();
        }}
      >
        {row.tool.name}
      </button>
      <div className="dim cell-cut" style={{ maxWidth: 380, fontSize: 12, lineHeight: "16px" }}>{first}</div>
    </div>
  );
}
