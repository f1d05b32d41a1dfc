# mypy: ignore-errors
"""OpenTelemetry's own GenAI instrumentations, with message content on the spans."""

import workload
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument()
AnthropicInstrumentor().instrument()
GoogleGenAiSdkInstrumentor().instrument()


def agent_with_two_calls():
    """An agent span in the manner of the agent instrumentations: it repeats its children's usage."""
    client = workload.openai_client()
    with trace.get_tracer("agent-framework").start_as_current_span("invoke_agent Helper") as span:
        answers = [workload.openai_chat(client), workload.openai_chat(client)]
        span.set_attribute("gen_ai.operation.name", "invoke_agent")
        span.set_attribute("gen_ai.provider.name", "openai")
        span.set_attribute("gen_ai.agent.name", "Helper")
        span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
        span.set_attribute("gen_ai.usage.input_tokens", sum(answer.usage.prompt_tokens for answer in answers))
        span.set_attribute("gen_ai.usage.output_tokens", sum(answer.usage.completion_tokens for answer in answers))


workload.all_providers()
agent_with_two_calls()
# Without `include_usage` OpenAI streams no figures: the hub must say so, and not that the call was free.
workload.openai_chat(workload.openai_client(), stream=True)
provider.shutdown()
