/* The frame around every page: where one is, what else there is, and whether data is arriving. */

import { ActionIcon, Drawer, Menu, Modal, UnstyledButton } from "@mantine/core";
import { useDisclosure, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import {
  IconCheck, IconDeviceDesktop, IconKeyboard, IconLogout, IconMenu2, IconMoon, IconSearch, IconSun, IconUserCircle, IconUserCog,
} from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useMantineColorScheme } from "@mantine/core";
import { Problem, request } from "../api/client";
import { sessionQuery } from "../api/session";
import type { Session } from "../api/types";
import { StepUpProvider } from "../identity/StepUp";
import { LANGUAGES, useLanguage, useWords } from "../i18n/language";
import { useLive } from "../live/stream";
import { Failure } from "../ui/State";
import { keepRange, type Search } from "./address";
import { Finder } from "./Finder";
import { Logo } from "./Logo";
import { NAVIGATION, type PagePath } from "./navigation";
import { PlaceSwitch } from "./PlaceSwitch";
import { useNavigation } from "./offered";
import { KNOWN_AS, SignIn } from "./SignIn";

/** Pages for people who may not be signed in: they stand without the frame. */
const FRONT_PATHS = ["/invitation", "/reset-password", "/oauth/authorize"];

export function Shell() {
  const path = useLocation({ select: (location) => location.pathname });
  return FRONT_PATHS.includes(path) ? <Outlet /> : <Inside />;
}

function Inside() {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <div className="shell" aria-busy="true" />;
  if (session.isError) {
    const isSignedOut = session.error instanceof Problem && session.error.status === 401;
    return isSignedOut ? <SignIn /> : <Failure error={session.error} retry={() => void session.refetch()} />;
  }
  return <SignedIn session={session.data} />;
}

function SignedIn({ session }: { session: Session }) {
  const { t, adoptLanguage } = useLanguage();
  const [isNavOpen, nav] = useDisclosure(false);
  const [isHelpOpen, help] = useDisclosure(false);
  const isNarrow = useMediaQuery("(max-width: 900px)", window.innerWidth <= 900);
  useShortcuts(help.toggle);
  useEffect(() => localStorage.setItem(KNOWN_AS, "yes"), []);
  useEffect(() => adoptLanguage(session.language), [adoptLanguage, session.language]);
  return (
    <div className="shell">
      <a href="#content" className="skip">
        {t("shell.skip")}
      </a>
      <header className="shell-bar">
        <ActionIcon className="only-narrow" aria-label={t("shell.menu")} onClick={nav.open}>
          <IconMenu2 size={18} />
        </ActionIcon>
        <Link to="/" className="shell-brand" aria-label="MachineNativeOps">
          <Logo />
          <span>MachineNativeOps</span>
        </Link>
        <PlaceSwitch session={session} />
        <div className="grow" />
        <LiveLight />
        <button type="button" className="search-box" onClick={spotlight.open} aria-label={t("finder.open")}>
          <IconSearch size={14} />
          <span className="grow">{t("finder.short")}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <Profile session={session} onHelp={help.open} />
      </header>
      {!isNarrow && (
        <nav className="shell-nav fixed" aria-label={t("shell.menu")}>
          <div className="shell-nav-groups">
            <NavigationLinks />
          </div>
        </nav>
      )}
      <Drawer opened={isNavOpen} onClose={nav.close} size={248} title={<Logo />} closeButtonProps={{ "aria-label": t("act.close") }}>
        <nav aria-label={t("shell.menu")} onClick={nav.close} style={{ display: "flex", flexDirection: "column", gap: 16 }}>
          <NavigationLinks />
        </nav>
      </Drawer>
      <main id="content" className="shell-main" tabIndex={-1} style={{ outline: "none" }}>
        <StepUpProvider>
          <Outlet />
        </StepUpProvider>
      </main>
      <Finder onHelp={help.open} />
      <Shortcuts opened={isHelpOpen} close={help.close} />
    </div>
  );
}

function NavigationLinks() {
  const t = useWords();
  const path = useLocation({ select: (location) => location.pathname });
  // On a low screen the navigation scrolls; where one is stays in sight.
  useEffect(() => {
    document.querySelector('.shell-nav .nav-link[data-status="active"]')?.scrollIntoView({ block: "nearest" });
  }, [path]);
  return useNavigation().map((group) => (
    <div className="nav-group" key={group.pages[0]?.to}>
      {group.title && <div className="nav-title">{t(group.title)}</div>}
      {group.pages.map(({ to, word, icon: Icon, exact, badge: Badge }) => (
        <Link
          key={to}
          to={to}
          search={((before: Search) => keepRange(before)) as never}
          className="nav-link"
          activeOptions={{ exact, includeSearch: false }}
        >
          <Icon size={16} stroke={1.75} aria-hidden />
          {t(word)}
          {Badge && <Badge />}
        </Link>
      ))}
    </div>
  ));
}

function LiveLight() {
  const t = useWords();
  const live = useLive();
  const dot = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (live.version === 0) return;
    dot.current?.classList.remove("pulse");
    // Reading the width restarts the animation.
    dot.current?.getBoundingClientRect();
    dot.current?.classList.add("pulse");
  }, [live.version]);
  const text = live.state === "open" ? t("live.open") : live.state === "lost" ? t("live.lost") : t("live.connecting");
  return (
    <span className="live" role="status" title={live.state === "open" ? t("live.openHint") : text}>
      <span ref={dot} className={`dot ${live.state === "open" ? "good" : live.state === "lost" ? "broken" : ""}`} />
      {text}
    </span>
  );
}

function Profile({ session, onHelp }: { session: Session; onHelp: () => void }) {
  const { t, language, setLanguage } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => request<undefined>("/api/auth/session", { method: "DELETE" }),
    onSuccess: () => {
      queries.clear();
      window.location.assign("/");
    },
  });
  const themes = [
    { value: "light", icon: IconSun, text: t("theme.light") },
    { value: "dark", icon: IconMoon, text: t("theme.dark") },
    { value: "auto", icon: IconDeviceDesktop, text: t("theme.auto") },
  ] as const;
  return (
    <Menu width={220} position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={t("profile.open")}>
          <IconUserCircle size={20} stroke={1.5} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.user?.name}
          {session.user?.email && <div className="cut">{session.user.email}</div>}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t("profile.language")}</Menu.Label>
        {LANGUAGES.map(({ code, name }) => (
          <Menu.Item
            key={code}
            lang={code}
            onClick={() => setLanguage(code)}
            rightSection={code === language ? <IconCheck size={14} /> : null}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t("profile.theme")}</Menu.Label>
        {themes.map(({ value, icon: Icon, text }) => (
          <Menu.Item
            key={value}
            onClick={() => setColorScheme(value)}
            leftSection={<Icon size={14} />}
            rightSection={value === colorScheme ? <IconCheck size={14} /> : null}
          >
            {text}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserCog size={14} />} component={Link} to="/profile">
          {t("profile.title")}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={14} />} rightSection={<kbd>?</kbd>} onClick={onHelp}>
          {t("shortcuts.title")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={() => signOut.mutate()}>
          {t("profile.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const JUMPS: readonly (readonly [string, PagePath])[] = [
  ["s", "/start"],
  ["o", "/monitor"],
  ["t", "/monitor/traces"],
  ["y", "/monitor/system"],
  ["c", "/costs"],
  ["p", "/costs/prices"],
  ["k", "/team/keys"],
];
const JUMP_WITHIN_MS = 1200;

/** `?`, `/` and the two-key jumps: g, then the letter of the page. */
function useShortcuts(help: () => void): void {
  const navigate = useNavigate();
  const armed = useRef(0);
  useHotkeys([
    ["shift+?", help],
    ["?", help],
    ["/", () => document.querySelector<HTMLInputElement>("[data-page-search]")?.focus()],
    ["g", () => (armed.current = Date.now())],
    ...JUMPS.map(
      ([key, to]) =>
        [
          key,
          () => {
            if (Date.now() - armed.current > JUMP_WITHIN_MS) return;
            armed.current = 0;
            void navigate({ to, search: ((before: Search) => keepRange(before)) as never });
          },
          { preventDefault: false },
        ] as [string, () => void, { preventDefault: boolean }],
    ),
  ]);
}

function Shortcuts({ opened, close }: { opened: boolean; close: () => void }) {
  const t = useWords();
  const pages = NAVIGATION.flatMap((group) => group.pages);
  const rows: [string[], string][] = [
    [["Ctrl", "K"], t("finder.open")],
    [["/"], t("shortcuts.search")],
    [["?"], t("shortcuts.title")],
    ...JUMPS.map(([key, to]): [string[], string] => {
      const word = pages.find((page) => page.to === to)?.word;
      return [["g", key], word ? t(word) : to];
    }),
    [["↑", "↓"], t("shortcuts.walk")],
    [["←", "→"], t("shortcuts.fold")],
    [["Esc"], t("shortcuts.escape")],
  ];
  return (
    <Modal opened={opened} onClose={close} title={t("shortcuts.title")} size="sm" closeButtonProps={{ "aria-label": t("act.close") }}>
      <dl className="pairs" style={{ gridTemplateColumns: "96px 1fr", rowGap: 8 }}>
        {rows.map(([keys, text]) => (
          <div key={keys.join()} style={{ display: "contents" }}>
            <dt className="row" style={{ gap: 4 }}>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <UnstyledButton className="visually-hidden" onClick={close}>
        {t("act.close")}
      </UnstyledButton>
    </Modal>
  );
}
