// The pages under Settings, by the one who answers for the hub, and a second person who confirms.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { still, walkEverywhere } from "./walk.mjs";

const PAGES = ["/settings", "/settings?level=hub", "/settings/security?level=hub", "/settings/retention", "/settings/secrets", "/approvals", "/settings/audit", "/settings/audit?view=streams&chain=hub"];
const CANARY = "sk-canary-8f2e61c04b";
const { url, link, key } = hub();
let browser;
let page;
let state;
let second;

const call = (method, path, json) =>
  fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: json && JSON.stringify(json) });
const dialog = () => page.getByRole("dialog");
const row = (name) => page.locator(`[data-setting="${name}"]`);
const valueOf = async (name, level) => (await (await call("GET", `/api/config/system?level=${level}`)).json()).items.find((item) => item.name === name);

/** Somebody else in the team, signed in: two persons are needed for what waits for a second one. */
async function secondPerson() {
  const roles = await (await call("GET", "/api/rbac/roles")).json();
  const owner = roles.items.find((role) => role.name === "Owner");
  const sent = await (await call("POST", "/api/invitations", { email: "bo@example.com", role_id: owner.id })).json();
  const token = new URL(sent.link).searchParams.get("token") ?? decodeURIComponent(sent.link.split(/[#/=]/).at(-1));
  const context = await browser.newContext({ baseURL: url });
  const joined = await context.request.post("/api/invitations/accept", { data: { token, name: "Bo", password: "a long enough password 42" } });
  assert.ok(joined.ok(), await joined.text());
  const theirs = await context.storageState();
  await context.close();
  return openPage(browser, { url, state: theirs });
}

before(async () => {
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
  second = await secondPerson();
});
after(() => browser.close());

test("a change is seen as a difference before it is saved, and taken back from the history", async () => {
  await page.goto("/settings");
  await settled(page);
  await page.getByLabel("Search settings").fill("invitation");
  await row("security.allowed_addresses").waitFor({ state: "detached" });
  assert.match(page.url(), /q=invitation/);
  await row("security.invitation_days").getByRole("textbox", { name: "Invitation lifetime" }).fill("3");
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByText("3 days", { exact: true }).waitFor();
  assert.equal((await valueOf("security.invitation_days", "team")).own, null, "a preview saves nothing");
  await dialog().getByLabel("Note").fill("Shorter is safer");
  await dialog().getByRole("button", { name: "Save" }).click();
  await row("security.invitation_days").getByText("Set here").waitFor();
  assert.equal((await valueOf("security.invitation_days", "team")).own, 3);
  await page.getByRole("button", { name: "History" }).click();
  await dialog().getByText("Shorter is safer").waitFor();
  await dialog().getByRole("button", { name: "Back to before the first save" }).click();
  const review = page.getByRole("dialog", { name: "Back to before the first save" });
  await review.getByText("(inherited)").waitFor();
  await review.getByRole("button", { name: "Roll back" }).click();
  await dialog().getByText("Revision 2").waitFor();
  assert.equal((await valueOf("security.invitation_days", "team")).own, null);
});

test("a value out of bounds is told before it is sent", async () => {
  await page.goto("/settings?q=invitation");
  await settled(page);
  await row("security.invitation_days").getByRole("textbox", { name: "Invitation lifetime" }).fill("500");
  await page.getByText("Between 1 and 90.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Review and save" }).isDisabled());
});

test("a save of somebody else in between is told, and the edit is kept", async () => {
  await page.goto("/settings?q=invitation");
  await settled(page);
  await row("security.invitation_days").getByRole("textbox", { name: "Invitation lifetime" }).fill("5");
  await call("PUT", "/api/config/system", { level: "team", values: { "systems.costs": false } });
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByText("Somebody saved these settings", { exact: false }).waitFor();
  await dialog().getByRole("button", { name: "Look again" }).click();
  await dialog().getByText("5 days", { exact: true }).waitFor();
  await dialog().getByRole("button", { name: "Save" }).click();
  await row("security.invitation_days").getByText("Set here").waitFor();
  await call("PUT", "/api/config/system", { level: "team", values: { "systems.costs": null } });
  // The browser itself writes a refused answer into its console.
  page.trouble = page.trouble.filter((each) => !each.includes("409"));
});

test("nobody locks themselves out without a word", async () => {
  await page.goto("/settings/security");
  await settled(page);
  const list = row("security.allowed_addresses");
  await list.getByText("You come from").waitFor();
  await list.getByLabel("Allowed addresses").fill("198.51.100.0/24");
  await list.getByLabel("Allowed addresses").press("Enter");
  await list.getByText("which this list leaves out", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByRole("checkbox", { name: "I know that I lock myself out" }).waitFor();
  assert.ok(await dialog().getByRole("button", { name: "Save" }).isDisabled());
  await dialog().getByRole("button", { name: "Cancel" }).click();
  await list.getByRole("button", { name: "Add my address" }).click();
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await list.getByText("Set here").waitFor();
  assert.equal((await valueOf("security.allowed_addresses", "team")).own.length, 2);
  await call("PUT", "/api/config/system", { level: "team", values: { "security.allowed_addresses": null } });
});

test("redaction is tried with rules that are not saved", async () => {
  await visit(page, "/settings/security?level=project");
  await page.getByRole("checkbox", { name: "E-mail addresses" }).check();
  await page.getByLabel("Try it").fill("🙂 write to ann@example.com today");
  await page.locator("[data-trial] mark", { hasText: "[email]" }).waitFor();
  assert.equal((await page.locator("[data-trial]").innerText()).trim(), "🙂 write to [email] today");
  assert.equal((await valueOf("redaction.detectors", "project")).own, null);
});

test("retention names what is lost", async () => {
  await page.goto("/settings/retention");
  await settled(page);
  await row("retention.spans_days").getByLabel("Keep spans").first().click();
  await page.getByRole("option", { name: "Delete after" }).click();
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByText("older than 90 days is deleted", { exact: false }).waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
});

test("the credentials of the mail server and of a collector go in beside their settings, and a trial says what is wrong", async () => {
  await visit(page, "/settings?level=hub&q=mail.");
  await page.getByLabel("Password of the mail server").fill(CANARY);
  await page.getByRole("button", { name: "Save the password" }).click();
  await page.getByRole("button", { name: "Take it away" }).waitFor();
  await page.getByLabel("Send a test letter to").fill("bo@example.com");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("alert").getByText("No mail server is set", { exact: false }).waitFor();

  await visit(page, "/settings?level=hub&q=otel");
  await page.getByText("Off", { exact: true }).waitFor();
  await page.getByLabel("Headers for the collector").fill("Authorization");
  await page.getByText("Write each as Name: value", { exact: false }).waitFor();
  await page.getByLabel("Headers for the collector").fill(`Authorization: Bearer ${CANARY}`);
  await page.getByRole("button", { name: "Save the headers" }).click();
  await page.getByText("Some are kept", { exact: false }).waitFor();
  await row("otel.endpoint").getByRole("textbox").fill("http://127.0.0.1:9");
  // What was said a moment ago stands above the button, not over it.
  const review = page.getByRole("button", { name: "Review and save" });
  await review.waitFor();
  await still(page);
  assert.ok(await review.evaluate((button) => {
    const { x, y, width, height } = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(x + width / 2, y + height / 2));
  }));
  await review.click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
  // The page asks every ten seconds whether figures arrive.
  await page.reload();
  await page.getByText("Not taken", { exact: true }).waitFor();
  await page.getByText("security.egress_allowed", { exact: false }).waitFor();
  assert.ok(!(await page.content()).includes(CANARY));
  await page.getByRole("button", { name: "Take them away" }).click();
  await page.getByText("One a line", { exact: false }).waitFor();
  for (const [path, json] of [["/api/config/system", { level: "hub", values: { "otel.endpoint": null } }], ["/api/mail/password", { password: "" }]]) {
    assert.ok((await page.request.put(path, { data: json, headers: { origin: url } })).ok());
  }
  // The browser itself writes a refused answer into its console.
  page.trouble = page.trouble.filter((each) => !each.includes("503"));
});

test("a secret goes in and never comes out", async () => {
  await visit(page, "/settings/secrets");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await dialog().getByLabel("Scope").first().click();
  await page.getByRole("option", { name: "Team", exact: true }).click();
  await dialog().getByRole("textbox", { name: "Name" }).fill("OPENAI_API_KEY");
  await dialog().getByLabel("Purpose").fill("Answers tickets");
  await dialog().getByLabel("Value", { exact: false }).first().fill(CANARY);
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("button", { name: "OPENAI_API_KEY", exact: true }).click();
  await dialog().getByText("secrets.create").waitFor();
  assert.ok(!(await page.content()).includes(CANARY));
  await page.keyboard.press("Escape");
});

test("with two persons demanded a change waits, and is done when somebody else approves", async () => {
  await visit(page, "/settings/secrets");
  await page.getByLabel("A second person confirms").click({ force: true });
  await page.getByRole("button", { name: "Review and save" }).click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete OPENAI_API_KEY" }).click();
  await dialog().getByLabel("Type OPENAI_API_KEY to confirm").fill("OPENAI_API_KEY");
  await dialog().getByRole("button", { name: "Delete" }).click();
  await page.getByText("1 change waits for a second person").waitFor();
  await visit(page, "/approvals");
  await page.getByRole("article", { name: "Delete the secret OPENAI_API_KEY" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0, "who asked does not decide");
  await second.goto("/approvals");
  await second.getByRole("button", { name: "Approve" }).click();
  await second.getByRole("dialog").getByLabel("Note").fill("Agreed by phone");
  await second.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await second.getByText("Nothing waits").waitFor();
  await second.goto("/approvals?show=decided");
  await second.getByText("Agreed by phone").waitFor();
  await page.goto("/settings/secrets");
  await page.getByText("No secrets here").waitFor();
});

test("a key is rotated and the list says when it is done", async () => {
  await page.getByRole("button", { name: "Rotate the team's key" }).click();
  await dialog().getByRole("button", { name: "Begin" }).click();
  await page.getByText("Done", { exact: true }).waitFor();
});

test("the audit log is filtered by its address, shows differences, and is verified", async () => {
  await visit(page, "/settings/audit?action=settings.*");
  await page.getByRole("button", { name: "settings.write" }).last().click();
  await dialog().getByText("security.invitation_days", { exact: true }).first().waitFor();
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  assert.equal(await page.getByRole("button", { name: "secrets.delete" }).count(), 0);
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText("The chain is whole").waitFor();
  const exported = await page.request.get("/api/audit/export?format=csv&action=secrets.*");
  assert.match(await exported.text(), /secrets\.delete/);
  assert.ok(!(await (await page.request.get("/api/audit/export?format=jsonl")).text()).includes(CANARY));
});

test("a stream is added with its secret shown once, and ended by its name", async () => {
  await visit(page, "/settings/audit?view=streams");
  await page.getByRole("button", { name: "Add a stream" }).click();
  await dialog().getByText("Syslog", { exact: true }).click();
  await dialog().getByLabel("Name").fill("Collector");
  await dialog().getByLabel("Target").fill("tcp://198.51.100.9:6514");
  await dialog().getByRole("button", { name: "Add a stream" }).click();
  await page.getByRole("button", { name: "Remove Collector" }).click();
  await dialog().getByLabel("Type Collector to confirm").fill("Collector");
  await dialog().getByRole("button", { name: "Remove" }).click();
  await page.getByText("No streams").waitFor();
});

test("what the log says about a person is erased only by the name", async () => {
  await visit(page, "/settings/audit");
  await page.getByRole("button", { name: "Erase a person" }).click();
  await dialog().getByRole("combobox", { name: "Person" }).or(dialog().getByLabel("Person").first()).first().click();
  await page.getByRole("option", { name: /^Bo/ }).click();
  const act = dialog().getByRole("button", { name: "Erase for good" });
  assert.ok(await act.isDisabled());
  await dialog().getByLabel("Type Bo to confirm").fill("Bo");
  await act.click();
  await page.getByText(/entr(y|ies) erased/).waitFor();
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText(/\d+ erased/).first().waitFor();
  await page.getByText("The chain is whole").waitFor();
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(page.trouble, []);
  assert.deepEqual(second.trouble, []);
});

test("the pages are readable and reachable in three languages, light and dark, and fit a phone", async () => {
  await walkEverywhere(page, PAGES);
});
