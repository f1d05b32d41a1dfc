// A browser for the journeys, signed in to a hub: the one that CHROMIUM names, else the first of browsers.json that is
// there. Chromium without its own user interface comes first: that of the whole one took a fifth of a journey.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "./patience.mjs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run",
  // its threads would look for garbage and compile ahead, on processors that others need
  "--js-flags=--single-threaded",
];

const KNOWN = JSON.parse(readFileSync(new URL("browsers.json", import.meta.url), "utf8"));

function browserPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return process.env.CHROMIUM || KNOWN.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

export async function launch() {
  const executablePath = browserPath();
  if (!executablePath) throw new Error("There is no Chromium: apt-get install chromium-headless-shell, or set CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** The cookies of a session, made by the one-time link. A page that opens it is a second of a processor more: sign_in.mjs does. */
export async function signIn(browser, link) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const answer = await context.request.get(link);
  if (!answer.ok()) throw new Error(`The link was answered with ${answer.status()}`);
  const state = await context.storageState();
  await context.close();
  return state;
}

/**
 * A page that is signed in, in a language and a theme (`auto` follows the system's, light at first). `page.trouble` collects what no page may do: errors in the
 * console, uncaught failures, and requests to any other host.
 */
export async function openPage(browser, { url, state, language = "en", theme = "auto", width = 1280, height = 900 }) {
  const context = await browser.newContext({
    storageState: state, viewport: { width, height }, colorScheme: theme === "auto" ? "light" : theme, timezoneId: "UTC", reducedMotion: "reduce", baseURL: url,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await context.addInitScript(
    ([chosenLanguage, chosenTheme]) => {
      localStorage.setItem("mno.language", chosenLanguage);
      localStorage.setItem("mno.theme", chosenTheme);
      // A question is under way until its answer is read to its end.
      globalThis.underWay = 0;
      const counted = (act) => function count(...all) {
        globalThis.underWay += 1;
        return act.apply(this, all).finally(() => (globalThis.underWay -= 1));
      };
      window.fetch = counted(window.fetch);
      for (const read of ["json", "text", "blob"]) globalThis.Response.prototype[read] = counted(globalThis.Response.prototype[read]);
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
  return page;
}

/** Frames in which nothing is loading, before a page is what it will be. */
const QUIET_FRAMES = 4;
let looks = 0;

/** Waits until nothing is loading: no question under way, no skeleton, nothing busy, the words there; for some frames in a row. */
export async function settled(page) {
  await page.waitForFunction(
    ([enough, look]) => {
      const isLoading = globalThis.underWay > 0 || globalThis.__TSR_ROUTER__?.state.isLoading || !document.querySelector(".page-head h1")
        || document.querySelector(".mantine-Skeleton-root, [aria-busy=true]");
      const quiet = globalThis.quiet?.look === look ? globalThis.quiet.frames : 0;
      globalThis.quiet = { look, frames: isLoading ? 0 : quiet + 1 };
      return globalThis.quiet.frames >= enough;
    },
    [QUIET_FRAMES, (looks += 1)],
  );
}

/**
 * Goes on to another page inside the loaded application, as a link does: to load it anew for each was most of a journey. That a
 * page can be loaded by its address is shown where a journey begins. What the application asked for ten seconds ago it still
 * holds true: where somebody else changed it since, load the page.
 */
export async function visit(page, path) {
  // The router puts itself there; what it promises is kept when the page is on screen.
  await page.evaluate((href) => globalThis.__TSR_ROUTER__.navigate({ href }), path);
  await settled(page);
}

/** What was copied, once it has come to the clipboard. */
export async function copied(page) {
  return (await page.waitForFunction(() => navigator.clipboard.readText())).jsonValue();
}

/** Goes on in another team or project: the session gets a new secret, and what is under way with the old one would be refused. */
export async function changePlace(page, choice) {
  await choice.waitFor();
  await settled(page);
  await choice.click();
}

/** What a journey is told by its environment (tests/support/browser.py). */
export function hub() {
  const { MNO_URL: url, MNO_LINK: link, MNO_KEY: key } = process.env;
  if (!url || !link || !key) throw new Error("A journey needs MNO_URL, MNO_LINK and MNO_KEY");
  return { url, link, key };
}
