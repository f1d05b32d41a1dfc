// Unknown models are never free: they are listed, get a price, are priced anew. And a key is revoked.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hub, launch, openPage, signIn, visit } from "./browser.mjs";

const { url, link, key } = hub();
let browser;
let page;

before(async () => {
  const event = { provider: "acme", model: "acme-writer-70b", input_tokens: 1_000_000, output_tokens: 0 };
  await fetch(`${url}/api/usage-events`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify([event, event]),
  });
  browser = await launch();
  page = await openPage(browser, { url, state: await signIn(browser, link) });
});
after(() => browser.close());

test("the overview counts unpriced calls and leads to them", async () => {
  await page.goto("/monitor");
  await page.getByText("2 calls have no known price", { exact: false }).waitFor();
  await page.getByRole("link", { name: "See unpriced calls" }).click();
  await page.locator("#unpriced").getByText("acme-writer-70b").first().waitFor();
});

test("a price is added where the model is missed", async () => {
  await page.locator("#unpriced").getByRole("link", { name: "Add a price" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert.equal(await dialog.getByLabel("Model").inputValue(), "acme-writer-70b");
  await dialog.getByLabel("Input", { exact: true }).fill("1.25");
  await dialog.getByRole("button", { name: "Add a price" }).click();
  await dialog.getByText("New calls of acme-writer-70b", { exact: false }).waitFor();
});

test("past calls are priced anew and stop being unpriced", async () => {
  await page.getByRole("dialog").getByRole("button", { name: "Price past calls anew" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
  await page.getByText("Done: of", { exact: false }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.goto("/costs?model=acme-writer-70b");
  await page.locator(".figure").first().getByText("$2.50").waitFor();
});

test("the display currency follows its rate", async () => {
  await visit(page, "/costs/prices");
  await page.getByLabel("Add a rate").first().click();
  await page.getByRole("option", { name: /^TWD/ }).click();
  await page.getByLabel("Rate of TWD", { exact: true }).fill("32");
  await page.getByLabel("Show amounts in").first().click();
  await page.getByRole("option", { name: /^TWD/ }).first().click();
  const saved = page.waitForResponse((answer) => answer.url().endsWith("/api/currency") && answer.request().method() === "PUT");
  await page.getByRole("button", { name: "Save" }).click();
  assert.ok((await saved).ok());
  await page.goto("/costs?model=acme-writer-70b");
  await page.locator(".figure").first().getByText("$80.00").waitFor();
});

test("a price is removed only by its name", async () => {
  await visit(page, "/costs/prices");
  await page.getByRole("button", { name: "Remove acme-writer-70b" }).first().click();
  const dialog = page.getByRole("dialog");
  const act = dialog.getByRole("button", { name: "Remove" });
  assert.ok(await act.isDisabled());
  await dialog.getByLabel("Type acme-writer-70b to confirm").fill("acme-writer-70b");
  await act.click();
  await page.getByText("No custom prices").waitFor();
});

test("a key is shown once and revoked for good", async () => {
  await visit(page, "/team/keys");
  await page.getByRole("button", { name: "Create a key" }).first().click();
  await page.getByRole("dialog").getByLabel("Name").fill("Laptop");
  await page.getByRole("dialog").getByRole("button", { name: "Create a key" }).click();
  const made = (await page.getByRole("dialog").locator("pre").innerText()).trim();
  await page.getByRole("button", { name: "I have copied it" }).click();
  const send = () => fetch(`${url}/api/usage-events`, { method: "POST", headers: { authorization: `Bearer ${made}`, "content-type": "application/json" }, body: "[]" });
  assert.ok((await send()).status < 300);
  assert.ok(!(await page.content()).includes(made));
  await page.getByRole("button", { name: "Revoke Laptop" }).first().click();
  await page.getByLabel("Type Laptop to confirm").fill("Laptop");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("revoked", { exact: true }).first().waitFor();
  assert.equal((await send()).status, 401);
});

test("signing out ends the session", async () => {
  await page.getByRole("button", { name: "Profile" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});
