/* What the navigation offers: only what works. */

import {
  IconActivity, IconActivityHeartbeat, IconChartAreaLine, IconPigMoney, IconAdjustments, IconClockX, IconHistory, IconLock, IconLogin2, IconShieldLock, IconUserCheck, IconChartBar, IconGauge, IconKey, IconFileText, IconListTree, IconReceipt2, IconRocket,
  IconBook2, IconInbox, IconRouteAltLeft, IconServer2, IconTool, IconTopologyStar, IconPlugConnected, IconBellRinging, IconUrgent, IconTargetArrow, IconFolders, IconMailForward, IconShieldQuestion, IconTableOptions, IconUsers, IconUsersGroup, type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Word } from "../i18n/language";
import { FiringBadge } from "../observability/alerts/FiringBadge";

export type PagePath = "/" | "/costs/alerts" | "/costs/budgets" | "/costs/ledger" | "/start" | "/monitor" | "/monitor/traces" | "/monitor/logs" | "/monitor/topology" | "/monitor/system" | "/costs" | "/costs/forecast" | "/costs/anomalies" | "/costs/savings" | "/costs/prices" 
  | "/team/people" | "/team/invitations" | "/team/groups" | "/team/roles" | "/team/explain" | "/team/projects" | "/team/keys"
  | "/integrations/servers" | "/integrations/tools" | "/integrations/connect" | "/integrations/gateway" | "/integrations/channels"
  | "/approvals" | "/settings" | "/settings/secrets" | "/settings/security" | "/settings/retention" | "/settings/sign-in" | "/settings/audit";

interface NavigationPage {
  to: PagePath;
  word: Word;
  icon: ComponentType<IconProps>;
  /** A page whose address begins another's is marked only on itself. */
  exact: boolean;
  /** A count beside the name. */
  badge?: ComponentType;
  /** Offered to whoever holds one of these; to everybody where nothing is named. */
  may?: readonly string[];
}

export const NAVIGATION: readonly { title: Word | null; pages: readonly NavigationPage[] }[] = [
  {
    title: null,
    pages: [
      { to: "/", word: "nav.hub", icon: IconInbox, exact: true, may: ["events.read"] },
      { to: "/start", word: "nav.start", icon: IconRocket, exact: true },
    ],
  },
  {
    title: "nav.monitor",
    pages: [
      { to: "/monitor", word: "nav.overview", icon: IconGauge, exact: true },
      { to: "/monitor/traces", word: "nav.traces", icon: IconListTree, exact: false },
      { to: "/monitor/logs", word: "nav.logs", icon: IconFileText, exact: true, may: ["logs.read"] },
      { to: "/monitor/topology", word: "nav.topology", icon: IconTopologyStar, exact: true, may: ["spans.read"] },
      { to: "/monitor/system", word: "nav.system", icon: IconActivityHeartbeat, exact: true },
    ],
  },
  {
    title: "nav.costs",
    pages: [
      { to: "/costs", word: "nav.breakdown", icon: IconChartBar, exact: true },
      { to: "/costs/forecast", word: "nav.forecast", icon: IconChartAreaLine, exact: true },
      { to: "/costs/anomalies", word: "nav.anomalies", icon: IconActivity, exact: true },
      { to: "/costs/savings", word: "nav.savings", icon: IconPigMoney, exact: true },
      { to: "/costs/budgets", word: "nav.budgets", icon: IconTargetArrow, exact: true, may: ["budgets.read"] },
      { to: "/costs/alerts", word: "nav.alerts", icon: IconUrgent, exact: true, badge: FiringBadge, may: ["alerts.read"] },
      { to: "/costs/ledger", word: "nav.ledger", icon: IconBook2, exact: true, may: ["ledger.read"] },
      { to: "/costs/prices", word: "nav.prices", icon: IconReceipt2, exact: true },
    ],
  },
  {
    title: "nav.integrations",
    pages: [
      { to: "/integrations/servers", word: "nav.mcpServers", icon: IconServer2, exact: true, may: ["mcp.read"] },
      { to: "/integrations/tools", word: "nav.tools", icon: IconTool, exact: true, may: ["mcp.read"] },
      { to: "/integrations/connect", word: "nav.connect", icon: IconPlugConnected, exact: true, may: ["mcp.call"] },
      { to: "/integrations/gateway", word: "nav.gateway", icon: IconRouteAltLeft, exact: true, may: ["gateway.read"] },
      { to: "/integrations/channels", word: "nav.channels", icon: IconBellRinging, exact: true, may: ["channels.read"] },
    ],
  },
  {
    title: "nav.team",
    pages: [
      { to: "/team/people", word: "nav.people", icon: IconUsers, exact: true, may: ["members.read"] },
      { to: "/team/invitations", word: "nav.invitations", icon: IconMailForward, exact: true, may: ["members.read"] },
      { to: "/team/groups", word: "nav.groups", icon: IconUsersGroup, exact: true, may: ["groups.read"] },
      { to: "/team/roles", word: "nav.roles", icon: IconTableOptions, exact: true, may: ["roles.read"] },
      { to: "/team/explain", word: "nav.explain", icon: IconShieldQuestion, exact: true, may: ["grants.read"] },
      { to: "/team/projects", word: "nav.projects", icon: IconFolders, exact: true },
      { to: "/team/keys", word: "nav.keys", icon: IconKey, exact: true, may: ["keys.read"] },
    ],
  },
  { title: null, pages: [{ to: "/approvals", word: "nav.approvals", icon: IconUserCheck, exact: true, may: ["approvals.read"] }] },
  {
    title: "nav.settings",
    pages: [
      { to: "/settings", word: "nav.settingsSystem", icon: IconAdjustments, exact: true, may: ["settings.read", "hub.settings.read"] },
      { to: "/settings/secrets", word: "nav.secrets", icon: IconLock, exact: true, may: ["secrets.read"] },
      { to: "/settings/security", word: "nav.security", icon: IconShieldLock, exact: true, may: ["settings.read", "hub.settings.read"] },
      { to: "/settings/retention", word: "nav.retention", icon: IconClockX, exact: true, may: ["settings.read", "hub.settings.read"] },
      { to: "/settings/sign-in", word: "nav.signIn", icon: IconLogin2, exact: true, may: ["hub.settings.read"] },
      { to: "/settings/audit", word: "nav.audit", icon: IconHistory, exact: true, may: ["audit.read", "hub.audit.read"] },
    ],
  },
];
