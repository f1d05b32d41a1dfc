// Every page in every language and theme: no failure, no outside request, readable, reachable, never too wide.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { listedTraces, send, weeks } from "./demonstration.mjs";
import { loadInChinese, walkEverywhere } from "./walk.mjs";

const { url, link, key } = hub();
// Those that no other journey looks at.
const PAGES = ["/start", "/monitor?from=-7d", "/monitor/traces?from=-7d", "/monitor/system", "/costs?from=-7d", "/costs/budgets", "/costs/ledger?from=-7d", "/costs/forecast", "/costs/anomalies", "/costs/savings", "/costs/prices", "/profile", "/settings/sign-in"];
let browser;
let state;
let page;
let tracePath;

before(async () => {
  await send(url, key, weeks(Date.now(), 60).flat());
  tracePath = `/monitor/traces/${(await listedTraces(url, key, "from=-30d&agent=support-triage"))[0].trace_id}`;
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(() => browser.close());

test("all pages in every language, light and dark, on a desk and on a phone", async () => {
  await walkEverywhere(page, [...PAGES, tracePath]);
});

test("a page is loaded in the language that was chosen before", async () => {
  await loadInChinese(browser, { url, state }, PAGES[1]);
});

test("filters and range stand in the address and come back from it", async () => {
  await page.goto("/monitor/traces?from=-7d");
  await settled(page);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByRole("button", { name: "Model" }).click();
  await page.getByRole("checkbox", { name: "gpt-4o", exact: true }).check();
  await page.waitForURL(/model=gpt-4o/);
  await page.keyboard.press("Escape");
  await page.reload();
  await page.locator(".chip", { hasText: "gpt-4o" }).waitFor();
  await page.goBack();
  await page.locator(".chip").waitFor({ state: "detached" });
});

test("the keyboard reaches help, search and pages", async () => {
  await visit(page, "/monitor");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // Both are on their way before the page has heard the first: it waits a second for the second.
  await Promise.all(["g", "c"].map((key) => page.keyboard.press(key)));
  await page.waitForURL("**/costs*");
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/Search pages/).fill("Prices");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/costs/prices*");
});

test("a failure shows the problem document's words and a way to try again", async () => {
  await page.goto(`/monitor/traces/${"0".repeat(31)}1`);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  const answer = await fetch(`${url}/api/traces/${"0".repeat(31)}1`, { headers: { authorization: `Bearer ${key}` } });
  const problem = await answer.json();
  assert.ok((await alert.innerText()).includes(problem.detail), problem.detail);
  await alert.getByRole("button", { name: "Try again" }).waitFor();
});
