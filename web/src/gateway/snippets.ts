/*
 * What a developer copies to call a provider through the hub: the official SDK with another address and another key.
 * The journey (web/journeys/gateway.mjs) runs each of them.
 */

import type { Kind } from "./shapes";

export type Client = "openai" | "anthropic" | "google-genai" | "curl";

export const CLIENT_TITLES: Record<Client, string> = { openai: "OpenAI SDK", anthropic: "Anthropic SDK", "google-genai": "Google Gen AI SDK", curl: "curl" };

/** The clients that speak as a provider of the kind does. */
export function clientsOf(kind: Kind): readonly Client[] {
  switch (kind) {
    case "anthropic":
      return ["anthropic", "curl"];
    case "gemini":
      return ["google-genai", "curl"];
    default:
      return ["openai", "curl"];
  }
}

export interface Called {
  /** The hub's origin, without a slash at its end. */
  host: string;
  /** The provider's name in the address. */
  provider: string;
  kind: Kind;
  model: string;
}

/** A model to begin with, where neither an alias nor the provider names one. */
export function usualModel(kind: Kind): string {
  switch (kind) {
    case "openai":
      return "gpt-5-mini";
    case "anthropic":
      return "claude-haiku-4-5";
    case "gemini":
      return "gemini-2.5-flash";
    default:
      return "MODEL";
  }
}

export function snippetOf(client: Client, called: Called): string {
  const base = `${called.host}/llm/${called.provider}`;
  const { model } = called;
  switch (client) {
    case "openai":
      return `import os
from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key=os.environ["MNO_KEY"])
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)`;
    case "anthropic":
      return `import os
from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key=os.environ["MNO_KEY"])
answer = client.messages.create(
    model="${model}",
    max_tokens=200,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.content[0].text)`;
    case "google-genai":
      return `import os
from google import genai
from google.genai import types

client = genai.Client(
    api_key=os.environ["MNO_KEY"],
    http_options=types.HttpOptions(base_url="${base}"),
)
answer = client.models.generate_content(model="${model}", contents="Say hello.")
print(answer.text)`;
    case "curl":
      return curlOf(base, called);
  }
}

function curlOf(base: string, { kind, model }: Called): string {
  const json = "-H 'Content-Type: application/json'";
  switch (kind) {
    case "anthropic":
      return `curl ${base}/v1/messages \\
  -H "x-api-key: $MNO_KEY" -H 'anthropic-version: 2023-06-01' ${json} \\
  -d '{"model": "${model}", "max_tokens": 200, "messages": [{"role": "user", "content": "Say hello."}]}'`;
    case "gemini":
      return `curl ${base}/v1beta/models/${model}:generateContent \\
  -H "x-goog-api-key: $MNO_KEY" ${json} \\
  -d '{"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}'`;
    default:
      return `curl ${base}/v1/chat/completions \\
  -H "Authorization: Bearer $MNO_KEY" ${json} \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Say hello."}]}'`;
  }
}
