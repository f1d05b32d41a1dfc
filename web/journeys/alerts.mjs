// From a channel to a resolved alert: a webhook that proves itself, a rule with its preview, what fires, who answers, and quiet.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { listedTraces, send, weeks } from "./demonstration.mjs";
import { startReceiver } from "./receiver.mjs";
import { isAccessible, isWhole, walkEverywhere } from "./walk.mjs";

const PAGES = ["/integrations/channels", "/costs/alerts", "/costs/alerts?view=history", "/costs/alerts?view=rules", "/costs/alerts?view=silences"];
const { url, link, key } = hub();
const run = promisify(execFile);
let receiver;
let browser;
let page;
let state;
let secret;

const call = (method, path, json) =>
  fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: json && JSON.stringify(json) });
const dialog = () => page.getByRole("dialog");
const titled = (title) => page.getByRole("dialog", { name: title });

before(async () => {
  receiver = await startReceiver();
  await call("PUT", "/api/config/system", { level: "hub", values: { "security.egress_allowed": ["127.0.0.0/8"] } });
  await send(url, key, weeks(Date.now(), 200).flat());
  await listedTraces(url, key, "from=-30d");
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(async () => {
  await browser.close();
  await receiver.stop();
});

test("a webhook is added, shows its secret once, and takes a test", async () => {
  await page.goto("/integrations/channels");
  await settled(page);
  await page.getByRole("button", { name: "Webhook" }).click();
  await dialog().getByLabel("Name").fill("On call");
  await dialog().getByLabel("Webhook address").fill(receiver.url);
  await dialog().getByRole("button", { name: "Add channel" }).click();
  await dialog().getByText("It is shown only this once", { exact: false }).waitFor();
  secret = (await dialog().locator("pre").innerText()).trim();
  assert.match(secret, /^whsec_/);
  await dialog().getByRole("button", { name: "I have copied it" }).click();
  await titled("On call").getByRole("button", { name: "Send a test" }).click();
  await dialog().getByText("The receiver has taken the test.").waitFor();
  assert.ok(!(await page.content()).includes(secret));
});

test("the code for receivers tells the hub's messages from forged ones", async () => {
  const { headers, body } = await receiver.message(() => true);
  await page.keyboard.press("Escape");
  const card = page.locator(".card", { hasText: "Check that a webhook is the hub's" });
  const python = await card.locator("pre").innerText();
  const judge = `${python}\nimport json, sys\nsecret, headers, body = json.load(sys.stdin)\nprint(is_from_hub(secret, headers, body.encode()))`;
  for (const [text, outcome] of [[body, "True"], [`${body} `, "False"]]) {
    const child = run("python3", ["-c", judge]);
    child.child.stdin.end(JSON.stringify([secret, headers, text]));
    assert.equal((await child).stdout.trim(), outcome);
  }
  await card.getByText("JavaScript").click();
  const javascript = await card.locator("pre").innerText();
  const { isFromHub } = await import(`data:text/javascript,${encodeURIComponent(javascript)}`);
  assert.equal(isFromHub(secret, headers, body), true);
  assert.equal(isFromHub(secret, headers, `${body} `), false);
});

test("what a receiver refuses is told, kept, and sent again", async () => {
  receiver.answers.status = 410;
  await page.getByRole("button", { name: "On call" }).click();
  await dialog().getByRole("button", { name: "Send a test" }).click();
  await dialog().getByRole("status").getByText("410", { exact: false }).waitFor();
  await dialog().getByRole("radiogroup").getByText("Given up").click();
  await dialog().locator(".deliveries li").waitFor();
  receiver.answers.status = 204;
  const before = receiver.received.length;
  await dialog().getByRole("button", { name: "Send the given up ones again" }).click();
  await receiver.message((one) => receiver.received.indexOf(one) >= before);
  await page.keyboard.press("Escape");
});

test("a suggested rule shows what it would have said before it is saved, and tells the channel within seconds", async () => {
  await visit(page, "/costs/alerts");
  await page.getByText("Nothing is watched yet").waitFor();
  await page.getByRole("button", { name: /^Spend of a day/ }).click();
  await dialog().getByText("Would not have fired").waitFor();
  await dialog().getByLabel("Clear", { exact: true }).fill("0.02");
  await dialog().getByRole("textbox", { name: "Threshold", exact: true }).fill("0.01");
  await dialog().getByText("At most the threshold").waitFor();
  await dialog().getByLabel("Clear", { exact: true }).fill("0.005");
  await dialog().getByText(/Would have fired/).waitFor();
  await dialog().getByRole("button", { name: "Tell a channel" }).click();
  await dialog().getByText("Each step needs a channel", { exact: false }).waitFor();
  await dialog().getByRole("combobox", { name: "Notification channels" }).or(dialog().getByPlaceholder("Choose channels")).first().click();
  await page.getByRole("option", { name: "On call" }).click();
  await page.keyboard.press("Escape");
  await dialog().getByRole("button", { name: "Add rule" }).click();
  await page.getByRole("button", { name: "Spend of a day", exact: true }).waitFor();
  const told = await receiver.message(({ body }) => body.includes("Spend of a day"));
  assert.match(told.headers["webhook-signature"], /^v1,/);
  await page.getByLabel("1 firing").waitFor();
});

test("an alert is acknowledged with a note, and its story and its calls are a click away", async () => {
  await page.getByRole("button", { name: "Acknowledge Spend of a day" }).click();
  await dialog().getByLabel("Note").fill("The nightly batch moved to a larger model");
  await dialog().getByRole("button", { name: "Acknowledge" }).click();
  await page.locator(".alert").getByText(/has it$/).waitFor();
  // Those that fire and those that somebody has are two questions, which are answered one after the other.
  await page.getByRole("button", { name: "Acknowledge Spend of a day" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Details Spend of a day" }).click();
  await dialog().getByText("The nightly batch moved to a larger model").waitFor();
  await dialog().getByText("The first channels were told").waitFor();
  await dialog().getByRole("link", { name: "See the calls behind it" }).click();
  await page.waitForURL(/\/costs\?from=2/);
  await settled(page);
  await isWhole(page, "the calls behind an alert");
});

test("silence has a reason, is seen, and ends", async () => {
  await visit(page, "/costs/alerts?view=silences");
  await page.getByText("Nothing is silenced").waitFor();
  await page.getByRole("button", { name: "Add silence" }).click();
  await dialog().getByLabel("Reason").fill("Load test");
  await dialog().getByRole("button", { name: "Add silence" }).click();
  const entry = page.locator(".agenda-entry", { hasText: "Load test" });
  await entry.getByText("Now", { exact: true }).waitFor();
  await entry.getByText("Every alert of this project").waitFor();
});

test("the pages are readable and reachable in three languages, light and dark, and fit a phone", async () => {
  await walkEverywhere(page, PAGES);
});

test("the editor and an alert's story are reachable as well", async () => {
  await visit(page, "/costs/alerts?view=rules");
  await page.getByRole("button", { name: "Edit Spend of a day" }).click();
  await dialog().getByText(/Would have fired/).waitFor();
  await isAccessible(page, "the editor of a rule");
  await dialog().getByRole("textbox", { name: "Threshold", exact: true }).fill("0.02");
  await dialog().getByRole("button", { name: "Review and save" }).click();
  assert.match(await dialog().locator(".difference").first().innerText(), /≥ \$0\.01[^]*≥ \$0\.02/);
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
});

test("a rule that is switched off resolves its alerts, which history keeps", async () => {
  await visit(page, "/costs/alerts?view=silences");
  await page.getByRole("button", { name: "End Load test" }).click();
  await page.getByText("Nothing is silenced").waitFor();
  await visit(page, "/costs/alerts?view=rules");
  const saved = page.waitForResponse((answer) => answer.request().method() === "PUT" && answer.url().includes("/api/alerts/rules/"));
  await page.getByLabel("On: Spend of a day").click({ force: true });
  assert.equal((await saved).status(), 200);
  await visit(page, "/costs/alerts?view=history&state=resolved");
  await page.getByRole("cell", { name: /Spend of a day/ }).first().waitFor();
  await visit(page, "/costs/alerts?view=rules");
  await page.getByRole("button", { name: "Remove Spend of a day" }).click();
  await dialog().getByLabel("Type Spend of a day to confirm").fill("Spend of a day");
  await dialog().getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nothing is watched yet").waitFor();
  assert.deepEqual(page.trouble, []);
});
