// A team is set up: somebody is invited and comes in, gets a role of the team's own on one project, is refused what it
// does not allow, and why is told. Then projects and keys live through their changes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { changePlace, hub, launch, openPage, settled, signIn, visit } from "./browser.mjs";
import { walkEverywhere } from "./walk.mjs";

const PAGES = ["/team/people", "/team/invitations", "/team/groups", "/team/roles", "/team/explain", "/team/projects", "/team/keys"];
const { url, link } = hub();
let browser;
let state;
let page;

before(async () => {
  browser = await launch();
  state = await signIn(browser, link);
  page = await openPage(browser, { url, state });
});
after(() => browser.close());

const dialog = () => page.getByRole("dialog");
/** A field by its label, whether it is required (and so ends with a star) or not. */
const labelled = (label) => new RegExp(`^${label.replaceAll(/[.*+?]/g, "\\$&")}( \\*)?$`);
const field = (label) => dialog().getByLabel(labelled(label)).first();

/** Chooses in a select by what can be read there. */
async function choose(within, label, option) {
  await within.getByLabel(labelled(label)).first().click();
  await page.getByRole("option", { name: option, exact: true }).first().click();
}

async function confirmByName(name, act) {
  const button = dialog().getByRole("button", { name: act, exact: true });
  assert.ok(await button.isDisabled());
  await field(`Type ${name} to confirm`).fill(name);
  await button.click();
  await dialog().waitFor({ state: "hidden" });
}

const ask = (method, path, json, inPage = page) =>
  inPage.evaluate(
    async ([how, where, what]) => {
      const answer = await fetch(where, { method: how, headers: { "content-type": "application/json" }, body: what && JSON.stringify(what) });
      return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
    },
    [method, path, json],
  );

test("a project is made for the new people", async () => {
  await page.goto("/team/projects");
  await page.getByRole("button", { name: "New project" }).first().click();
  await field("Name").fill("Search");
  await dialog().getByRole("button", { name: "New project" }).click();
  await page.getByText("Search", { exact: true }).first().waitFor();
});

test("an invitation shows its link once, and brings somebody in", async () => {
  await page.goto("/team/people?invite=*");
  await field("E-mail address").fill("grace@example.com");
  await choose(dialog(), "Role", "Viewer");
  await choose(dialog(), "Where", "project Search");
  await dialog().getByRole("button", { name: "Invite" }).click();
  const invited = (await dialog().locator("pre").innerText()).trim();
  await dialog().getByRole("button", { name: "I have copied it" }).click();
  await visit(page, "/team/invitations");
  await page.getByText("grace@example.com").first().waitFor();
  await page.getByText("open", { exact: true }).first().waitFor();
  assert.ok(!(await page.content()).includes(new URL(invited).search.slice(1) || invited));
  const guest = await openPage(browser, { url });
  await guest.goto("/api/health");
  const token = new URL(invited).searchParams.get("token") ?? new URL(invited).hash.replace(/^#(token=)?/, "");
  const joined = await ask("POST", "/api/invitations/accept", { token, name: "Grace Hopper", password: "nobody guesses this 42" }, guest);
  assert.equal(joined.status, 200);
  const refused = await ask("POST", "/api/projects", { name: "Mine" }, guest);
  assert.equal(refused.status, 403);
  await guest.goto("/team/people");
  await guest.getByRole("heading", { name: "People", level: 1 }).waitFor();
  await settled(guest);
  assert.equal(await guest.getByRole("button", { name: "Invite" }).count(), 0);
  await guest.context().close();
  await page.reload();
  await page.getByText("accepted", { exact: true }).first().waitFor();
});

test("a role of one's own is shown as a difference before it is saved", async () => {
  await visit(page, "/team/roles");
  await page.getByRole("button", { name: "New role" }).click();
  await field("Name").fill("Price keeper");
  await dialog().getByRole("checkbox", { name: /^prices\.write/ }).check();
  await dialog().getByRole("button", { name: "See what changes" }).click();
  await dialog().locator(".difference-side.after").getByText("prices.write").waitFor();
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "hidden" });
  await page.getByRole("columnheader", { name: "Price keeper" }).waitFor();
});

test("somebody's roles change as a draft", async () => {
  await visit(page, "/team/people");
  await page.getByRole("button", { name: "Change roles Grace Hopper" }).click();
  await choose(dialog(), "Role", "Price keeper");
  await choose(dialog(), "Where", "Project");
  await choose(dialog(), "Project", "Search");
  await dialog().getByRole("button", { name: "Add to the list" }).click();
  await dialog().locator(".difference-side.after").getByText("Price keeper, project Search").waitFor();
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "hidden" });
  await page.getByText("Price keeper · project Search").waitFor();
});

test("the last Owner stays, and the page says why", async () => {
  await page.getByRole("button", { name: "Change roles Owner" }).click();
  await dialog().getByRole("button", { name: "Take away Owner" }).first().click();
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().getByRole("alert").getByText(/owner/i).waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
});

test("a group gives its role to whoever is in it, and the way is told", async () => {
  await visit(page, "/team/groups");
  await page.getByRole("button", { name: "New group" }).first().click();
  await field("Name").fill("Data engineers");
  await dialog().getByRole("button", { name: "New group" }).click();
  await page.getByRole("button", { name: "People Data engineers" }).click();
  await choose(dialog(), "Person", "Grace Hopper · grace@example.com");
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await dialog().locator(".team-list").getByText("Grace Hopper").waitFor();
  await page.keyboard.press("Escape");
  await visit(page, "/team/explain");
  await page.getByRole("button", { name: "Add a grant" }).first().click();
  await choose(dialog(), "Who", "Data engineers");
  await choose(dialog(), "Role", "Operator");
  await dialog().getByRole("button", { name: "Add a grant" }).click();
  await dialog().waitFor({ state: "hidden" });
  const { id } = (await ask("GET", "/api/members?search=grace")).body.items[0];
  await visit(page, `/team/explain?who=${id}&permission=secrets.use&at=team`);
  const verdict = page.locator(".verdict");
  await verdict.getByText("Grace Hopper may: the group Data engineers has the role Operator on the whole team", { exact: false }).waitFor();
  await visit(page, `/team/explain?who=${id}&permission=members.write&at=team`);
  await verdict.getByText("Grace Hopper may not: no grant names members.write", { exact: false }).waitFor();
});

test("a grant is taken away by name", async () => {
  await visit(page, "/team/explain?effect=allow");
  await page.getByRole("button", { name: "Take away Operator Data engineers" }).click();
  await confirmByName("Data engineers", "Take away");
  await page.getByRole("button", { name: "Take away Operator Data engineers" }).waitFor({ state: "hidden" });
});

test("a key has an end, one permission, addresses, and a follower", async () => {
  await visit(page, "/team/keys");
  await page.getByRole("button", { name: "Create a key" }).first().click();
  await field("Name").fill("Nightly");
  await dialog().getByRole("radio", { name: /^Single permissions/ }).check();
  await field("Permissions").fill("usage.read");
  await page.getByRole("option", { name: "usage.read" }).click();
  await dialog().getByLabel("Works until").fill("2099-01-01T00:00");
  await dialog().getByLabel("From where").fill("203.0.113.0/24");
  await dialog().getByRole("button", { name: "Create a key" }).click();
  await dialog().getByRole("button", { name: "I have copied it" }).click();
  await page.getByText("203.0.113.0/24").first().waitFor();
  await page.getByRole("button", { name: "More for Nightly" }).click();
  await page.getByRole("menuitem", { name: "Rotate" }).click();
  await dialog().getByRole("button", { name: "Rotate" }).click();
  await dialog().getByRole("button", { name: "I have copied it" }).click();
  await page.locator(".mark").getByText("replaced, still works").waitFor();
});

test("the session goes on in another project and another team", async () => {
  await page.getByRole("button", { name: /: switch$/ }).click();
  await changePlace(page, page.getByRole("menuitem", { name: "Search" }));
  await page.getByRole("button", { name: /project Search: switch$/ }).waitFor();
  await visit(page, "/team/projects");
  await page.getByRole("button", { name: "New team" }).click();
  await field("Name").fill("Research");
  await dialog().getByRole("button", { name: "New team" }).click();
  await dialog().getByRole("button", { name: "Stay here" }).click();
});

test("what a move means is said before it happens", async () => {
  await page.getByRole("button", { name: "More for Search" }).click();
  await page.getByRole("menuitem", { name: "Move to another team" }).click();
  await choose(dialog(), "Team", "Research");
  await dialog().getByText("roles on it end", { exact: false }).first().waitFor();
  await dialog().getByText("What was spent and recorded so far stays with this team", { exact: false }).waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
});

test("whoever is removed is gone", async () => {
  await visit(page, "/team/people");
  await page.getByRole("button", { name: "More for Grace Hopper" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await confirmByName("Grace Hopper", "Remove");
  await page.getByRole("button", { name: "More for Grace Hopper" }).waitFor({ state: "hidden" });
});

test("the pages are readable for everybody, on a phone as well", async () => {
  assert.deepEqual(page.trouble.filter((line) => !/40[39]/.test(line)), []);
  await walkEverywhere(page, PAGES);
});
