/*
 * What a developer copies to connect an application: complete, with the hub's address and the key filled
 * in. Each is what the contract tests drive (tests/contract), in its shortest form.
 */

export type ClientName = "curl" | "otel" | "openai" | "anthropic" | "langchain" | "vercel" | "langfuse";

export interface Step {
  /** Which words stand above the text: a command for the shell, or a file. */
  kind: "install" | "settings" | "python" | "javascript" | "shell";
  text: string;
}

export const CLIENTS: readonly { name: ClientName; title: string }[] = [
  { name: "openai", title: "OpenAI" },
  { name: "anthropic", title: "Anthropic" },
  { name: "langchain", title: "LangChain" },
  { name: "vercel", title: "Vercel AI SDK" },
  { name: "langfuse", title: "Langfuse SDK" },
  { name: "otel", title: "OpenTelemetry" },
  { name: "curl", title: "HTTP" },
];

const EXPORTER = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http";

const PROVIDER = `from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)`;

function otelSettings(host: string, key: string): Step {
  return {
    kind: "settings",
    text: `export OTEL_EXPORTER_OTLP_ENDPOINT="${host}/otlp"
export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${key}"
export OTEL_SERVICE_NAME="my-application"
export OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=development"
# The messages are recorded too; leave these two out to send figures only.
export OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental"
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="span_only"`,
  };
}

/** The steps for one client. `host` is the hub's origin without a slash at its end. */
export function stepsFor(client: ClientName, host: string, key: string): Step[] {
  switch (client) {
    case "openai":
      return [
        { kind: "install", text: `pip install openai ${EXPORTER} opentelemetry-instrumentation-genai-openai` },
        otelSettings(host, key),
        {
          kind: "python",
          text: `${PROVIDER}

from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
OpenAIInstrumentor().instrument()

from openai import OpenAI
answer = OpenAI().chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)
provider.shutdown()  # sends what is left`,
        },
      ];
    case "anthropic":
      return [
        { kind: "install", text: `pip install anthropic ${EXPORTER} opentelemetry-instrumentation-genai-anthropic` },
        otelSettings(host, key),
        {
          kind: "python",
          text: `${PROVIDER}

from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
AnthropicInstrumentor().instrument()

import anthropic
answer = anthropic.Anthropic().messages.create(
    model="claude-sonnet-4-5",
    max_tokens=200,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.content[0].text)
provider.shutdown()  # sends what is left`,
        },
      ];
    case "langchain":
      return [
        { kind: "install", text: `pip install langchain-openai ${EXPORTER} openinference-instrumentation-langchain` },
        otelSettings(host, key),
        {
          kind: "python",
          text: `${PROVIDER}

from openinference.instrumentation.langchain import LangChainInstrumentor
LangChainInstrumentor().instrument(tracer_provider=provider)

from langchain_openai import ChatOpenAI
print(ChatOpenAI(model="gpt-4o-mini", stream_usage=True).invoke("Say hello.").content)
provider.shutdown()  # sends what is left`,
        },
      ];
    case "vercel":
      return [
        {
          kind: "install",
          text: "npm install ai @ai-sdk/openai @ai-sdk/otel @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto",
        },
        {
          kind: "settings",
          text: `export OTEL_EXPORTER_OTLP_ENDPOINT="${host}/otlp"
export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${key}"
export OTEL_SERVICE_NAME="my-application"`,
        },
        {
          kind: "javascript",
          text: `import { openai } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { generateText, registerTelemetry } from "ai";

const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });
sdk.start();
registerTelemetry(new OpenTelemetry());

const { text } = await generateText({
  model: openai("gpt-4o-mini"),
  prompt: "Say hello.",
  telemetry: { isEnabled: true, functionId: "hello" },
});
console.log(text);
await sdk.shutdown(); // sends what is left`,
        },
      ];
    case "langfuse":
      return [
        { kind: "install", text: "pip install langfuse openai" },
        {
          kind: "settings",
          text: `export LANGFUSE_BASE_URL="${host}"
export LANGFUSE_PUBLIC_KEY="pk-lf-mno"
export LANGFUSE_SECRET_KEY="${key}"`,
        },
        {
          kind: "python",
          text: `from langfuse import get_client
from langfuse.openai import OpenAI

answer = OpenAI().chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)
get_client().flush()  # sends what is left`,
        },
      ];
    case "otel":
      return [
        { kind: "install", text: `pip install ${EXPORTER}` },
        otelSettings(host, key),
        {
          kind: "python",
          text: `${PROVIDER}

# Any span with the GenAI attributes is a call. This one needs no provider's key.
with trace.get_tracer("example").start_as_current_span("chat gpt-4o-mini") as span:
    span.set_attribute("gen_ai.operation.name", "chat")
    span.set_attribute("gen_ai.provider.name", "openai")
    span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
    span.set_attribute("gen_ai.usage.input_tokens", 1200)
    span.set_attribute("gen_ai.usage.output_tokens", 80)
    span.set_attribute("user.id", "ada")
provider.shutdown()  # sends what is left`,
        },
      ];
    case "curl":
      return [
        {
          kind: "shell",
          text: `curl ${host}/api/usage-events \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '[{"provider": "openai", "model": "gpt-4o-mini", "input_tokens": 1200, "output_tokens": 80, "user": "ada", "tags": {"feature": "hello"}}]'`,
        },
      ];
  }
}
