// A browser for the journeys: Debian's Chromium or the one that CHROMIUM names, signed in to a hub.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run",
];

export function browserPath() {
  return [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
}

export async function launch() {
  const executablePath = browserPath();
  if (!executablePath) throw new Error("There is no Chromium: apt-get install chromium, or set CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** The cookies of a session, made by opening the one-time link. */
export async function signIn(browser, link) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector(".shell-bar");
  const state = await context.storageState();
  await context.close();
  return state;
}

/**
 * A page that is signed in, in a language and a theme (`auto` follows the system's, light at first). `page.trouble` collects what no page may do: errors in the
 * console, uncaught failures, and requests to any other host.
 */
export async function openPage(browser, { url, state, language = "en", theme = "light", width = 1280, height = 900 }) {
  const context = await browser.newContext({
    storageState: state, viewport: { width, height }, colorScheme: theme === "auto" ? "light" : theme, timezoneId: "UTC", reducedMotion: "reduce", baseURL: url,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await context.addInitScript(
    ([chosenLanguage, chosenTheme]) => {
      localStorage.setItem("mno.language", chosenLanguage);
      localStorage.setItem("mno.theme", chosenTheme);
    },
    [language, theme],
  );
  const page = await context.newPage();
  page.trouble = [];
  const host = new URL(url).host;
  page.on("pageerror", (error) => page.trouble.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") page.trouble.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (target.protocol.startsWith("http") && target.host !== host) page.trouble.push(`outside request: ${request.url()}`);
  });
  page.setDefaultTimeout(10_000);
  return page;
}

/** Waits until nothing is loading: no skeleton, nothing busy, the words there. */
export async function settled(page) {
  await page.waitForSelector(".page-head h1");
  await page.waitForFunction(() => !document.querySelector(".mantine-Skeleton-root, [aria-busy=true]"), undefined, { timeout: 15_000 });
  await page.waitForTimeout(150);
}

/** What a journey is told by its environment (tests/journeys/test_web.py). */
export function hub() {
  const { MNO_URL: url, MNO_LINK: link, MNO_KEY: key } = process.env;
  if (!url || !link || !key) throw new Error("A journey needs MNO_URL, MNO_LINK and MNO_KEY");
  return { url, link, key };
}
