/*
 * Providers that need no more than a credential, by how they speak and where they are. An address ends before `/v1`.
 * `priced_as` is what the price list calls them, where that is not their name here.
 */

import type { Kind } from "./shapes";

export interface Preset {
  name: string;
  title: string;
  kind: Kind;
  base_url: string;
  priced_as: string;
}

const compatible = (name: string, title: string, base_url: string, priced_as = ""): Preset => ({ name, title, kind: "openai-compatible", base_url, priced_as });

export const PRESETS: readonly Preset[] = [
  { name: "openai", title: "OpenAI", kind: "openai", base_url: "https://api.openai.com", priced_as: "" },
  { name: "anthropic", title: "Anthropic", kind: "anthropic", base_url: "https://api.anthropic.com", priced_as: "" },
  { name: "gemini", title: "Google Gemini", kind: "gemini", base_url: "https://generativelanguage.googleapis.com", priced_as: "" },
  compatible("deepseek", "DeepSeek", "https://api.deepseek.com"),
  compatible("qwen", "Qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode"),
  compatible("moonshot", "Moonshot AI", "https://api.moonshot.ai", "moonshotai"),
  compatible("mistral", "Mistral", "https://api.mistral.ai"),
  compatible("xai", "xAI", "https://api.x.ai", "x-ai"),
  compatible("openrouter", "OpenRouter", "https://openrouter.ai/api"),
  compatible("vllm", "vLLM", "http://localhost:8000"),
  compatible("ollama", "Ollama", "http://localhost:11434"),
];

/** Anybody else who speaks as OpenAI does. */
export const OTHER: Preset = compatible("", "", "");

export const KIND_TITLES: Record<Kind, string> = { openai: "OpenAI", anthropic: "Anthropic", gemini: "Gemini", "openai-compatible": "OpenAI-compatible" };

/** Empty for what is no address. */
export function hostOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return "";
  }
}

/** Whether an address lies in the hub's own network, which an administrator has to let through. */
export function isOwnNetwork(address: string): boolean {
  const host = hostOf(address).replace(/:\d+$/, "");
  return /^(localhost$|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|\[)/.test(host) || (host !== "" && !host.includes("."));
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export const isProviderName = (name: string): boolean => NAME.test(name);
