/* One tool: what it is for and takes, a way to try it, and what waits for somebody's word. */

import { Drawer, Tabs } from "@mantine/core";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Snippet } from "../../ui/Snippet";
import { CopyId } from "../../ui/Values";
import { RulesOfTool } from "../rules/RulesOfTool";
import { definitionOf, descriptionOf, hintsOf, isHeld, isListedApart, listedNameOf, ruledNameOf, schemaOf, type ServerTool, titleOf } from "./definition";
import { HintMarks, ToolStateMarks } from "./marks";
import { Review } from "./Review";
import { SchemaTree } from "./SchemaTree";
import { TryTool } from "./TryTool";
import { VisibleText } from "./VisibleText";

const TABS = ["review", "definition", "try", "rules", "raw"] as const;

export function ToolDetail({ shown, close }: { shown: ServerTool; close: () => void }) {
  const t = useWords();
  const { value, set } = useAddress();
  const mayCall = useMay("mcp.call");
  const { server, tool, isPermitted } = shown;
  const definition = definitionOf(tool);
  const offered = TABS.filter((tab) => (tab === "review" ? isHeld(tool) : tab === "try" ? mayCall && isPermitted && tool.accepted !== null && !isHeld(tool) : true));
  const tab = offered.find((each) => each === value("tab")) ?? offered[0] ?? "definition";
  return (
    <Drawer opened onClose={close} position="right" size={760} title={titleOf(definition) || tool.name} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <div className="row wrap">
          <ToolStateMarks tool={tool} />
          <HintMarks hints={hintsOf(definition)} />
          <span className="grow" />
          <CopyId id={listedNameOf(shown)}>{listedNameOf(shown)}</CopyId>
        </div>
        {isListedApart(shown) && <span className="dim">{t("tools.listedApart")}</span>}
        <Tabs value={tab} onChange={(next) => set({ tab: next ?? undefined }, { replace: true })} variant="default" keepMounted={false}>
          <Tabs.List mb={16}>
            {offered.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {t(`tools.tab.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="review">
            <Review {...shown} />
          </Tabs.Panel>
          <Tabs.Panel value="definition">
            <DefinitionView {...shown} />
          </Tabs.Panel>
          <Tabs.Panel value="try">
            <TryTool key={tool.name} {...shown} />
          </Tabs.Panel>
          <Tabs.Panel value="rules">
            <RulesOfTool server={server.name} tool={ruledNameOf(server.name, tool.name)} />
          </Tabs.Panel>
          <Tabs.Panel value="raw">
            <Snippet text={JSON.stringify(definition, null, 2)} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </Drawer>
  );
}

function DefinitionView({ tool }: ServerTool) {
  const t = useWords();
  const definition = definitionOf(tool);
  const output = schemaOf(definition, "outputSchema");
  return (
    <div className="stack">
      {descriptionOf(definition) === "" ? <span className="dim">{t("tools.noDescription")}</span> : <p style={{ margin: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}><VisibleText text={descriptionOf(definition)} /></p>}
      <section>
        <h3 style={{ margin: "0 0 8px", fontSize: 13 }}>{t("tools.arguments")}</h3>
        <SchemaTree schema={schemaOf(definition, "inputSchema") ?? {}} />
      </section>
      {output && (
        <section>
          <h3 style={{ margin: "0 0 8px", fontSize: 13 }}>{t("tools.output")}</h3>
          <SchemaTree schema={output} />
        </section>
      )}
    </div>
  );
}
