// Logs in a browser: the empty page's snippet sends the first line; counts, filters, surroundings, the tail, and the way to a trace and back.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { hub, launch, openPage, settled, signIn } from "./browser.mjs";
import { fits, isAccessible, onPhone, walkEverywhere } from "./walk.mjs";

const { url, link, key } = hub();
const run = promisify(execFile);
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
let browser;
let state;
let page;

const post = async (path, items) => {
  const answer = await fetch(`${url}${path}`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify(items) });
  assert.deepEqual(await answer.json(), { accepted: items.length, rejected: [] });
};
const publish = (...lines) => post("/api/logs", lines);
const at = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString();
const line = (text) => page.locator(".log-head", { hasText: text });

before(async () => {
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(() => browser.close());

test("the command on the empty page sends the first line", async () => {
  await page.goto("/monitor/logs");
  await settled(page);
  await isAccessible(page, "logs, empty");
  const command = (await page.locator(".log-first pre").innerText()).replace("mno_…", key);
  await run("sh", ["-c", command.replace("curl ", "curl -fsS ")]);
  await line("The card was declined").waitFor();
});

test("lines are counted, narrowed, and the filters stand in the address", async () => {
  await publish(
    { time: at(300), level: "info", topic: "stock", service: "shop", body: "Three left" },
    { time: at(200), level: "error", topic: "stock", service: "shop", body: "None left", trace_id: TRACE, span_id: SPAN, attributes: { article: 7 } },
    { time: at(100), level: "debug", topic: "mail", service: "post", body: { to: "ann", parts: 2 } },
  );
  await page.reload();
  await settled(page);
  await page.locator(".log-counts").getByText("Error 1").waitFor();
  await page.getByRole("combobox", { name: "Level" }).click();
  await page.getByRole("option", { name: "Warning and graver" }).click();
  await page.waitForURL(/level=warn/);
  await line("Three left").waitFor({ state: "detached" });
  await page.reload();
  await line("None left").waitFor();
  await line("The card was declined").waitFor();
  assert.equal(await page.locator(".log-line").count(), 2);
  await page.getByRole("searchbox", { name: "Search logs" }).fill("none LEFT");
  await page.waitForURL(/q=none/);
  await line("The card was declined").waitFor({ state: "detached" });
});

test("a line opens to its attributes, its surroundings and its span", async () => {
  await post("/api/usage-events", [{ model: "gpt-4o", time: at(201), trace_id: TRACE, span_id: SPAN, input_tokens: 5, output_tokens: 5 }]);
  await line("None left").click();
  await page.locator(".log-opened", { hasText: "article" }).waitFor();
  await page.getByRole("button", { name: "Lines around it" }).click();
  const drawer = page.getByRole("dialog", { name: "Lines around it" });
  await drawer.locator(".log-head", { hasText: "Three left" }).waitFor();
  assert.equal(await drawer.locator(".log-head[aria-current=true]").innerText().then((text) => text.includes("None left")), true);
  await isAccessible(page, "lines around");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Open the span" }).click();
  await page.waitForURL(new RegExp(`/monitor/traces/${TRACE}.*span=${SPAN}`));
  await settled(page);
});

test("a span and a trace lead to their lines", async () => {
  await page.getByRole("tab", { name: "Logs" }).click();
  await page.locator(".detail .log-head", { hasText: "None left" }).waitFor();
  await isAccessible(page, "logs of a span");
  await page.getByRole("radiogroup", { name: "What is shown" }).getByText("Logs").click();
  await line("None left").waitFor();
  await page.getByRole("link", { name: "Open in Logs" }).click();
  await page.waitForURL(/\/monitor\/logs\?.*trace=/);
  await line("None left").waitFor();
  await page.locator(".log-line").nth(1).waitFor({ state: "detached" });
  assert.equal(await page.locator(".log-line").count(), 1);
});

test("the tail shows what arrives, and only what is asked for", async () => {
  await page.goto("/monitor/logs?live=1&topic=stock");
  await page.getByText("Waiting for the next line").waitFor();
  await publish({ topic: "mail", body: "not asked for" }, { topic: "stock", level: "warn", body: "arrives now" });
  await line("arrives now").waitFor();
  assert.equal(await line("not asked for").count(), 0);
  await page.getByRole("switch", { name: "Live tail" }).uncheck();
  await settled(page);
});

test("the page is whole in every language, reachable and never too wide", async () => {
  assert.deepEqual(page.trouble, []);
  await walkEverywhere(page, ["/monitor/logs", "/monitor/logs?live=1"]);
  await onPhone(page, async () => {
    await page.goto("/monitor/logs");
    await line("None left").click();
    await fits(page, "an unfolded line");
  });
});
