// A week of an imaginary company's agents, as OTLP, for pictures and browser tests. All of it is made up.

import { PATIENCE_MS } from "./patience.mjs";

const DAY_MS = 86_400_000;
const MODELS = [
  ["openai", "gpt-4o", 30], ["anthropic", "claude-sonnet-4-5", 26], ["google", "gemini-2.5-pro", 16], ["openai", "gpt-4o-mini", 24],
  ["anthropic", "claude-haiku-4-5", 18], ["mistral", "mistral-large-latest", 8], ["deepseek", "deepseek-chat", 8],
  ["google", "gemini-2.5-flash", 12], ["openai", "gpt-5-mini", 10], ["acme", "acme-writer-70b", 3],
];
const USERS = ["wei.chen", "maria.lopez", "j.schmidt", "yuki.tanaka", "amara.okafor", "li.na", "tom.baker", "sofia.rossi"];
const AGENTS = [
  ["support-triage", "answer_ticket", ["lookup_order", "search_articles"]], ["code-review", "review_pull_request", ["read_diff", "run_tests"]],
  ["invoice-reader", "extract_invoice", ["read_pdf", "match_supplier"]], ["research", "plan_and_search", ["web_search", "summarise"]],
];
const QUESTIONS = [
  ["My order #4821 has not arrived yet. Could you check where it is?", "Order #4821 is with the carrier and is due on Monday. I have sent you the tracking link."],
  ["我的訂單 #4821 還沒有到貨，可以幫我查一下嗎？", "您的訂單 #4821 正在運送途中，預計星期一送達。追蹤連結已寄給您。"],
  ["Does this change handle an empty list?", "No: `items[0]` raises for an empty list. Guard it, or return early in line 42."],
];

/** Numbers that are the same in every run, so that two pictures differ only where the page does. */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

const hexOf = (random, length) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
const attribute = (key, value) => ({
  key,
  value: typeof value === "number" ? { intValue: String(Math.round(value)) } : { stringValue: value },
});
const attributes = (values) => Object.entries(values).map(([key, value]) => attribute(key, value));
const nano = (milliseconds) => `${BigInt(Math.round(milliseconds * 1000))}000`;

function choose(random, list) {
  return list[Math.floor(random() * list.length)];
}

function chooseModel(random) {
  let left = random() * MODELS.reduce((sum, [, , weight]) => sum + weight, 0);
  return MODELS.find(([, , weight]) => (left -= weight) <= 0) ?? MODELS[0];
}

function traceAt(random, startMs) {
  const traceId = hexOf(random, 32);
  const [agent, name, tools] = choose(random, AGENTS);
  const [question, answer] = choose(random, QUESTIONS);
  const person = { "user.id": USERS[Math.floor(random() ** 1.8 * USERS.length)], "session.id": `session-${hexOf(random, 8)}` };
  const team = agent === "code-review" ? "engineering" : "customers";
  const rootId = hexOf(random, 16);
  const spans = [];
  let at = startMs + 12;
  let [input, output] = [0, 0];
  const calls = 1 + Math.floor(random() * 3);
  for (let call = 0; call < calls; call += 1) {
    const stepId = hexOf(random, 16);
    const stepStart = at;
    const [provider, model] = chooseModel(random);
    const length = 400 + random() * 2600;
    const tokens = { input: Math.round(2600 + random() * 31_000), output: Math.round(160 + random() * 2700) };
    const cached = random() < 0.5 ? Math.round(tokens.input * 0.6) : 0;
    const isFailed = random() < 0.02;
    input += tokens.input;
    output += tokens.output;
    const tool = choose(random, tools);
    const messages = [
      { role: "system", parts: [{ type: "text", content: `You are the ${agent} agent of Fabrikam. Answer briefly and say what you relied on.` }] },
      { role: "user", parts: [{ type: "text", content: question }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "call_1", name: tool, arguments: { id: 4821 } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: { status: "in_transit", due: "Monday" } }] },
    ];
    spans.push({
      traceId, spanId: hexOf(random, 16), parentSpanId: stepId, name: `chat ${model}`, kind: 3,
      startTimeUnixNano: nano(at + 8), endTimeUnixNano: nano(at + 8 + length),
      status: isFailed ? { code: 2, message: "429: the provider's rate limit was reached" } : {},
      attributes: attributes({
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model, "gen_ai.response.model": model,
        "gen_ai.agent.name": agent, "mno.tag.team": team,
        ...(isFailed ? {} : {
          "gen_ai.usage.input_tokens": tokens.input, "gen_ai.usage.output_tokens": tokens.output,
          "gen_ai.usage.cache_read.input_tokens": cached,
          "gen_ai.output.messages": JSON.stringify([{ role: "assistant", parts: [{ type: "text", content: answer }], finish_reason: "stop" }]),
        }),
        "gen_ai.input.messages": JSON.stringify(messages), "server.address": `api.${provider}.example`, ...person,
      }),
    });
    at += length + 14;
    const toolLength = 30 + random() * 300;
    spans.push({
      traceId, spanId: hexOf(random, 16), parentSpanId: stepId, name: `execute_tool ${tool}`, kind: 1,
      startTimeUnixNano: nano(at), endTimeUnixNano: nano(at + toolLength),
      attributes: attributes({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, ...person }),
    });
    at += toolLength + 6;
    spans.push({
      traceId, spanId: stepId, parentSpanId: rootId, name: `step ${call + 1}`, kind: 1,
      startTimeUnixNano: nano(stepStart), endTimeUnixNano: nano(at), attributes: attributes(person),
    });
    at += 4;
  }
  spans.push({
    traceId, spanId: rootId, name, kind: 2, startTimeUnixNano: nano(startMs), endTimeUnixNano: nano(at + 10),
    attributes: attributes({
      "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent, "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output,
      "mno.tag.team": team, ...person,
    }),
  });
  return spans;
}

/** Traces of the last two weeks, more by day than by night, and more this week than in the one before. */
export function weeks(now, count = 700) {
  const random = randomOf(7);
  const traces = [];
  while (traces.length < count) {
    const age = random() ** 1.25 * 14 * DAY_MS;
    const hour = ((now - age) / 3_600_000) % 24;
    if (random() > 0.25 + 0.75 * Math.max(0, Math.sin(((hour - 5) / 24) * 2 * Math.PI))) continue;
    traces.push(traceAt(random, now - age));
  }
  return traces;
}

export const LONG_TRACE_ID = "5".repeat(32);

/** One trace of `count` spans, twelve levels deep at most. */
export function longTrace(now, count = 50_000) {
  const random = randomOf(11);
  const open = [];
  const spans = [];
  const begun = now - 120_000;
  for (let index = 0; index < count; index += 1) {
    while (open.length > 0 && (open.length > 11 || random() < 0.45) && open.length > 1) open.pop();
    const spanId = (index + 1).toString(16).padStart(16, "0");
    const start = begun + (index / count) * 100_000;
    const isCall = index % 25 === 7;
    spans.push({
      traceId: LONG_TRACE_ID, spanId, ...(open.length > 0 ? { parentSpanId: open.at(-1) } : {}),
      name: index === 0 ? "nightly_batch" : isCall ? "chat gpt-4o-mini" : `work item ${index}`, kind: 1,
      startTimeUnixNano: nano(start), endTimeUnixNano: nano(index === 0 ? begun + 101_000 : start + 5 + random() * 600),
      attributes: isCall
        ? attributes({ "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 80 })
        : [],
    });
    open.push(spanId);
  }
  return spans;
}

/** Sends spans in requests of 2,000; throws for anything but full acceptance. */
export async function send(url, key, spans, environment = "production") {
  for (let from = 0; from < spans.length; from += 2000) {
    const body = {
      resourceSpans: [{
        resource: { attributes: attributes({ "service.name": "assistant", "deployment.environment.name": environment }) },
        scopeSpans: [{ scope: { name: "demonstration" }, spans: spans.slice(from, from + 2000) }],
      }],
    };
    const response = await fetch(`${url}/otlp/v1/traces`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok || answer.includes("rejectedSpans")) throw new Error(`The hub answered ${response.status}: ${answer}`);
  }
}

/** The traces of a list, once they are there: what was sent is seen within a moment, not at once. */
export async function listedTraces(url, key, query) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const response = await fetch(`${url}/api/traces?${query}`, { headers: { authorization: `Bearer ${key}` } });
    const { items } = await response.json();
    if (items.length > 0) return items;
    await new Promise((resume) => setTimeout(resume, 100));
  }
  throw new Error(`No trace of ${query} arrived within ${PATIENCE_MS} ms`);
}
