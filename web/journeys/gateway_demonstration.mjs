// A gateway that is set up and has been called: providers, aliases, keys with limits, and a target that fails.

import { startProvider } from "./provider.mjs";

const CALLS = 160;
const FAILURES = 6;

async function read(response) {
  if (!response.ok) throw new Error(`The hub answered ${response.status}: ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

export async function demonstrateGateway({ url, call }) {
  const provider = await startProvider();
  const make = async (...wish) => read(await call(...wish));
  try {
    await make("PUT", "/api/config/system", { level: "hub", values: { "security.egress_allowed": ["127.0.0.0/8"] } });
    const providers = {
      openai: { kind: "openai", cache_s: 600 }, anthropic: { kind: "anthropic", models: ["claude-*"] }, gemini: { kind: "gemini" },
      "my-vllm": { kind: "openai-compatible", models: ["qwen3-32b", "llama-3.3-70b"], retries: 0 },
    };
    for (const [name, wish] of Object.entries(providers)) await make("POST", "/api/gateway/providers", { name, base_url: provider.url, credential: name === "my-vllm" ? null : "sk-not-real", ...wish });
    const target = (name, model, weight) => ({ provider: name, model, weight });
    await make("PUT", "/api/gateway/models/fast", { sticky: "user", targets: [target("openai", "gpt-4o-mini", 95), target("openai", "gpt-5-mini", 5), target("my-vllm", "qwen3-32b", 0)] });
    await make("PUT", "/api/gateway/models/careful", { targets: [target("anthropic", "claude-sonnet-4-5", 3), target("anthropic", "claude-haiku-4-5", 1)] });
    const keys = [];
    for (const name of ["Checkout", "Support desk", "Research notebooks"]) keys.push(await make("POST", "/api/keys", { name, scopes: ["gateway"] }));
    await make("PUT", `/api/gateway/keys/${keys[0].id}`, { providers: ["openai", "my-vllm"], models: ["fast", "gpt-4o-mini", "gpt-5*"], requests_per_minute: 600, tokens_per_minute: 200_000, concurrent_calls: 20, output_tokens: 4096 });
    await make("PUT", `/api/gateway/keys/${keys[1].id}`, { requests_per_minute: 120 });
    const ask = (key, path, body) => fetch(`${url}/llm/${path}`, { method: "POST", headers: { authorization: `Bearer ${key}`, "x-api-key": key, "content-type": "application/json" }, body: JSON.stringify(body) }).then((answer) => answer.text());
    const messages = [{ role: "user", content: "Say hello." }];
    for (let count = 0; count < CALLS; count += 1) {
      await ask(keys[count % 2].key, "openai/v1/chat/completions", { model: count % 3 === 0 ? "gpt-4o-mini" : "fast", messages });
      if (count % 4 === 0) await ask(keys[2].key, "anthropic/v1/messages", { model: "careful", max_tokens: 100, messages });
    }
    provider.failing.add("llama-3.3-70b");
    for (let count = 0; count < FAILURES; count += 1) await ask(keys[2].key, "my-vllm/v1/chat/completions", { model: "llama-3.3-70b", messages });
  } finally {
    await provider.stop();
  }
}
