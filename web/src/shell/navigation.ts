/* What the navigation offers: only what works. */

import {
  IconActivityHeartbeat, IconChartBar, IconGauge, IconKey, IconListTree, IconReceipt2, IconRocket, type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Word } from "../i18n/language";

export type PagePath = "/start" | "/monitor" | "/monitor/traces" | "/monitor/system" | "/costs" | "/costs/prices" | "/team/keys";

interface NavigationPage {
  to: PagePath;
  word: Word;
  icon: ComponentType<IconProps>;
  /** A page whose address begins another's is marked only on itself. */
  exact: boolean;
}

export const NAVIGATION: readonly { title: Word | null; pages: readonly NavigationPage[] }[] = [
  { title: null, pages: [{ to: "/start", word: "nav.start", icon: IconRocket, exact: true }] },
  {
    title: "nav.monitor",
    pages: [
      { to: "/monitor", word: "nav.overview", icon: IconGauge, exact: true },
      { to: "/monitor/traces", word: "nav.traces", icon: IconListTree, exact: false },
      { to: "/monitor/system", word: "nav.system", icon: IconActivityHeartbeat, exact: true },
    ],
  },
  {
    title: "nav.costs",
    pages: [
      { to: "/costs", word: "nav.breakdown", icon: IconChartBar, exact: true },
      { to: "/costs/prices", word: "nav.prices", icon: IconReceipt2, exact: true },
    ],
  },
  { title: "nav.team", pages: [{ to: "/team/keys", word: "nav.keys", icon: IconKey, exact: true }] },
];
