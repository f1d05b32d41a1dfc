// Channels, rules, silences, and alerts that fire: over the demonstration's spans, so that something is to be seen.

import { startReceiver } from "./receiver.mjs";

const HOUR_MS = 3_600_000;
const DAY_S = 86_400;

async function read(response) {
  if (!response.ok) throw new Error(`The hub answered ${response.status}: ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

async function until(ask, fits, withinMs = 60_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > end) throw new Error(`It did not come within ${withinMs} ms: ${JSON.stringify(answer).slice(0, 300)}`);
    await new Promise((resume) => setTimeout(resume, 250));
  }
}

export async function demonstrateAlerts({ call }) {
  const make = async (...wish) => read(await call(...wish));
  const receiver = await startReceiver();
  try {
    await make("PUT", "/api/config/system", { level: "hub", values: { "security.egress_allowed": ["127.0.0.0/8"] } });
    const webhook = await make("POST", "/api/channels", { name: "On-call desk", kind: "webhook", address: receiver.url });
    const feishu = await make("POST", "/api/channels", { name: "值班群", kind: "feishu", language: "zh-Hans", address: "https://open.feishu.cn/open-apis/bot/v2/hook/0000-not-real", secret: "not-real" });
    const mail = await make("POST", "/api/channels", { name: "Finance", kind: "email", language: "zh-Hant", receivers: ["finance@example.com", "ada@example.com"] });
    await make("POST", `/api/channels/${webhook.id}/test`);
    await make("POST", `/api/channels/${mail.id}/test`);
    const steps = [{ after_minutes: 0, channels: [webhook.id] }, { after_minutes: 30, channels: [feishu.id, mail.id] }];
    const rule = (wish) => make("POST", "/api/alerts/rules", { comparison: "above", window_s: DAY_S, ...wish });
    await rule({ name: "Spend of a day", measure: "cost", threshold: "5", clear: "4", severity: "critical", steps, repeat_minutes: 60 });
    const spend = await rule({ name: "Spend by model", measure: "cost", threshold: "2", clear: "1.5", group_by: "model", severity: "warning", steps: steps.slice(0, 1) });
    await rule({ name: "Failing calls", measure: "error_rate", threshold: "1", minimum_calls: 20, severity: "warning", steps: steps.slice(0, 1) });
    await rule({ name: "Slow answers, p95", measure: "latency", quantile: 95, threshold: "60000", window_s: 3600, minimum_calls: 20, matches: { provider: ["openai", "anthropic"] } });
    await rule({ name: "Nobody calls", measure: "calls", comparison: "below", threshold: "1", window_s: DAY_S, enabled: false, severity: "info" });
    const fired = await until(() => make("GET", "/api/alerts"), ({ items }) => items.filter(({ state }) => state === "firing").length > 3);
    const [first, second] = fired.items.filter(({ rule_name: name }) => name === "Spend by model");
    await make("POST", `/api/alerts/${first.id}/acknowledge`, { note: "Looking at it: the nightly batch moved to a larger model." });
    await make("POST", `/api/alerts/${second.id}/resolve`, { note: "Expected after the launch." });
    const at = (hours) => new Date(Date.now() + hours * HOUR_MS).toISOString();
    await make("POST", "/api/alerts/silences", { from: at(-1), to: at(5), reason: "The load test of the new support desk", rule: spend.id, labels: { model: "gpt-4o" } });
    await make("POST", "/api/alerts/silences", { from: at(48), to: at(60), reason: "The provider's announced maintenance" });
  } finally {
    await receiver.stop();
  }
}
