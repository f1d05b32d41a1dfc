// An agent ran away an hour ago: its anomaly with the drivers, the alert that told of it, the day on which the money ends.

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

test("the anomaly's card names who drove it, and shows the hours around it", async () => {
  await page.goto("/costs/anomalies");
  await settled(page);
  await page.getByRole("row", { name: /Spend: spike/ }).filter({ hasText: "review-code" }).first().click();
  await page.getByRole("heading", { name: "Spend: spike" }).waitFor();
  await page.locator("canvas").first().waitFor();
  await page.locator(".card", { has: page.getByRole("heading", { name: "Drivers" }) }).getByText("review-code").waitFor();
});

test("the alert that told of it is taken on by somebody", async () => {
  await page.goto("/costs/alerts");
  await settled(page);
  const alert = page.locator(".alert").filter({ hasText: "Something is strange" }).first();
  await alert.waitFor();
  await page.getByRole("button", { name: "Acknowledge Something is strange" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
  await page.locator(".alert").getByText(/has it$/).first().waitFor();
});

test("the forecast says on which day the money runs out", async () => {
  await page.goto("/costs/forecast?ahead=30&budget=20");
  await settled(page);
  const figure = page.locator(".figure").filter({ hasText: "Budget used up" });
  await figure.locator(".attention").waitFor();
  assert.match(await figure.locator(".attention").innerText(), /20\d\d/);
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(page.trouble, []);
});
