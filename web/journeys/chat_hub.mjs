// Chat Hub: an agent says what it does with the page's own command, and its cards come, gather, and are found again.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { copied, hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { fits, onPhone, walkEverywhere } from "./walk.mjs";

const { url, link, key } = hub();
let browser;
let state;
let page;

before(async () => {
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(() => browser.close());

async function say(event) {
  const answer = await fetch(`${url}/api/events`, {
    method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify(event),
  });
  assert.equal(answer.status, 202);
}

const card = (subject) => page.locator(`[data-subject="${subject}"]`);

test("a hub in which nothing happened greets with Get started, and the Chat Hub says what will stand there", async () => {
  await page.goto("/");
  await page.waitForURL("**/start");
  await page.getByRole("link", { name: "Chat Hub" }).first().click();
  await page.getByText("Nothing has happened yet").waitFor();
});

test("the copied command, with a key, is a card at once", async () => {
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  const command = (await copied(page)).replace("mno_…", key);
  execFileSync("sh", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] });
  await card("invoices").getByRole("heading", { name: "Clerk reached a milestone: Half of the invoices are read" }).waitFor();
});

test("what follows on the same subject gathers on its card, and stands there on demand", async () => {
  for (const step of [1, 2, 3]) await say({ kind: "task.progress.milestone", subject: "invoices", title: `Step ${step}`, agent: "Clerk" });
  await say({ kind: "task.receipt", subject: "invoices", title: "All are booked", agent: "Clerk", trace_id: "ab".repeat(16) });
  await card("invoices").getByRole("heading", { name: "Clerk finished: All are booked" }).waitFor();
  assert.equal(await page.locator(".event").count(), 1);
  await card("invoices").getByRole("button", { name: "Show 4 more" }).click();
  await card("invoices").getByText("Clerk reached a milestone: Step 2").waitFor();
  await card("invoices").getByRole("link", { name: "Trace" }).waitFor();
});

test("filters stand in the address and hold for what comes", async () => {
  await say({ kind: "task.receipt", subject: "report", title: "Weekly report", agent: "Analyst", status: "failed" });
  await card("report").waitFor();
  await visit(page, "/?severity=critical");
  await card("report").waitFor();
  assert.equal(await card("invoices").count(), 0);
  await say({ kind: "task.acceptance", subject: "quiet", title: "Something else" });
  await say({ kind: "task.receipt", subject: "backup", title: "Nightly backup", agent: "Keeper", status: "failed" });
  await card("backup").waitFor();
  assert.equal(await card("quiet").count(), 0);
  await visit(page, "/?show=waiting");
  await page.getByText("Nothing waits for you").waitFor();
});

test("a tool call that waits for a person goes on from its card, as it was or with other arguments", async () => {
  const [status] = await page.evaluate(async () => {
    const rule = { name: "Ask before logs", server: "logs", approval: {} };
    const answer = await fetch("/api/mcp/policies", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(rule) });
    return [answer.status];
  });
  assert.equal(status, 201);
  const call = async (text) => {
    const body = JSON.stringify({ server: "logs", tool: "logs.query", args: { text } });
    return fetch(`${url}/api/mcp/call`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body });
  };
  const request = page.locator(".event", { hasText: "asks for approval: Call logs_query" });
  const dialog = page.getByRole("dialog");

  const first = call("card");
  await request.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("button", { name: "Approve" }).click();
  assert.equal((await first).status, 200);
  await request.waitFor({ state: "detached" });

  const second = call("card");
  await request.getByRole("button", { name: "Degrade" }).click();
  await dialog.getByLabel("Arguments (JSON)").fill('{"text": "nothing so special"}');
  await dialog.getByRole("button", { name: "Degrade" }).click();
  assert.equal((await second).status, 200);
  await request.waitFor({ state: "detached" });

  await visit(page, "/?kind=task.receipt");
  await page.getByRole("heading", { name: "logs finished: logs.query" }).first().waitFor();
});

test("the page is whole in every language, accessible in both themes, and fits a phone", async () => {
  await walkEverywhere(page, ["/", "/?show=waiting"]);
  await onPhone(page, async () => {
    await page.goto("/");
    await settled(page);
    await fits(page, "/");
  });
  assert.deepEqual(page.trouble, []);
});
