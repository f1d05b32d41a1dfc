// The Vercel AI SDK under @ai-sdk/otel: `node vercel.mjs current|legacy`. Its agent and step spans repeat
// the usage of the model calls below them; the hub must count each call once.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { LegacyOpenTelemetry, OpenTelemetry } from '@ai-sdk/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { embed, generateText, isStepCount, registerTelemetry, streamText, tool } from 'ai';
import { z } from 'zod';

const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter(), instrumentations: [] });
sdk.start();
registerTelemetry(process.argv[2] === 'legacy' ? new LegacyOpenTelemetry() : new OpenTelemetry());

const base = process.env.PROVIDERS_BASE_URL;
const openai = createOpenAI({ baseURL: `${base}/openai/v1`, apiKey: 'sk-contract' });
const anthropic = createAnthropic({ baseURL: `${base}/anthropic/v1`, apiKey: 'sk-ant-contract' });
const google = createGoogle({ baseURL: `${base}/gemini/v1beta`, apiKey: 'gemini-contract' });
const telemetry = { isEnabled: true, functionId: 'contract' };
const weather = tool({
  description: 'The weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async () => ({ celsius: 24 }),
});

async function ask(model, more = {}) {
  return generateText({ model, prompt: 'What is the answer?', maxRetries: 0, telemetry, ...more });
}

async function stream(model, more = {}) {
  const answer = streamText({ model, prompt: 'What is the answer?', maxRetries: 0, telemetry, ...more });
  for await (const _ of answer.textStream);
}

async function askTools(model) {
  await ask(model, { prompt: 'How is the weather in Taipei?', tools: { get_weather: weather }, stopWhen: isStepCount(4) });
}

const cachedSystem = [
  { role: 'system', content: 'A long text.', providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } },
];
const cacheKey = { providerOptions: { openai: { promptCacheKey: 'team-7' } } };
const effort = { providerOptions: { openai: { promptCacheKey: 'team-7', reasoningEffort: 'low' } } };
const thinking = { providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } } };
const thoughts = { providerOptions: { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 128 } } } };

await ask(openai.chat('gpt-4o-mini'));
await stream(openai.chat('gpt-4o-mini'), cacheKey);
await ask(openai.chat('gpt-5-mini'), effort);
await askTools(openai.chat('gpt-4o-mini'));
await ask(openai('gpt-4o-mini'));
await stream(openai('gpt-5-mini'), effort);
await embed({ model: openai.embedding('text-embedding-3-small'), value: 'one', maxRetries: 0, telemetry });
await ask(anthropic('claude-sonnet-4-5'), { system: cachedSystem });
await stream(anthropic('claude-sonnet-4-5'), { system: cachedSystem });
await ask(anthropic('claude-sonnet-4-5'), thinking);
await askTools(anthropic('claude-sonnet-4-5'));
await ask(google('gemini-2.5-flash'), { providerOptions: { google: { cachedContent: 'cachedContents/abc' } } });
await stream(google('gemini-2.5-flash'), thoughts);
await ask(openai.chat('gpt-4o-mini'), { prompt: 'This one will exceed the limit.' }).catch(() => {});
await sdk.shutdown();
