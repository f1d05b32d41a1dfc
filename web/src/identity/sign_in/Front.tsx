/* The frame of the pages for people who are not signed in. */

import { ActionIcon, Select, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconLanguage, IconMoon, IconSun } from "@tabler/icons-react";
import { type ReactNode, useEffect } from "react";
import { LANGUAGES, useLanguage } from "../../i18n/language";
import { Logo } from "../../shell/Logo";
import "./front.css";

interface FrontProps {
  title: string;
  text?: ReactNode;
  children: ReactNode;
}

export function Front({ title, text, children }: FrontProps) {
  const { t, language, setLanguage } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    document.title = `${title} · MachineNativeOps`;
  }, [title]);
  return (
    <div className="front">
      <header className="front-head">
        <Logo />
        <strong>MachineNativeOps</strong>
      </header>
      <main className="front-card card">
        <div>
          <h1>{title}</h1>
          {text !== undefined && <p className="dim">{text}</p>}
        </div>
        {children}
      </main>
      <footer className="front-foot">
        <Select
          aria-label={t("profile.language")}
          variant="unstyled"
          w={132}
          leftSection={<IconLanguage size={14} />}
          allowDeselect={false}
          value={language}
          data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
          onChange={(code) => code !== null && setLanguage(code)}
        />
        <ActionIcon aria-label={t(isDark ? "theme.light" : "theme.dark")} onClick={() => setColorScheme(isDark ? "light" : "dark")}>
          {isDark ? <IconSun size={16} /> : <IconMoon size={16} />}
        </ActionIcon>
      </footer>
    </div>
  );
}
