/* The map of the pages. Each page is a chunk of its own, loaded when its link is approached. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { request } from "../api/client";
import type { TracePage } from "../api/types";
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

/** A hub without a trace greets with Get started, any other with the overview. */
async function landing(): Promise<"/start" | "/monitor"> {
  try {
    const traces = await request<TracePage>("/api/traces?from=-30d&limit=1");
    return traces.items.length === 0 ? "/start" : "/monitor";
  } catch {
    return "/monitor";
  }
}

const pages = [
  createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: async () => {
      throw redirect({ to: await landing(), replace: true });
    },
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
    path: "/costs/prices",
    component: lazyRouteComponent(() => import("../observability/prices/PricesPage")),
  }),
  createRoute({ getParentRoute: () => root, path: "/profile", component: lazyRouteComponent(() => import("../profile/ProfilePage")) }),
  createRoute({ getParentRoute: () => root, path: "/team/keys", component: lazyRouteComponent(() => import("../identity/KeysPage")) }),
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
