// A newcomer: the link, a key, a first event, the green light, the sample, the spend on screen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copied, hub, launch, openPage, settled, signIn } from "./browser.mjs";
import { PATIENCE_MS } from "./patience.mjs";

const { url, link, key } = hub();
let browser;
let page;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The day's usage, once it has so many calls: a span is seen a moment before it is counted. */
async function usageOf(calls) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(`${url}/api/usage/summary?from=-24h`, { headers: { authorization: `Bearer ${key}` } });
    const [row] = (await response.json()).rows;
    if (row?.calls === calls) return row;
    assert.ok(Date.now() < end, `${row?.calls} calls are counted, not ${calls}`);
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

test("without a session the page says how to get a link", async () => {
  const stranger = await openPage(browser, { url });
  await stranger.goto("/monitor");
  await stranger.getByText("mno serve", { exact: true }).waitFor();
  assert.ok(await stranger.getByRole("heading", { name: "Sign in" }).isVisible());
  await stranger.context().close();
});

test("the link leads a hub without data to Get started", async () => {
  const state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
  await page.goto("/");
  await page.waitForURL("**/start");
  await page.getByText("Waiting for the first span").waitFor();
});

test("a key made on the page is filled into the snippets", async () => {
  await page.getByRole("button", { name: "Create the key" }).click();
  const made = page.locator(".start-step").first().locator("pre");
  await made.waitFor();
  const newKey = await made.innerText();
  assert.match(newKey, /^mno_/);
  await page.getByText("HTTP", { exact: true }).click();
  const snippet = await page.locator(".start-step").nth(1).locator("pre").innerText();
  assert.ok(snippet.includes(newKey), snippet);
  assert.ok(snippet.includes(url), snippet);
});

test("the copied command turns the light green by itself", async () => {
  const { execFileSync } = await import("node:child_process");
  await page.locator(".start-step").nth(1).getByRole("button", { name: "Copy" }).click();
  const command = await copied(page);
  await page.getByRole("status").filter({ hasText: "Live" }).waitFor();
  const answer = JSON.parse(execFileSync("sh", ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  assert.equal(answer.accepted, 1);
  await page.getByText("Spans are arriving").waitFor();
});

test("one click on the sample puts the spend of 8,819 requests on screen", async () => {
  await usageOf(1);
  await page.getByRole("button", { name: "Load the sample" }).click();
  await page.getByText("8,819 requests loaded").waitFor();
  await page.getByRole("link", { name: "Overview" }).first().click();
  await settled(page);
  await page.getByRole("button", { name: /^Calls/ }).filter({ hasText: "8,820" }).waitFor();
  const total = await usageOf(1 + 8819);
  const shown = await page.getByRole("button", { name: /^Spend/ }).locator(".figure-value span").first().getAttribute("title");
  assert.equal(shown, `${total.cost} USD`);
});

async function oneMore() {
  const response = await fetch(`${url}/api/usage-events`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify([{ provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 1 }]),
  });
  assert.ok(response.ok);
}

/** Does it, and waits until the stream has told the page of it: its light winks. */
async function heardOf(act) {
  await page.locator(".live .dot").evaluate((dot) => {
    globalThis.winks = 0;
    new MutationObserver(() => (globalThis.winks += 1)).observe(dot, { attributeFilter: ["class"] });
  });
  await act();
  await page.waitForFunction(() => globalThis.winks > 0);
}

/** Sooner than the page asks again of its own accord, once a minute. */
const shown = (calls) => page.getByRole("button", { name: /^Calls/ }).filter({ hasText: calls }).waitFor({ timeout: 45_000 });

test("the overview follows a new call by itself", async () => {
  await oneMore();
  await shown("8,821");
});

test("what came while nobody looked is there when somebody does", async () => {
  await settled(page);
  const becomes = (state) => page.evaluate((now) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
    Object.defineProperty(document, "hidden", { configurable: true, get: () => now === "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
  await becomes("hidden");
  await heardOf(oneMore);
  await becomes("visible");
  await shown("8,822");
});

test("what came while an answer was on its way is asked for after it", async () => {
  await settled(page);
  let goOn;
  const held = new Promise((resume) => (goOn = resume));
  const answered = new Promise((resume) => {
    void page.route("**/api/usage/summary?*", async (route) => {
      const response = await route.fetch();
      resume();
      await held;
      await route.fulfill({ response });
    });
  });
  await oneMore();
  await answered;
  await heardOf(oneMore);
  goOn();
  await shown("8,824");
  await page.unrouteAll({ behavior: "wait" });
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(page.trouble, []);
});
