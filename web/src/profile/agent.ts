/* A browser's own name for itself, as people call it. What we cannot tell is shown as it came. */

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\b(?:OPR|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/\S+ (?:Mobile\/\S+ )?Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPod)\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

const first = (known: readonly (readonly [RegExp, string])[], text: string) => known.find(([pattern]) => pattern.test(text))?.[1];

/** `Firefox · Windows`; empty where nothing is known. */
export function browserOf(agent: string): string {
  const browser = first(BROWSERS, agent);
  if (!browser) return agent.slice(0, 60);
  return [browser, first(SYSTEMS, agent)].filter(Boolean).join(" · ");
}
