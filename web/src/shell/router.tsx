/* The map of the pages. Each page is a chunk of its own, loaded when its link is approached. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { request } from "../api/client";
import type { TracePage } from "../api/types";
import type { EventPage } from "../events/shapes";
import { parseSearch, type Search, stringifySearch } from "./address";
import { NotFound } from "./NotFound";
import { PageFailed } from "./PageFailed";
import { Shell } from "./Shell";

const root = createRootRoute({
  component: Shell,
  validateSearch: (search: Record<string, unknown>) => search as Search,
  notFoundComponent: NotFound,
  errorComponent: PageFailed,
});

let hasLanded = false;

/** Whether this is the first look at a hub that has neither traces nor events; nobody knows before the sign-in. */
async function isNew(): Promise<boolean> {
  if (hasLanded) return false;
  try {
    const [traces, events] = await Promise.all([request<TracePage>("/api/traces?from=-30d&limit=1"), request<EventPage>("/api/events?limit=1")]);
    hasLanded = true;
    return traces.items.length === 0 && events.items.length === 0;
  } catch {
    return false;
  }
}

const pages = [
  createRoute({
    getParentRoute: () => root,
    path: "/",
    // A hub without a trace greets with Get started; whoever comes back from there wants the Chat Hub.
    beforeLoad: async ({ preload }) => {
      if (!preload && (await isNew())) throw redirect({ to: "/start", replace: true });
    },
    component: lazyRouteComponent(() => import("../events/ChatHubPage")),
  }),
  createRoute({ getParentRoute: () => root, path: "/start", component: lazyRouteComponent(() => import("../start/StartPage")) }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor",
    component: lazyRouteComponent(() => import("../observability/overview/OverviewPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor/traces",
    component: lazyRouteComponent(() => import("../observability/traces/TracesPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor/traces/$traceId",
    component: lazyRouteComponent(() => import("../observability/traces/TracePage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor/logs",
    component: lazyRouteComponent(() => import("../observability/logs/LogsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor/topology",
    component: lazyRouteComponent(() => import("../observability/topology/TopologyPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/monitor/system",
    component: lazyRouteComponent(() => import("../observability/system/SystemPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs",
    component: lazyRouteComponent(() => import("../observability/costs/CostsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/forecast",
    component: lazyRouteComponent(() => import("../observability/forecast/ForecastPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/anomalies",
    component: lazyRouteComponent(() => import("../observability/anomalies/AnomaliesPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/savings",
    component: lazyRouteComponent(() => import("../observability/savings/SavingsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/budgets",
    component: lazyRouteComponent(() => import("../observability/budgets/BudgetsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/alerts",
    component: lazyRouteComponent(() => import("../observability/alerts/AlertsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/ledger",
    component: lazyRouteComponent(() => import("../observability/ledger/LedgerPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/costs/prices",
    component: lazyRouteComponent(() => import("../observability/prices/PricesPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/integrations/servers",
    component: lazyRouteComponent(() => import("../mcp/servers/ServersPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/integrations/tools",
    component: lazyRouteComponent(() => import("../mcp/tools/ToolsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/integrations/connect",
    component: lazyRouteComponent(() => import("../mcp/connect/ConnectPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/integrations/gateway",
    component: lazyRouteComponent(() => import("../gateway/GatewayPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/integrations/channels",
    component: lazyRouteComponent(() => import("../notifications/ChannelsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/invitation",
    component: lazyRouteComponent(() => import("../identity/invitation/InvitationPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/reset-password",
    component: lazyRouteComponent(() => import("../identity/sign_in/ResetPasswordPage")),
  }),
  createRoute({ getParentRoute: () => root, path: "/oauth/authorize", component: lazyRouteComponent(() => import("../oauth/AuthorizePage")) }),
  createRoute({
    getParentRoute: () => root,
    path: "/confirm-address",
    component: lazyRouteComponent(() => import("../identity/sign_in/ConfirmAddressPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/settings/sign-in",
    component: lazyRouteComponent(() => import("../identity/providers/SignInSettingsPage")),
  }),
  createRoute({ getParentRoute: () => root, path: "/profile", component: lazyRouteComponent(() => import("../profile/ProfilePage")) }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/people",
    component: lazyRouteComponent(() => import("../team/PeoplePage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/invitations",
    component: lazyRouteComponent(() => import("../team/InvitationsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/groups",
    component: lazyRouteComponent(() => import("../team/GroupsPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/roles",
    component: lazyRouteComponent(() => import("../team/RolesPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/explain",
    component: lazyRouteComponent(() => import("../team/ExplainPage")),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/team/projects",
    component: lazyRouteComponent(() => import("../team/ProjectsPage")),
  }),
  createRoute({ getParentRoute: () => root, path: "/team/keys", component: lazyRouteComponent(() => import("../identity/KeysPage")) }),
  createRoute({ getParentRoute: () => root, path: "/approvals", component: lazyRouteComponent(() => import("../approvals/ApprovalsPage")) }),
  createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("../settings/SettingsPage")) }),
  createRoute({ getParentRoute: () => root, path: "/settings/secrets", component: lazyRouteComponent(() => import("../secrets/SecretsPage")) }),
  createRoute({ getParentRoute: () => root, path: "/settings/security", component: lazyRouteComponent(() => import("../settings/SecurityPage")) }),
  createRoute({ getParentRoute: () => root, path: "/settings/retention", component: lazyRouteComponent(() => import("../settings/RetentionPage")) }),
  createRoute({ getParentRoute: () => root, path: "/settings/audit", component: lazyRouteComponent(() => import("../audit/AuditPage")) }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(pages),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
