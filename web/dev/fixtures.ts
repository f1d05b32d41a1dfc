/* A small stand-in for the server while its routes are not there: the shapes, with made-up content. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

let seed = 7;
function random(): number {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");

const MODELS = [
  ["openai", "gpt-4o", 1], ["anthropic", "claude-sonnet-4-5", 0.8], ["google", "gemini-2.5-pro", 0.45], ["openai", "gpt-4o-mini", 0.2],
  ["anthropic", "claude-haiku-4-5", 0.16], ["mistral", "mistral-large-latest", 0.1], ["deepseek", "deepseek-chat", 0.06],
  ["google", "gemini-2.5-flash", 0.05], ["openai", "text-embedding-3-small", 0.01], ["acme", "acme-writer-70b", 0],
] as const;
const USERS = ["wei.chen", "maria.lopez", "j.schmidt", "yuki.tanaka", "amara.okafor", "li.na", "tom.baker", "sofia.rossi"];
const AGENTS = ["support-triage", "code-review", "invoice-reader", "research", "sql-analyst"];
const NAMES = ["answer_ticket", "POST /v1/chat", "review_pull_request", "extract_invoice", "plan_and_search", "nightly_summary"];

function instant(text: string | null, fallback: number): number {
  if (!text) return fallback;
  if (text === "now") return Date.now();
  const match = /^-(\d+)([mhd])$/.exec(text);
  if (match) return Date.now() - Number(match[1]) * { m: 6e4, h: 36e5, d: 864e5 }[match[2] as "m" | "h" | "d"];
  return Date.parse(text);
}
const iso = (ms: number) => new Date(ms).toISOString();

function usageRow(weight: number, spread: number): Record<string, unknown> {
  const calls = Math.round(weight * spread * (0.7 + random() * 0.6));
  const cost = (part: number) => (calls * 0.0123 * part).toFixed(9);
  return {
    calls, errors: Math.round(calls * 0.013 * random()), unpriced_calls: 0, input_tokens: calls * 1840, output_tokens: calls * 212,
    cache_read_tokens: calls * 610, cache_write_tokens: calls * 90, reasoning_tokens: calls * 40,
    cost: cost(1), cost_input: cost(0.4), cost_cache_read: cost(0.05), cost_cache_write: cost(0.07), cost_output: cost(0.48),
    latency_ms_p50: 820 + random() * 300, latency_ms_p95: 3100 + random() * 900,
  };
}

function summary(url: URL): unknown {
  const from = instant(url.searchParams.get("from"), Date.now() - 864e5);
  const to = instant(url.searchParams.get("to"), Date.now());
  const interval = url.searchParams.get("interval") ?? "none";
  const group = url.searchParams.get("group_by") ?? "";
  const step = { none: to - from, minute: 6e4, hour: 36e5, day: 864e5 }[interval as "none"];
  seed = Math.floor(from / 36e5) % 100000;
  const groups: [Record<string, string>, number][] =
    group === "" ? [[{}, 3]]
    : group === "model" || group === "provider,model" ? MODELS.map(([provider, model, weight]) => [{ provider, model }, weight])
    : group === "user" ? USERS.map((user, index) => [{ user }, 1 / (index + 1)])
    : group === "agent" ? AGENTS.map((agent, index) => [{ agent }, 1 / (index + 1)])
    : [[{ [group]: "production" }, 2], [{ [group]: "staging" }, 0.4], [{ [group]: "" }, 0.1]];
  const rows = [];
  for (let bucket = Math.floor(from / step) * step; bucket < to; bucket += step) {
    const spread = (step / 36e5) * 420 * (interval === "none" ? 1 : 0.6 + 0.5 * Math.sin(bucket / 864e5 * Math.PI * 2 - 1.6));
    for (const [dims, weight] of groups) {
      const row = { ...(interval === "none" ? {} : { bucket: iso(bucket) }), ...dims, ...usageRow(weight, spread) };
      if (dims["model"] === "acme-writer-70b") Object.assign(row, { calls: 41, unpriced_calls: 41, cost: "0.000000000" });
      rows.push(row);
    }
    if (interval === "none") break;
  }
  return { currency: "USD", rate: null, rate_date: null, from: iso(from), to: iso(to), interval, unpriced_calls: 41, truncated: false, rows };
}

function traceItem(age: number) {
  const [, model] = pick(MODELS);
  return {
    trace_id: hex(32), name: pick(NAMES), start_time: iso(Date.now() - age), duration_ms: 300 + random() * 9000, spans: 3 + Math.floor(random() * 40),
    errors: random() < 0.12 ? 1 : 0, calls: 1 + Math.floor(random() * 6), unpriced_calls: model.startsWith("acme") ? 1 : 0,
    input_tokens: Math.floor(random() * 18000), output_tokens: Math.floor(random() * 1800), cost: (random() * 0.2).toFixed(9),
    models: random() < 0.3 ? [model, pick(MODELS)[1]] : [model], user: pick(USERS), session: `s-${hex(6)}`, agent: pick(AGENTS), environment: pick(["production", "staging"]), service: "api",
  };
}

function trace(traceId: string) {
  seed = 99;
  const count = traceId.startsWith("50000") ? 50_000 : 64;
  const spans: Record<string, unknown>[] = [];
  const grow = (parent: string | null, depth: number, start: number, length: number): void => {
    if (spans.length >= count) return;
    const isCall = depth >= 2 && random() < 0.5;
    const [provider, model] = pick(MODELS);
    const id = hex(16);
    spans.push({
      span_id: id, parent_span_id: parent, depth, name: depth === 0 ? "answer_ticket" : isCall ? `chat ${model}` : pick(["retrieve documents", "execute_tool search", "rerank", "plan", "invoke_agent research"]),
      start_offset_ns: Math.floor(start), duration_ns: Math.floor(length), status: random() < 0.04 ? "error" : "ok", service: "api",
      operation: isCall ? "chat" : depth === 0 ? "invoke_agent" : "",
      ...(isCall ? { provider, model, usage_kind: "call", counted: true, input_tokens: Math.floor(random() * 4000), output_tokens: Math.floor(random() * 600), cost: provider === "acme" ? null : (random() * 0.03).toFixed(9), has_messages: true }
        : depth === 0 ? { usage_kind: "aggregate", counted: false, input_tokens: 18200, output_tokens: 3400, cost: "0.100000000", agent: "support-triage" } : {}),
    });
    if (isCall || depth > 5) return;
    const children = depth === 0 ? (count > 1000 ? 3000 : 7) : Math.floor(random() * 4);
    let at = start + length * 0.02;
    for (let child = 0; child < children; child += 1) {
      const part = (length * 0.9 * (0.5 + random())) / (children * 1.2);
      grow(id, depth + 1, at, part);
      at += part * (0.6 + random() * 0.4);
    }
  };
  const LENGTH = 8_400_000_000;
  while (spans.length < count) grow(null, 0, (spans.length / count) * LENGTH, LENGTH * (spans.length ? 0.1 : 1));
  return {
    trace_id: traceId, name: "answer_ticket", start_time: iso(Date.now() - 4e6), duration_ms: LENGTH / 1e6, truncated: false, spans,
    totals: { spans: spans.length, errors: 2, calls: 21, unpriced_calls: 1, input_tokens: 48211, output_tokens: 6120, cache_read_tokens: 12000, cache_write_tokens: 800, reasoning_tokens: 900, cost: "0.284312500" },
  };
}

function span(spanId: string) {
  return {
    span_id: spanId, parent_span_id: hex(16), name: "chat claude-sonnet-4-5", start_time: iso(Date.now() - 4e6), duration_ns: 2_140_000_000, kind: "client", status: "ok", service: "api",
    operation: "chat", provider: "anthropic", model: "claude-sonnet-4-5-20250929", request_model: "claude-sonnet-4-5", usage_kind: "call", counted: true, finish_reason: "tool_calls",
    input_tokens: 4210, cache_read_tokens: 3000, cache_write_5m_tokens: 200, cache_write_1h_tokens: 0, input_audio_tokens: 0, output_tokens: 412, reasoning_tokens: 120, output_audio_tokens: 0, time_to_first_token_ns: 340_000_000,
    cost: "0.010860000", cost_parts: { input: "0.003030000", cache_read: "0.000900000", cache_write: "0.000750000", output: "0.006180000" }, price_source: "genai-prices", price_version: "0.2.3",
    user: "wei.chen", session: "s-18a2", environment: "production", tags: ["team=support", "tier=gold"],
    input_messages: [
      { role: "system", parts: [{ type: "text", content: "You are the support assistant of Fabrikam. Answer briefly, cite the article you used, and hand over to a person when money is involved." }] },
      { role: "user", parts: [{ type: "text", content: "我的訂單 #4821 還沒有到貨,可以幫我查一下嗎?\n\nIt was promised for Monday." }] },
      { role: "assistant", parts: [{ type: "reasoning", content: "The customer wants the shipping status. I should look the order up first." }, { type: "tool_call", id: "call_1", name: "lookup_order", arguments: { order: 4821 } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: { status: "in_transit", carrier: "DHL", eta: "2026-11-22" } }] },
    ],
    output_messages: [{ role: "assistant", parts: [{ type: "text", content: "您的訂單 #4821 正在運送途中,預計 **11 月 22 日** 送達(DHL)。" }], finish_reason: "stop" }],
    attributes: { "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 1024, "gen_ai.response.id": "msg_01XF", "server.address": "api.anthropic.com" },
    resource: { "service.name": "api", "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.40.0" }, events: [], links: [],
  };
}

const KEYS = [
  { id: "key_1", name: "Production ingest", prefix: "mno_7fQ2", scopes: ["ingest"], created_at: iso(Date.now() - 4e9), last_used_at: iso(Date.now() - 4e3), revoked_at: null as string | null },
  { id: "key_2", name: "Grafana", prefix: "mno_c81x", scopes: ["read"], created_at: iso(Date.now() - 9e8), last_used_at: null, revoked_at: null as string | null },
  { id: "key_3", name: "Old laptop", prefix: "mno_9aKe", scopes: ["admin"], created_at: iso(Date.now() - 8e9), last_used_at: iso(Date.now() - 5e9), revoked_at: iso(Date.now() - 3e9) },
];
const price = (index: number) => {
  const [provider, model, weight] = MODELS[index % MODELS.length] ?? MODELS[0];
  const input = 0.15 + weight * 4;
  return { provider, model, name: model, input: input.toFixed(2), cache_read: (input / 10).toFixed(3), cache_write: provider === "anthropic" ? (input * 1.25).toFixed(2) : null, cache_write_1h: null, output: (input * 5).toFixed(2), input_audio: null, output_audio: null, tiered: provider === "google", context_window: 200_000 };
};
let sample = { state: "idle", total: 8819, sent: 0 };
let rerate = { id: "r1", state: "done", total: 0, done: 0, changed: 0 };
const custom = [{ id: "p1", provider: "openai", model: "gpt-4o*", valid_from: "2026-10-01T00:00:00Z", currency: "USD", prices: { input: "2.10", output: "8.40", cache_read: "1.05" }, note: "Enterprise agreement", created_at: iso(Date.now() - 3e9), created_by: "owner" }];

function system() {
  const wave = (index: number, base: number, swing: number) => base + swing * Math.sin(index / 7) + swing * random() * 0.6;
  return {
    version: "0.1.0", started_at: iso(Date.now() - 2e7), uptime_s: 20000, cpu_percent: 34.2, cores: 2, memory_bytes: 512e6, memory_total_bytes: 8e9, postgres_memory_bytes: 61e6,
    ingest: { accepted_spans: 1_842_113, duplicate_spans: 318, rejected_spans: 12, refused_requests: 4, spans_per_second: 1320, queue_spans: 240, queue_limit: 20000, commit_ms_p50: 8.2, commit_ms_p95: 21, answer_ms_p50: 11, answer_ms_p95: 34 },
    stores: { postgres: { bytes: 42e6 }, clickhouse: { bytes: 1.31e9, spans: 1_842_113, parts: 37, traces: 120_442 } }, disk: { free_bytes: 182e9, path: "/home/you/.local/share/mno" },
    history: Array.from({ length: 120 }, (_, index) => ({ time: iso(Date.now() - (120 - index) * 5000), cpu_percent: wave(index, 34, 12), memory_bytes: 500e6 + index * 1e5, spans_per_second: wave(index, 1300, 300), queue_spans: Math.round(wave(index, 200, 120)), answer_ms_p95: wave(index, 30, 9) })),
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

async function answer(method: string, url: URL, incoming: IncomingMessage): Promise<unknown> {
  const path = url.pathname;
  switch (`${method} ${path}`) {
    case "GET /api/auth/session": return { user: { id: "u", name: "Owner", email: "" }, team: { id: "t", name: "Default team" }, project: { id: "p", name: "Default project" }, permissions: ["spans.read", "usage.read", "prices.read", "prices.write", "keys.read", "keys.write", "system.read", "settings.read", "settings.write", "spans.write"] };
    case "GET /api/keys": return { items: KEYS };
    case "POST /api/keys": { const made = { id: `key_${KEYS.length + 1}`, prefix: "mno_zz41", created_at: iso(Date.now()), last_used_at: null, revoked_at: null, name: "", scopes: [], ...(await bodyOf(incoming)) }; KEYS.unshift(made); return { ...made, key: `mno_${hex(40)}` }; }
    case "GET /api/usage/summary": return summary(url);
    case "GET /api/usage/unpriced": return { items: [{ provider: "acme", model: "acme-writer-70b", reason: "unknown_model", calls: 41, input_tokens: 75440, output_tokens: 8692, first_seen: iso(Date.now() - 8e7), last_seen: iso(Date.now() - 2e5) }] };
    case "GET /api/usage/dimensions": return { models: MODELS.map(([, model]) => model), providers: [...new Set(MODELS.map(([provider]) => provider))], users: USERS, agents: AGENTS, environments: ["production", "staging"], api_keys: KEYS.map(({ id, name }) => ({ id, name })), tags: ["team", "tier"] };
    case "GET /api/traces": { seed = 5; return { items: Array.from({ length: Number(url.searchParams.get("limit") ?? 50) }, (_, index) => traceItem(index * 47_000)), next_cursor: "more" }; }
    case "GET /api/prices": return { data: { source: "genai-prices", version: "0.2.3", date: "2026-11-02", age_days: 19, imported: false }, custom, items: Array.from({ length: 40 }, (_, index) => price(index)).filter((each) => each.model.includes(url.searchParams.get("q") ?? "")), total: 1204 };
    case "POST /api/prices": { const made = { ...(await bodyOf(incoming)), id: `p${custom.length + 1}`, created_at: iso(Date.now()), created_by: "owner" }; custom.push(made as never); return made; }
    case "POST /api/prices/rerate": rerate = { id: "r1", state: "running", total: 240000, done: 0, changed: 0 }; return rerate;
    case "GET /api/prices/rerate": return { items: [] };
    case "GET /api/prices/rerate/r1": rerate.done = Math.min(rerate.total, rerate.done + 60000); if (rerate.done === rerate.total) Object.assign(rerate, { state: "done", changed: 41 }); return rerate;
    case "GET /api/currency": return { display: "USD", rates: [{ currency: "CNY", rate: "7.12", date: "2026-11-01" }, { currency: "TWD", rate: "31.6", date: "2026-11-01" }] };
    case "PUT /api/currency": return bodyOf(incoming);
    case "GET /api/system": return system();
    case "POST /api/sample": sample = { state: "running", total: 8819, sent: 0 }; return sample;
    case "GET /api/sample": if (sample.state === "running") { sample.sent = Math.min(8819, sample.sent + 1700); if (sample.sent === 8819) sample.state = "done"; } return { ...sample, synthetic: ["provider", "model", "user", "agent", "session"], attribution: "Azure LLM inference trace 2023, Microsoft, CC-BY 4.0" };
    default:
  }
  const spanOf = /^\/api\/traces\/(\w+)\/spans\/(\w+)$/.exec(path);
  if (spanOf) return span(spanOf[2] ?? "");
  const traceOf = /^\/api\/traces\/(\w+)$/.exec(path);
  if (traceOf) return trace(traceOf[1] ?? "");
  return undefined;
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const timer = setInterval(() => {
    const items = Array.from({ length: 3 }, () => {
      const [provider, model] = pick(MODELS);
      return { trace_id: hex(32), span_id: hex(16), name: `chat ${model}`, start_time: iso(Date.now()), duration_ms: 300 + random() * 2000, status: random() < 0.1 ? "error" : "ok", operation: "chat", provider, model, agent: pick(AGENTS), user: pick(USERS), session: "s-1", input_tokens: 900, output_tokens: 120, cost: "0.004100000", usage_kind: "call", counted: true };
    });
    response.write(`event: spans\ndata: ${JSON.stringify({ items, skipped: 0, total: 3 })}\n\n`);
  }, 1000);
  response.on("close", () => clearInterval(timer));
}

export function fixtures(): Plugin {
  return {
    name: "mno-fixtures",
    configureServer(server) {
      server.middlewares.use((incoming, response, next) => {
        const url = new URL(incoming.url ?? "/", "http://localhost");
        if (!url.pathname.startsWith("/api/")) { next(); return; }
        if (url.pathname === "/api/spans/stream") { stream(response); return; }
        void answer(incoming.method ?? "GET", url, incoming).then((body) => {
          if (incoming.method === "DELETE") return response.writeHead(204).end();
          if (body === undefined) return response.writeHead(404, { "content-type": "application/problem+json" }).end(JSON.stringify({ title: "Not found", status: 404, detail: `There is no ${url.pathname}.` }));
          return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
        });
      });
    },
  };
}
