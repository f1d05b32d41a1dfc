// Every page, theme and language as a PNG in pictures/: `make pictures`, or `npm run pictures -- --only traces`.
// The content is a demonstration; nothing in it is real.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, settled, signIn } from "./journeys/browser.mjs";
import { listedTraces, send, weeks } from "./journeys/demonstration.mjs";
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
  const listed = await listedTraces(url, key, "from=-14d&agent=support-triage&limit=30");
  return listed.sort((left, right) => right.spans - left.spans)[0].trace_id;
}

async function takeAll() {
  const hub = await startHub();
  const browser = await launch();
  try {
    const state = await signIn(browser, hub.link);
    const traceId = await demonstrate(hub);
    const pages = [
      { name: "start", path: "/start" },
      { name: "overview", path: "/monitor?from=-7d" },
      { name: "traces", path: "/monitor/traces?from=-7d" },
      { name: "trace", path: `/monitor/traces/${traceId}`, act: (page) => page.locator(".span", { hasText: "chat " }).first().click() },
      { name: "trace-cost", path: `/monitor/traces/${traceId}?tab=cost`, act: (page) => page.locator(".span", { hasText: "chat " }).first().click() },
      { name: "system", path: "/monitor/system" },
      { name: "costs", path: "/costs?from=-7d" },
      { name: "costs-by-user", path: "/costs?from=-30d&by=user" },
      { name: "prices", path: "/costs/prices" },
      { name: "price-add", path: "/costs/prices?add=acme-writer-70b&provider=acme", act: (page) => page.getByRole("dialog").waitFor() },
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
