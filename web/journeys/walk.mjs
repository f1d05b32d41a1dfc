// A walk over many pages inside one loaded application, and what is looked at on each. Loading the application anew for
// every page took most of a journey's time; that a page can be loaded by its address is shown by all other tests.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { openPage, settled, visit } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG_AA = ["wcag2a", "wcag2aa", "wcag21aa"];
/** The rules whose outcome depends on the theme: it changes colours and nothing else. */
const COLOURS = ["color-contrast", "link-in-text-block"];
/** Frames in which nothing moves, before a page is looked at. */
const STILL_FRAMES = 3;
const PHONE = { width: 360, height: 740 };

/** No failure is shown, and every word and figure is filled in. */
export async function isWhole(page, path) {
  assert.equal(await page.getByRole("alert").count(), 0, `${path} shows a failure`);
  assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /\{\w+\}|undefined|NaN|Invalid Date/, path);
}

/** Everything is where it goes and has its colours: what is on its way to them gets there at once. */
export async function still(page) {
  await page.evaluate(async (enough) => {
    for (let frames = 0; frames < enough; frames += 1) {
      const moving = document.getAnimations().filter((each) => each instanceof globalThis.CSSTransition);
      moving.forEach((each) => each.finish());
      if (moving.length > 0) frames = 0; // more may begin with the next frame
      await new Promise(requestAnimationFrame);
    }
  }, STILL_FRAMES);
}

/** Nothing breaks WCAG AA, as far as a program can tell. */
export async function isAccessible(page, path = page.url(), rules = WCAG_AA) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  await still(page);
  const broken = await page.evaluate(async (runOnly) => {
    const { violations } = await globalThis.axe.run(document, { runOnly, resultTypes: ["violations"], preload: false, iframes: false });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  }, rules);
  assert.deepEqual(broken, [], path);
}

/** Changes the theme of the system, which the page follows (`openPage` with the theme `auto`). */
async function turn(page, theme) {
  await page.emulateMedia({ colorScheme: theme });
  await page.waitForFunction((wanted) => document.documentElement.dataset.mantineColorScheme === wanted, theme);
}

/** What is done while the page has as much room as a phone gives. */
export async function onPhone(page, act) {
  const desk = page.viewportSize();
  await page.setViewportSize(PHONE);
  await act();
  await page.setViewportSize(desk);
}

/** Nothing has to be scrolled sideways, once the page has taken up the room that it has. */
export async function fits(page, path) {
  await page.waitForFunction(() => document.documentElement.scrollWidth <= window.innerWidth).catch(() => {});
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(width <= room, `${path} is ${width} px wide, and there are ${room}`);
}

/**
 * The pages are whole in each language, accessible in both themes, and fit a phone. Markup and colours are the same in every
 * language and English has the longest words, so those are looked at in English alone. `page` stays and its language changes,
 * as when somebody chooses another in a second tab; `loadInChinese` begins with one. Every other page is looked at from the
 * last language and theme to the first, which saves the way back.
 */
export async function walkEverywhere(page, paths) {
  const trouble = page.trouble.length;
  // What was said to the journey before is gone with the page that it was said on.
  await page.goto(paths[0]);
  await settled(page);
  for (const [place, path] of paths.entries()) {
    if (place > 0) await visit(page, path);
    await lookEverywhere(page, path, place % 2 === 1);
  }
  assert.deepEqual(page.trouble.slice(trouble), []);
  await turn(page, "light");
  await speak(page, "en");
}

async function lookEverywhere(page, path, isBack) {
  for (const [turns, language] of inOrder(["en", "zh-Hant", "zh-Hans"], isBack).entries()) {
    if (turns > 0) await speak(page, language);
    await isWhole(page, path);
    if (language === "en") await isForEverybody(page, path, inOrder(["light", "dark"], isBack));
  }
}

const inOrder = (all, isBack) => (isBack ? all.toReversed() : all);

/** A page is whole where the language was chosen before it is loaded. */
export async function loadInChinese(browser, hub, path) {
  for (const [language, theme] of [["zh-Hant", "dark"], ["zh-Hans", "light"]]) {
    const page = await openPage(browser, { ...hub, language, theme });
    await page.goto(path);
    await settled(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    await isWhole(page, path);
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  }
}

/** Chooses a language as another tab would. */
async function speak(page, language) {
  await page.evaluate((chosen) => {
    localStorage.setItem("mno.language", chosen);
    window.dispatchEvent(new StorageEvent("storage", { key: "mno.language" }));
  }, language);
  await page.waitForFunction((chosen) => document.documentElement.lang === chosen, language);
  await settled(page);
}

async function isForEverybody(page, path, [theme, other]) {
  await turn(page, theme);
  await isAccessible(page, path);
  await turn(page, other);
  await isAccessible(page, path, COLOURS);
  await onPhone(page, () => fits(page, path));
}
