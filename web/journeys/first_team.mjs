// A new team from nothing, each step by hand in the browser: a team and its project, an invitation that is accepted in
// another browser, a role of its own on one project, a key, a secret, an attempt that is refused, and its audit entry.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { changePlace, hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";

const { url, link } = hub();
const VALUE = "sk-journey-5d1c0e77a9";
let browser;
let page;
let grace;
let invitation;
let secretId;

before(async () => {
  browser = await launch();
  page = await openPage(browser, { url, state: await signIn(browser, link) });
  grace = await openPage(browser, { url });
});
after(() => browser.close());

const dialog = (on = page) => on.getByRole("dialog").last();
const labelled = (label) => new RegExp(`^${label.replaceAll(/[.*+?]/g, "\\$&")}( \\*)?$`);
const field = (label, on = page) => dialog(on).getByLabel(labelled(label)).first();

async function choose(label, option, on = page) {
  await field(label, on).click();
  await on.getByRole("option", { name: option, exact: true }).first().click();
}

async function goes(on, project) {
  await on.getByRole("button", { name: /: switch$/ }).click();
  await changePlace(on, on.getByRole("menuitem", { name: project }));
  await on.getByRole("button", { name: new RegExp(`project ${project}: switch$`) }).waitFor();
}

test("a team is made and entered", async () => {
  await page.goto("/team/projects");
  await page.getByRole("button", { name: "New team" }).click();
  await field("Name").fill("Night desk");
  await dialog().getByRole("button", { name: "New team" }).click();
  await changePlace(page, dialog().getByRole("button", { name: "Go to Night desk" }));
  await page.getByRole("button", { name: /^Team Night desk/ }).waitFor();
  await visit(page, "/team/people");
  await page.getByText("1 person").waitFor();
});

test("the team gets a second project", async () => {
  await visit(page, "/team/projects");
  await page.getByRole("button", { name: "New project" }).first().click();
  await field("Name").fill("Support");
  await dialog().getByRole("button", { name: "New project" }).click();
  await page.getByText("Support", { exact: true }).first().waitFor();
});

test("somebody is invited to look", async () => {
  await visit(page, "/team/people");
  await page.getByRole("button", { name: "Invite" }).click();
  await field("E-mail address").fill("grace@example.com");
  await choose("Role", "Viewer");
  await dialog().getByRole("button", { name: "Invite" }).click();
  invitation = new URL((await dialog().locator("pre").innerText()).trim());
  await dialog().getByRole("button", { name: "I have copied it" }).click();
});

test("she accepts in her own browser and is in", async () => {
  await grace.goto(invitation.pathname + invitation.search);
  await grace.getByRole("heading", { name: /Night desk/ }).waitFor();
  await grace.getByLabel("Your name").fill("Grace Hopper");
  await grace.getByLabel("New password").fill("four words are plenty");
  await grace.getByRole("button", { name: "Join with this password" }).click();
  await grace.getByRole("button", { name: /^Team Night desk/ }).waitFor();
});

test("what she does not hold is not offered", async () => {
  await goes(grace, "Support");
  await grace.goto("/costs/prices");
  await settled(grace);
  assert.equal(await grace.getByRole("button", { name: "Add a price" }).count(), 0);
  assert.equal(await grace.getByRole("link", { name: "Audit log" }).count(), 0);
});

test("a role of the team's own is made and given to her on one project", async () => {
  await visit(page, "/team/roles");
  await page.getByRole("button", { name: "New role" }).click();
  await field("Name").fill("Price keeper");
  await dialog().getByRole("checkbox", { name: /^prices\.write/ }).check();
  await dialog().getByRole("button", { name: "See what changes" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("columnheader", { name: "Price keeper" }).waitFor();
  await visit(page, "/team/people");
  await page.getByRole("button", { name: "Change roles Grace Hopper" }).click();
  await choose("Role", "Price keeper");
  await choose("Where", "Project");
  await choose("Project", "Support");
  await dialog().getByRole("button", { name: "Add to the list" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByText("Price keeper · project Support").waitFor();
});

test("from then on she keeps prices there, and nowhere else", async () => {
  await grace.goto("/costs/prices");
  await settled(grace);
  await grace.getByRole("button", { name: "Add a price" }).first().click();
  await field("Provider", grace).fill("acme");
  await field("Model", grace).fill("acme-writer");
  await field("Input", grace).fill("1.25");
  await dialog(grace).getByRole("button", { name: "Add a price" }).click();
  await grace.getByText("acme-writer").first().waitFor();
  await grace.goto("/costs/prices");
  await goes(grace, "Default project");
  await settled(grace);
  assert.equal(await grace.getByRole("button", { name: "Add a price" }).count(), 0);
});

test("a key of the project sends its first span", async () => {
  await goes(page, "Support");
  await visit(page, "/team/keys");
  await page.getByRole("button", { name: "Create a key" }).first().click();
  await field("Name").fill("Support desk");
  await dialog().getByRole("button", { name: "Create a key" }).click();
  const key = (await dialog().locator("pre").innerText()).trim();
  await dialog().getByRole("button", { name: "I have copied it" }).click();
  const sent = await fetch(`${url}/api/usage-events`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify([{ provider: "acme", model: "acme-writer", input_tokens: 1_000_000, output_tokens: 0 }]),
  });
  assert.ok(sent.ok, await sent.text());
  assert.equal((await fetch(`${url}/api/audit/logs`, { headers: { authorization: `Bearer ${key}` } })).status, 403);
  await visit(page, "/monitor/traces");
  await page.getByText("acme-writer").first().waitFor();
  await page.goto("/team/keys");
  await page.getByRole("row", { name: /Support desk/ }).getByText(/ago|now/).first().waitFor();
});

test("a secret is laid down for the project", async () => {
  await visit(page, "/settings/secrets");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await choose("Scope", "Project");
  await choose("Project", "Support");
  await dialog().getByRole("textbox", { name: "Name" }).fill("ACME_API_KEY");
  await field("Purpose").fill("Answers tickets");
  await field("Value").fill(VALUE);
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "ACME_API_KEY", exact: true }).click();
  await dialog().getByText("secrets.create").waitFor();
  secretId = new URL(await dialog().getByRole("link", { name: /audit log/i }).getAttribute("href"), url).searchParams.get("resource");
  assert.match(secretId, /^[a-z]+_[0-9a-f]{32}$/);
});

test("she tries what she may not, and is told which permission is missing", async () => {
  await visit(grace, "/settings/audit");
  await grace.getByRole("alert").getByText("audit.read").first().waitFor();
  const change = await grace.request.put("/api/config/runtime", {
    data: { scope: { level: "team" }, name: "ACME_API_KEY", kind: "secret", purpose: "Mine", value: "mine" },
    headers: { origin: url },
  });
  assert.equal(change.status(), 403);
});

test("both attempts stand in the audit log with her name, and the chain is whole", async () => {
  const refusals = page.getByRole("row", { name: /access\.deny.*Grace Hopper/ });
  const tried = (what) => refusals.filter({ hasText: what });
  // Refusals are written beside the answer, a moment later.
  for (let look = 0; look < 20 && (await tried("PUT /api/config/runtime").count()) === 0; look += 1) {
    await page.goto("/settings/audit?outcome=refused");
    await settled(page);
  }
  await tried("GET /api/audit/logs").first().waitFor();
  await tried("PUT /api/config/runtime").getByRole("button", { name: "access.deny" }).first().click();
  await dialog().getByText("the permission secrets.write is missing", { exact: false }).waitFor();
  await dialog().getByText("127.0.0.1").waitFor();
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText("The chain is whole").waitFor();
});

test("every step before it is an entry, and none holds the secret", async () => {
  const exported = await (await page.request.get("/api/audit/export?format=jsonl")).text();
  const actions = exported.trim().split("\n").map((line) => JSON.parse(line).action);
  for (const action of ["teams.create", "projects.create", "invitations.create", "invitations.accept", "roles.create", "grants.create", "keys.create", "secrets.create"]) {
    assert.ok(actions.includes(action), `${action} is missing among ${[...new Set(actions)].join(", ")}`);
  }
  assert.ok(!exported.includes(VALUE));
  await visit(page, `/settings/audit?resource=${secretId}`);
  await page.getByRole("row", { name: /secrets\.create/ }).waitFor();
});

test("why she may not is told by the grants", async () => {
  await visit(page, "/team/explain");
  await page.getByLabel("Who").first().click();
  await page.getByRole("option", { name: /Grace Hopper/ }).first().click();
  await page.getByLabel("Permission").first().click();
  await page.getByRole("option", { name: /secrets\.write/ }).first().click();
  await page.locator(".verdict").getByText("Grace Hopper may not: no grant names secrets.write", { exact: false }).waitFor();
});

test("the pages stayed quiet, but for the refusals", () => {
  assert.deepEqual(page.trouble, []);
  assert.deepEqual(grace.trouble.filter((line) => !/40[13]/.test(line)), []);
});
