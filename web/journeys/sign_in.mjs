// Somebody's way in: the link, a password, an authenticator app, a passkey; out, and in again by each of them.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { addAuthenticator, nextCode } from "./authenticator.mjs";
import { hub, launch, openPage, settled } from "./browser.mjs";
import { isAccessible } from "./walk.mjs";

const { url, link } = hub();
const EMAIL = "owner@example.com";
const PASSWORD = "correct horse battery";
const used = new Set();
let browser;
let page;
let stranger;
let authenticator;
let secret;
let codes;

before(async () => {
  browser = await launch();
  page = await openPage(browser, { url });
  authenticator = await addAuthenticator(page);
});
after(() => browser.close());

const dialog = (on = page) => on.getByRole("dialog").last();
const row = (on, title) => on.locator(".way", { has: on.getByRole("heading", { name: title, exact: true }) });

async function enterPassword(on, password = PASSWORD) {
  await on.getByLabel("E-mail address").fill(EMAIL);
  await on.getByLabel("Password", { exact: true }).fill(password);
  await on.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("the link leads in, and the profile says that there is nothing to sign in with yet", async () => {
  await page.goto(link);
  await page.waitForSelector(".shell-bar");
  await page.goto("/profile");
  await settled(page);
  await row(page, "Password").getByText("Not set up").waitFor();
  await isAccessible(page);
});

test("the first owner enters an address and sets a password", async () => {
  await page.getByRole("button", { name: "Enter an address" }).click();
  await dialog().getByLabel("E-mail address").fill(EMAIL);
  await dialog().getByRole("button", { name: "Save" }).click();
  await row(page, "E-mail address").getByText(EMAIL).waitFor();
  await row(page, "Password").getByRole("button", { name: "Set the password" }).click();
  await dialog().getByLabel("New password").fill("passwordpassword");
  await dialog().getByRole("button", { name: "Set the password" }).click();
  await dialog().getByRole("alert").getByText("among the first that somebody would try").waitFor();
  await dialog().getByLabel("New password").fill(PASSWORD);
  await dialog().getByRole("button", { name: "Set the password" }).click();
  await row(page, "Password").getByText("On", { exact: true }).waitFor();
});

test("a program asks by an address: its person signs in, sees who asks, allows it and takes it back", async () => {
  stranger = await openPage(browser, { url });
  const redirect_uri = "com.example.editor:/signed-in";
  const about = { client_name: "My editor", redirect_uris: [redirect_uri], token_endpoint_auth_method: "none" };
  const { client_id } = await (await stranger.request.post("/oauth/register", { data: about })).json();
  const verifier = randomBytes(32).toString("base64url");
  const code_challenge = createHash("sha256").update(verifier).digest("base64url");
  const asked = new globalThis.URLSearchParams({ client_id, redirect_uri, code_challenge, response_type: "code", code_challenge_method: "S256", state: "its own" });
  await stranger.goto(`/oauth/authorize?${asked}`);
  await stranger.getByText("A program wants to act for you.").waitFor();
  await enterPassword(stranger);
  await stranger.getByRole("heading", { name: "My editor wants to act for you" }).waitFor();
  await stranger.getByText("the app that opens com.example.editor:").waitFor();
  await isAccessible(stranger);
  const decided = stranger.waitForResponse((answer) => answer.url().endsWith("/api/oauth/authorization") && answer.request().method() === "POST");
  await stranger.getByRole("button", { name: "Allow" }).click();
  const went = new URL((await (await decided).json()).location).searchParams;
  assert.equal(went.get("state"), "its own");
  const form = { grant_type: "authorization_code", code: went.get("code"), client_id, redirect_uri, code_verifier: verifier };
  const tokens = await stranger.request.post("/oauth/token", { form });
  assert.equal(tokens.status(), 200);
  await stranger.request.delete("/api/auth/session", { headers: { origin: url } });
  await page.reload();
  await settled(page);
  await page.getByRole("button", { name: "Take back My editor" }).click();
  await page.getByText("No client acts for you").waitFor();
});

test("the authenticator app asks for the password first, and goes on by itself", async () => {
  await row(page, "Authenticator app").getByRole("button", { name: "Set up" }).click();
  await dialog().getByText("Confirm that it is you").waitFor();
  await isAccessible(page);
  await dialog().getByLabel("Password", { exact: true }).fill("not the password");
  await page.keyboard.press("Enter");
  await dialog().getByRole("alert").waitFor();
  await dialog().getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  secret = (await dialog().locator(".copyable").innerText()).replace(/\s/g, "");
  assert.match(secret, /^[A-Z2-7]{16,}$/);
  await dialog().getByRole("textbox", { name: "Code" }).fill(nextCode(secret, used));
  await page.keyboard.press("Enter");
  await page.locator(".recovery-codes").waitFor();
  codes = await page.locator(".recovery-codes li").allInnerTexts();
  assert.equal(new Set(codes).size, 10);
  const download = page.waitForEvent("download");
  await dialog().getByRole("link", { name: "Download" }).click();
  assert.ok(readFileSync(await (await download).path(), "utf8").includes(codes[0]));
  await dialog().getByRole("button", { name: "I have kept them" }).click();
  await row(page, "Authenticator app").getByText("10 recovery codes are left").waitFor();
});

test("a passkey is added, named and kept by the authenticator", async () => {
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await dialog().getByLabel("Name").fill("Work laptop");
  await dialog().getByRole("button", { name: "Make a passkey" }).click();
  await page.getByRole("button", { name: "Rename Work laptop" }).click();
  await dialog().getByLabel("Name").fill("Laptop");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Remove Laptop" }).waitFor();
  assert.equal((await authenticator.credentials()).length, 1);
  await isAccessible(page);
});

test("in another browser the password and a code lead to the page that was wanted", async () => {
  const other = await openPage(browser, { url });
  await other.goto("/costs?from=-7d");
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await isAccessible(other);
  await enterPassword(other, "wrong password here");
  await other.getByRole("alert").getByText("not right").waitFor();
  await enterPassword(other);
  await other.getByText(`Second step for ${EMAIL}`).waitFor();
  await other.getByRole("button", { name: "Use the authenticator app" }).click();
  await other.getByRole("textbox", { name: "Code" }).fill("000000");
  await other.getByRole("button", { name: "Continue" }).click();
  await other.getByRole("alert").waitFor();
  await other.getByRole("textbox", { name: "Code" }).fill(nextCode(secret, used));
  await other.getByRole("button", { name: "Continue" }).click();
  await other.waitForSelector(".shell-bar");
  assert.equal(new URL(other.url()).pathname + new URL(other.url()).search, "/costs?from=-7d");

  // the first browser sees it and ends it
  await page.reload();
  await settled(page);
  await page.getByText("password + authenticator app", { exact: true }).waitFor();
  await page.getByRole("button", { name: /^End Chrome/ }).click();
  await page.getByText("password + authenticator app", { exact: true }).waitFor({ state: "detached" });
  await other.waitForTimeout(1100);
  await other.goto("/monitor");
  await other.getByRole("heading", { name: "Sign in" }).waitFor();

  await enterPassword(other);
  await other.getByRole("button", { name: "Use a recovery code" }).click();
  await other.getByRole("textbox", { name: "Recovery code" }).fill(codes[0]);
  await other.getByRole("button", { name: "Continue" }).click();
  await other.waitForSelector(".shell-bar");
  await other.context().close();
});

async function signOut() {
  await page.getByRole("button", { name: "Profile" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
}

async function isInByPasskey() {
  await page.waitForSelector(".shell-bar");
  const session = await (await page.request.get("/api/auth/session")).json();
  assert.deepEqual(session.session.factors, ["passkey"]);
  assert.equal(session.user.email, EMAIL);
}

test("who signed out comes in again by the passkey beside the address field", async () => {
  const passkey = page.waitForResponse((response) => response.url().endsWith("/api/auth/passkey"));
  await signOut();
  // Chromium's authenticator picks its passkey from the list by itself, as nobody sits there.
  assert.equal((await passkey).status(), 200);
  await isInByPasskey();
});

test("where a browser has no such list, the button asks for the passkey", async () => {
  await page.addInitScript(() => {
    globalThis.PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  await signOut();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await isInByPasskey();
});

test("an invitation is accepted once, by who it is for", async () => {
  const { items: roles } = await (await page.request.get("/api/rbac/roles")).json();
  const viewer = roles.find(({ name }) => name === "Viewer").id;
  const invited = await page.request.post("/api/invitations", { data: { email: "ada@example.com", role_id: viewer }, headers: { origin: url } });
  assert.equal(invited.status(), 201, await invited.text());
  const path = new URL((await invited.json()).link);
  const address = path.pathname + path.search;

  await page.goto(address);
  await page.getByText(`You are signed in as ${EMAIL}`).waitFor();
  const ada = await openPage(browser, { url });
  await ada.goto(address);
  await ada.getByText("a…@example.com").waitFor();
  await ada.getByText("Viewer").waitFor();
  await isAccessible(ada);
  await ada.getByLabel("Your name").fill("Ada");
  await ada.getByLabel("New password").fill("four words are plenty");
  await ada.getByRole("button", { name: "Join with this password" }).click();
  await ada.waitForSelector(".shell-bar");
  await ada.goto(address);
  await ada.getByRole("heading", { name: "This invitation works no more" }).waitFor();
  await ada.getByText("accepted already").waitFor();
  await ada.goto("/invitation?token=forged");
  await ada.getByRole("heading", { name: "This invitation is not known here" }).waitFor();
  await ada.context().close();
});

test("a wrong reset link says so", async () => {
  await stranger.goto("/reset-password#nothing");
  await stranger.getByLabel("New password").fill(PASSWORD);
  await stranger.getByRole("button", { name: "Set the password" }).click();
  await stranger.getByRole("alert").getByText("used already or is too old").waitFor();
  assert.equal(new URL(stranger.url()).hash, "");
  await isAccessible(stranger);
});

test("a provider that is not there is told by the test of its address", async () => {
  await page.goto("/settings/sign-in");
  await settled(page);
  await isAccessible(page);
  await page.getByRole("button", { name: "Add a provider" }).first().click();
  await dialog().getByLabel("Issuer").fill("https://127.0.0.1:1");
  await dialog().getByRole("button", { name: "Test" }).click();
  await dialog().getByRole("alert").waitFor();
  await isAccessible(page);
  await dialog().getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Client id").fill("Iv1.0123456789");
  await page.getByLabel("Client secret").fill("not-a-real-secret");
  await page.getByRole("button", { name: "See the difference" }).click();
  await page.getByText("A new one (not shown)").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("On", { exact: true }).waitFor();
  await stranger.goto("/");
  assert.match(await stranger.getByRole("link", { name: "Sign in with GitHub" }).getAttribute("href"), /^\/api\/auth\/github\/start\?return_to=/);
});

test("nothing in these pages asked another host or failed unseen", () => {
  // Refusals are part of this journey, and the browser writes each into its console.
  assert.deepEqual(page.trouble.filter((line) => !line.includes("Failed to load resource")), []);
});
