// Every page, theme and language as a PNG in pictures/: `make pictures`, or `npm run pictures -- --only traces`.
// The content is a demonstration; nothing in it is real.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled, signIn } from "./journeys/browser.mjs";
import { listedTraces, send, weeks } from "./journeys/demonstration.mjs";
import { demonstrateAlerts } from "./journeys/alerts_demonstration.mjs";
import { demonstrateGateway } from "./journeys/gateway_demonstration.mjs";
import { startHub } from "./journeys/hub.mjs";

const FOLDER = new URL("../pictures/", import.meta.url).pathname;
const LANGUAGES = ["en", "zh-Hant", "zh-Hans"];
const THEMES = ["light", "dark"];
const WIDTHS = [{ name: "wide", width: 1280, height: 900 }, { name: "phone", width: 390, height: 844 }];

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";

async function demonstrate({ url, key }) {
  const call = (method, path, json) =>
    fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify(json) });
  await send(url, key, weeks(Date.now(), 1600).flat());
  await call("POST", "/api/prices", {
    provider: "openai", model: "gpt-4o*", valid_from: "2020-01-01T00:00:00Z", currency: "USD", note: "Enterprise agreement",
    prices: { input: "2.10", cache_read: "1.05", output: "8.40" },
  });
  await call("PUT", "/api/currency", { display: "USD", rates: [{ currency: "CNY", rate: "7.12", date: "2026-11-01" }, { currency: "TWD", rate: "31.6", date: "2026-11-01" }] });
  for (const name of ["Production ingest", "Staging ingest"]) await call("POST", "/api/keys", { name, scopes: ["ingest"] });
  await call("POST", "/api/keys", { name: "Dashboards", scopes: ["read"] });
  for (const budget of [
    { name: "Whole team", of: "team", limit: "400", period: "month", hard: false },
    { name: "gpt-4o a day", limit: "12", period: "day", matches: { model: "gpt-4o*" }, status: 402, unpriced: "block" },
    { name: "Each user, 30 days", limit: "6", per: "user", period: "rolling", rolling_s: 30 * 86_400 },
    { name: "Support, calls an hour", unit: "calls", limit: "500", period: "hour", matches: { agent: "support-triage" } },
  ]) await call("POST", "/api/budgets", budget);
  await call("POST", "/api/ledger/credits", { amount: "25", note: "Credit of the provider for the outage of November 12" });
  await settle(call);
  await demonstrateGateway({ url, call });
  await demonstrateAlerts({ call });
  const listed = await listedTraces(url, key, "from=-14d&agent=support-triage&limit=30");
  return listed.sort((left, right) => right.spans - left.spans)[0].trace_id;
}

/** A team with people, a role of its own, a group, secrets, settings that were changed, and somebody who was refused. */
async function settle(call) {
  const answer = async (...wish) => (await call(...wish)).json();
  const roles = (await answer("GET", "/api/rbac/roles")).items;
  const role = (name) => roles.find((each) => each.name === name).id;
  const project = await answer("POST", "/api/projects", { name: "Support" });
  for (const [email, name, held] of [["ada@example.com", "Ada Lovelace", "Admin"], ["lin@example.com", "林美惠", "Operator"], ["grace@example.com", "Grace Hopper", "Viewer"]]) {
    const { link } = await answer("POST", "/api/invitations", { email, role_id: role(held) });
    await call("POST", "/api/invitations/accept", { token: new URL(link).searchParams.get("token"), name, password: "nobody guesses this 42" });
  }
  await call("POST", "/api/invitations", { email: "new@example.com", role_id: role("Viewer"), project_id: project.id });
  const keeper = await answer("POST", "/api/rbac/roles", { name: "Price keeper", permissions: ["prices.read", "prices.write"] });
  const group = await answer("POST", "/api/groups", { name: "Night shift" });
  const grace = (await answer("GET", "/api/members?search=grace")).items[0];
  await call("POST", `/api/groups/${group.id}/members`, { user_id: grace.id });
  await call("POST", "/api/grants", { subject: group.id, role: keeper.id, scope: { level: "project", project: project.id } });
  for (const [level, kind, name, purpose, value] of [["project", "secret", "OPENAI_API_KEY", "Answers tickets", "not a real key"], ["team", "variable", "REGION", "Where it runs", "eu-central-1"]]) {
    await call("PUT", "/api/config/runtime", { scope: { level, project: level === "team" ? null : project.id }, name, kind, purpose, value });
  }
  await call("PUT", "/api/config/system", { level: "team", values: { "retention.spans_days": 90, "security.invitation_days": 3 }, note: "Shorter is safer" });
}

/** The editor of a rule, once its preview is drawn. */
async function openRule(page) {
  await page.locator("tbody .row button, .cards-acts button").nth(6).click();
  await page.locator(".rule-form .notice").waitFor();
}

async function takeAll() {
  const hub = await startHub();
  const browser = await launch();
  try {
    const state = await signIn(browser, hub.link);
    const traceId = await demonstrate(hub);
    const pages = [
      { name: "chat-hub", path: "/" },
      { name: "start", path: "/start" },
      { name: "overview", path: "/monitor?from=-7d" },
      { name: "traces", path: "/monitor/traces?from=-7d" },
      { name: "trace", path: `/monitor/traces/${traceId}`, act: (page) => page.locator(".span", { hasText: "chat " }).first().click() },
      { name: "trace-cost", path: `/monitor/traces/${traceId}?tab=cost`, act: (page) => page.locator(".span", { hasText: "chat " }).first().click() },
      { name: "system", path: "/monitor/system" },
      { name: "costs", path: "/costs?from=-7d" },
      { name: "costs-by-user", path: "/costs?from=-30d&by=user" },
      { name: "forecast", path: "/costs/forecast?ahead=30&budget=400" },
      { name: "anomalies", path: "/costs/anomalies" },
      { name: "savings", path: "/costs/savings" },
      { name: "budgets", path: "/costs/budgets" },
      { name: "budget-add", path: "/costs/budgets", act: (page) => page.locator(".page-acts button").first().click() },
      { name: "ledger", path: "/costs/ledger?from=-7d&by=model" },
      { name: "prices", path: "/costs/prices" },
      { name: "price-add", path: "/costs/prices?add=acme-writer-70b&provider=acme", act: (page) => page.getByRole("dialog").waitFor() },
      { name: "alerts", path: "/costs/alerts" },
      { name: "alert", path: "/costs/alerts", act: (page) => page.locator(".alert-name").first().click() },
      { name: "alerts-history", path: "/costs/alerts?view=history" },
      { name: "alert-rules", path: "/costs/alerts?view=rules" },
      { name: "alert-rule", path: "/costs/alerts?view=rules", act: openRule },
      { name: "silences", path: "/costs/alerts?view=silences" },
      { name: "gateway", path: "/integrations/gateway" },
      { name: "gateway-aliases", path: "/integrations/gateway?view=models" },
      { name: "gateway-keys", path: "/integrations/gateway?view=keys" },
      { name: "gateway-connect", path: "/integrations/gateway?view=connect" },
      { name: "provider-add", path: "/integrations/gateway", act: (page) => page.locator(".page-acts button").last().click() },
      { name: "channels", path: "/integrations/channels" },
      { name: "channel", path: "/integrations/channels", act: (page) => page.locator(".card .link").first().click() },
      { name: "channel-add", path: "/integrations/channels", act: (page) => page.locator(".page-acts button").last().click() },
      { name: "people", path: "/team/people" },
      { name: "invitations", path: "/team/invitations" },
      { name: "groups", path: "/team/groups" },
      { name: "roles", path: "/team/roles" },
      { name: "explain", path: "/team/explain" },
      { name: "projects", path: "/team/projects" },
      { name: "keys", path: "/team/keys" },
      { name: "settings", path: "/settings?level=hub" },
      { name: "settings-history", path: "/settings?history=1", act: (page) => page.getByRole("dialog").waitFor() },
      { name: "security", path: "/settings/security" },
      { name: "retention", path: "/settings/retention" },
      { name: "secrets", path: "/settings/secrets" },
      { name: "approvals", path: "/approvals" },
      { name: "audit", path: "/settings/audit" },
      { name: "audit-streams", path: "/settings/audit?view=streams" },
      { name: "profile", path: "/profile" },
      { name: "sign-in-settings", path: "/settings/sign-in" },
      { name: "sign-in", path: "/monitor", signedOut: true },
      { name: "invitation-refused", path: "/invitation?token=forged", signedOut: true },
    ].filter(({ name }) => name.includes(only));
    for (const { name: size, width, height } of WIDTHS) {
      for (const theme of THEMES) {
        for (const language of LANGUAGES) {
          const folder = join(FOLDER, `${size}-${theme}-${language}`);
          mkdirSync(folder, { recursive: true });
          for (const { name, path, act, signedOut } of pages) {
            const page = await openPage(browser, { url: hub.url, state: signedOut ? undefined : state, language, theme, width, height });
            await page.goto(path);
            if (signedOut) await page.waitForSelector("h1");
            else await settled(page);
            if (act) {
              await act(page);
              await page.waitForTimeout(600);
            }
            await page.screenshot({ path: join(folder, `${name}.png`), fullPage: !name.startsWith("trace") || name === "traces", animations: "disabled" });
            await page.context().close();
          }
          console.log(`${size}, ${theme}, ${language}: ${pages.length} pictures`);
        }
      }
    }
  } finally {
    await browser.close();
    await hub.stop();
  }
}

if (!only) rmSync(FOLDER, { recursive: true, force: true });
await takeAll();
console.log(`The pictures are in ${FOLDER}`);
