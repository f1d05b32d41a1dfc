# mypy: ignore-errors
"""OpenInference's instrumentations of the three SDKs."""

import workload
from openinference.instrumentation import using_attributes
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
for instrumentor in (OpenAIInstrumentor(), AnthropicInstrumentor(), GoogleGenAIInstrumentor()):
    instrumentor.instrument(tracer_provider=provider)
with using_attributes(session_id="session-1", user_id="ada", metadata={"team": "search"}, tags=["contract"]):
    workload.all_providers()
provider.shutdown()
