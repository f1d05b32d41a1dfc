// From nothing to a governed call: a provider, an alias, a key, code that is copied and runs, limits, and a failing target.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { PATIENCE_MS } from "./patience.mjs";
import { startProvider } from "./provider.mjs";
import { walkEverywhere } from "./walk.mjs";

const PYTHON = new URL("../../.venv-contract/bin/python", import.meta.url).pathname;
const CREDENTIAL = "sk-canary-5b0e77aa31";
const PAGES = ["/integrations/gateway", "/integrations/gateway?view=models", "/integrations/gateway?view=keys", "/integrations/gateway?view=connect"];
const { url, link, key } = hub();
const run = promisify(execFile);
let provider;
let browser;
let page;
let state;
let madeKey;

const call = (method, path, json) =>
  fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: json && JSON.stringify(json) });
const dialog = () => page.getByRole("dialog");
const chooseProvider = async (name) => {
  await page.locator(".gateway-connect").getByLabel("Provider").first().click();
  await page.getByRole("option", { name, exact: true }).click();
};
const snippet = () => page.locator(".gateway-connect pre").nth(1);

/** Runs what the page offers to copy, as it stands there, with the key in the environment. */
async function ran(program, text) {
  const { stdout } = await run(program, ["-c", text], { env: { ...process.env, MNO_KEY: madeKey, http_proxy: "", no_proxy: "localhost,127.0.0.1" }, timeout: PATIENCE_MS });
  return stdout;
}

before(async () => {
  provider = await startProvider();
  await call("PUT", "/api/config/system", { level: "hub", values: { "security.egress_allowed": ["127.0.0.0/8"] } });
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(async () => {
  await browser.close();
  await provider.stop();
});

test("an empty gateway leads to the first provider, whose credential is never seen again", async () => {
  await page.goto("/integrations/gateway");
  await settled(page);
  await page.getByRole("button", { name: /^OpenAI/ }).click();
  await dialog().getByLabel("Address of the provider").fill(provider.url);
  await dialog().getByText("security.egress_allowed", { exact: false }).waitFor();
  await dialog().getByLabel("Credential").first().fill(CREDENTIAL);
  await dialog().getByRole("button", { name: "Add provider" }).click();
  await page.getByRole("cell", { name: /^openai/ }).waitFor();
  await page.getByText("No failures").waitFor();
  const [kept] = (await (await call("GET", "/api/gateway/providers")).json()).items;
  assert.equal(kept.has_credential, true);
  await page.getByRole("button", { name: "Edit openai" }).click();
  assert.equal(await dialog().getByLabel("Credential").first().inputValue(), "");
  await page.keyboard.press("Escape");
  assert.ok(!(await page.content()).includes(CREDENTIAL));
});

test("another address wants the credential again, and an edit is seen as a difference first", async () => {
  await page.getByRole("button", { name: "Edit openai" }).click();
  await dialog().getByLabel("Address of the provider").fill("http://127.0.0.1:9");
  await dialog().getByText("Another address needs the credential again", { exact: false }).waitFor();
  assert.ok(await dialog().getByRole("button", { name: "Review and save" }).isDisabled());
  await dialog().getByLabel("Address of the provider").fill(provider.url);
  await dialog().getByLabel("Retries").fill("9");
  await dialog().getByText("Between 0 and 5.").waitFor();
  await dialog().getByLabel("Retries").fill("0");
  await dialog().getByRole("button", { name: "Review and save" }).click();
  const difference = dialog().locator(".difference");
  await difference.first().waitFor();
  assert.equal(await difference.count(), 1);
  assert.match(await difference.innerText(), /Retries[^]*1[^]*0/);
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
  assert.equal((await (await call("GET", "/api/gateway/providers")).json()).items[0].retries, 0);
});

test("an alias shows its shares as they are weighed, and refuses targets that speak otherwise", async () => {
  for (const kind of ["anthropic", "gemini"]) await call("POST", "/api/gateway/providers", { name: kind, kind, base_url: provider.url, credential: CREDENTIAL, retries: 0 });
  await page.goto("/integrations/gateway?view=models");
  await settled(page);
  await page.getByRole("button", { name: "Add alias" }).first().click();
  await dialog().getByLabel("Alias").fill("fast");
  const target = (place) => dialog().locator(".target").nth(place);
  await target(0).getByLabel("Provider").click();
  await page.getByRole("option", { name: "openai" }).click();
  await target(0).getByLabel("Model").fill("gpt-4o-mini");
  await target(0).getByLabel("Weight").fill("95");
  await dialog().getByRole("button", { name: "Add target" }).click();
  await target(1).getByLabel("Model").fill("gpt-5-mini");
  await target(1).getByLabel("Weight").fill("5");
  await dialog().locator(".shares-list").getByText("95%").waitFor();
  await target(1).getByLabel("Provider").click();
  await page.getByRole("option", { name: "anthropic" }).click();
  await dialog().getByText("must speak alike", { exact: false }).waitFor();
  assert.ok(await dialog().getByRole("button", { name: "Add alias" }).isDisabled());
  await target(1).getByLabel("Provider").click();
  await page.getByRole("option", { name: "openai" }).click();
  await dialog().getByRole("button", { name: "Add alias" }).click();
  await page.getByRole("cell", { name: /95%[^]*5\.0%/ }).waitFor();
  await page.getByRole("button", { name: "Edit fast" }).click();
  await dialog().getByLabel("Move down").first().click();
  await dialog().getByRole("button", { name: "Review and save" }).click();
  assert.match(await dialog().locator(".difference-side.after").innerText(), /gpt-5-mini × 5\s+openai\/gpt-4o-mini × 95/);
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
});

test("a key is made where it is needed, and what is copied runs", async () => {
  await visit(page, "/integrations/gateway?view=connect");
  await page.getByRole("button", { name: "Create a gateway key" }).click();
  const exported = page.locator(".gateway-connect pre").first();
  await page.waitForFunction(() => /mno_[^…]{8}/.test(document.querySelector(".gateway-connect pre").innerText));
  madeKey = /"(.+)"/.exec(await exported.innerText())[1];
  await chooseProvider("openai");
  await page.getByRole("radiogroup", { name: "Client" }).getByText("curl").click();
  assert.match(await snippet().innerText(), /llm\/openai\/v1\/chat\/completions[^]*"model": "fast"/);
  assert.match(await ran("bash", await snippet().innerText()), new RegExp(provider.text));
  assert.ok(existsSync(PYTHON), "the clients are missing: make setup-dev");
  for (const [name, client] of [["openai", "OpenAI SDK"], ["anthropic", "Anthropic SDK"], ["gemini", "Google Gen AI SDK"]]) {
    await chooseProvider(name);
    await page.getByRole("radiogroup", { name: "Client" }).getByText(client).click();
    assert.equal((await ran(PYTHON, await snippet().innerText())).trim(), provider.text, client);
  }
  for (const name of ["anthropic", "gemini"]) {
    await chooseProvider(name);
    await page.getByRole("radiogroup", { name: "Client" }).getByText("curl").click();
    assert.match(await ran("bash", await snippet().innerText()), new RegExp(provider.text), name);
  }
  assert.deepEqual([...provider.credentials], [CREDENTIAL], "the provider sees its own credential and no other");
});

test("what went through is counted above", async () => {
  await page.goto("/integrations/gateway?from=-1h");
  await page.locator(".figure", { hasText: "Calls" }).getByText("6", { exact: true }).waitFor();
  assert.match(await page.locator(".figure", { hasText: "Spend" }).innerText(), /\$0\.00\d/);
});

test("a key is held to the models that it is limited to, until its limits are lifted", async () => {
  await visit(page, "/integrations/gateway?view=keys");
  await page.getByRole("button", { name: "Limits LLM gateway" }).click();
  await dialog().getByLabel("Models").first().fill("fast");
  await dialog().getByLabel("Models").first().press("Enter");
  await dialog().getByLabel("Requests/min").fill("none");
  await dialog().getByText("Between 1 and", { exact: false }).waitFor();
  await dialog().getByLabel("Requests/min").fill("600");
  await dialog().getByRole("button", { name: "Review and save" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "600" }).waitFor();
  const ask = (model) => fetch(`${url}/llm/openai/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${madeKey}`, "content-type": "application/json" }, body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }) });
  assert.equal((await ask("fast")).status, 200);
  assert.equal((await ask("gpt-4o")).status, 403);
  await page.getByRole("button", { name: "Lift LLM gateway" }).click();
  await dialog().getByLabel("Type LLM gateway to confirm").fill("LLM gateway");
  await dialog().getByRole("button", { name: "Lift" }).click();
  await dialog().waitFor({ state: "detached" });
  assert.equal((await ask("gpt-4o")).status, 200);
});

test("a target that fails is named, with what the gateway does about it", async () => {
  provider.failing.add("gpt-broken");
  const body = JSON.stringify({ model: "gpt-broken", messages: [{ role: "user", content: "Hello" }] });
  for (let count = 0; count < 5; count += 1) await fetch(`${url}/llm/openai/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${madeKey}`, "content-type": "application/json" }, body }).then((answer) => answer.text());
  await page.goto("/integrations/gateway");
  await settled(page);
  await page.getByText("1 target fails").waitFor();
  await page.getByText("openai/gpt-broken").waitFor();
  await page.getByText("Failing", { exact: true }).waitFor();
});

test("the pages are readable and reachable in three languages, light and dark, and fit a phone", async () => {
  await walkEverywhere(page, PAGES);
});

test("a provider goes by its name, and not while an alias needs it", async () => {
  const remove = async (name) => {
    await page.getByRole("button", { name: `Remove ${name}` }).click();
    await dialog().getByLabel(`Type ${name} to confirm`).fill(name);
    await dialog().getByRole("button", { name: "Remove" }).click();
  };
  await page.goto("/integrations/gateway");
  await settled(page);
  await remove("openai");
  await dialog().getByRole("alert").getByText("'fast'", { exact: false }).waitFor();
  await page.keyboard.press("Escape");
  // The browser itself writes a refused answer into its console.
  page.trouble = page.trouble.filter((each) => !each.includes("409"));
  await visit(page, "/integrations/gateway?view=models");
  await remove("fast");
  await page.getByText("No aliases").waitFor();
  await visit(page, "/integrations/gateway");
  await remove("openai");
  await page.getByRole("cell", { name: /^openai/ }).waitFor({ state: "detached" });
  assert.deepEqual(page.trouble, []);
});
