/* How each kind of node is called and marked. */

import { IconApps, IconBrain, IconRobot, IconServer2, IconTool, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Translate } from "../../i18n/language";
import type { Kind, Node } from "./shapes";

export const KIND_ICONS: Record<Kind, ComponentType<IconProps>> = { application: IconApps, agent: IconRobot, tool: IconTool, server: IconServer2, model: IconBrain };

export function nameOf(node: Node, t: Translate): string {
  if (node.rest) return t(`topology.rest.${node.kind}`);
  return node.name || t("topology.unnamed");
}
