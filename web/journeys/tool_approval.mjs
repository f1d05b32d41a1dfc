// A tool is called from its page beside a dead server; another one's call waits in the Chat Hub until a person lets it go on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hub, launch, openPage, settled, signIn } from "./browser.mjs";

const { url, link } = hub();
let browser;
let page;

before(async () => {
  browser = await launch();
  page = await openPage(browser, { url, state: await signIn(browser, link) });
});
after(() => browser.close());

const dialog = () => page.getByRole("dialog");

test("two servers live and one is dead, and none hides another", async () => {
  await page.goto("/integrations/servers");
  await settled(page);
  for (const name of ["git", "time", "dead"]) await page.getByRole("row", { name: new RegExp(name) }).first().waitFor();
});

test("a tool of a real server is called from its page", async () => {
  await page.goto("/integrations/tools?server=time");
  await settled(page);
  await page.getByRole("button", { name: "convert_time", exact: true }).click();
  await dialog().getByRole("tab", { name: "Try" }).click();
  await dialog().getByRole("textbox", { name: "source_timezone" }).fill("Asia/Taipei");
  await dialog().getByRole("textbox", { name: "time", exact: true }).fill("12:00");
  await dialog().getByRole("textbox", { name: "target_timezone" }).fill("UTC");
  await dialog().getByRole("button", { name: "Call", exact: true }).click();
  await dialog().getByText("04:00", { exact: false }).first().waitFor();
});

test("the call that waits is a card, and goes on when somebody says so", async () => {
  await page.goto("/?show=waiting");
  const card = page.locator(".event", { hasText: "get_current_time" }).first();
  await card.waitFor();
  await card.getByRole("button", { name: "Continue" }).click();
  await dialog().getByRole("button", { name: /Approve|Continue/ }).click();
  await dialog().waitFor({ state: "detached" });
  await page.goto("/");
  await page.locator(".event", { hasText: "get_current_time" }).first().waitFor();
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(page.trouble, []);
});
