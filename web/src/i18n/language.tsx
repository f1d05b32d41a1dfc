/*
 * The words of the page. A dictionary is a flat JSON file per language; English is part of the program
 * and names the keys, the others load when chosen. `npm run words` fails when one lacks a key.
 */

import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import english from "./words/en.json";

export type Language = "en" | "zh-Hant" | "zh-Hans";
type EnglishKey = keyof typeof english;
/** A key of the dictionaries. The singular (`_one`) is chosen by the number, never named by a page. */
export type Word = Exclude<EnglishKey, `${string}_one`>;
export type Dictionary = Partial<Record<EnglishKey, string>>;
export type Fillings = Record<string, string | number>;
export type Translate = (word: Word, fillings?: Fillings) => string;

export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "zh-Hant", name: "繁體中文" },
  { code: "zh-Hans", name: "简体中文" },
];

const LOADERS: Record<Language, () => Promise<Dictionary>> = {
  en: () => Promise.resolve(english),
  "zh-Hant": () => import("./words/zh-Hant.json").then((module) => module.default),
  "zh-Hans": () => import("./words/zh-Hans.json").then((module) => module.default),
};
const STORED_AS = "mno.language";

/** The best of our languages for what the browser asks for; Taiwan, Hong Kong and Macau read zh-Hant. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const lower = tag.toLowerCase();
    if (lower.startsWith("en")) return "en";
    if (lower.startsWith("zh")) return /hant|-tw|-hk|-mo/.test(lower) ? "zh-Hant" : "zh-Hans";
  }
  return "en";
}

/** The text of a word, with `{name}` filled in and numbers written as the language does. */
export function textOf(dictionary: Dictionary, language: Language, word: Word, fillings: Fillings = {}): string {
  const singular = `${word}_one` as EnglishKey;
  const count = fillings["count"];
  const isSingular = typeof count === "number" && new Intl.PluralRules(language).select(count) === "one";
  const template = (isSingular ? dictionary[singular] : undefined) ?? dictionary[word] ?? english[word];
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = fillings[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
  });
}

interface Choice {
  language: Language;
  /** Somebody chose it here: this browser keeps it. */
  setLanguage: (language: Language) => void;
  /** What a person or their team set elsewhere; holds where this browser has no choice of its own. */
  adoptLanguage: (language: string) => void;
  t: Translate;
}

const LanguageContext = createContext<Choice | null>(null);

function storedLanguage(): Language {
  const stored = localStorage.getItem(STORED_AS);
  return LANGUAGES.find(({ code }) => code === stored)?.code ?? preferredLanguage(navigator.languages);
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [wanted, setWanted] = useState<Language>(storedLanguage);
  const [loaded, setLoaded] = useState<{ language: Language; dictionary: Dictionary } | null>(
    wanted === "en" ? { language: "en", dictionary: english } : null,
  );

  useEffect(() => {
    let current = true;
    void LOADERS[wanted]().then((dictionary) => {
      if (!current) return;
      document.documentElement.lang = wanted;
      setLoaded({ language: wanted, dictionary });
    });
    return () => {
      current = false;
    };
  }, [wanted]);

  useEffect(() => {
    const chosenInAnotherTab = ({ key }: StorageEvent) => {
      if (key === STORED_AS) setWanted(storedLanguage());
    };
    window.addEventListener("storage", chosenInAnotherTab);
    return () => {
      window.removeEventListener("storage", chosenInAnotherTab);
    };
  }, []);

  const setLanguage = useCallback((language: Language) => {
    localStorage.setItem(STORED_AS, language);
    setWanted(language);
  }, []);
  const adoptLanguage = useCallback((language: string) => {
    const known = LANGUAGES.find(({ code }) => code === language);
    if (known && localStorage.getItem(STORED_AS) === null) setWanted(known.code);
  }, []);
  const choice = useMemo<Choice | null>(
    () =>
      loaded && {
        language: loaded.language,
        setLanguage,
        adoptLanguage,
        t: (word, fillings) => textOf(loaded.dictionary, loaded.language, word, fillings),
      },
    [loaded, setLanguage, adoptLanguage],
  );
  return choice && <LanguageContext value={choice}>{children}</LanguageContext>;
}

export function useLanguage(): Choice {
  const choice = use(LanguageContext);
  if (!choice) throw new Error("A page must stand inside the LanguageProvider");
  return choice;
}

export function useWords(): Translate {
  return useLanguage().t;
}
