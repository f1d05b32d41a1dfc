# mypy: ignore-errors
"""LangChain under OpenInference: chains, whose spans carry no usage, above the model calls, which do."""

import os

from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
LangChainInstrumentor().instrument(tracer_provider=provider)
base_url = f"{os.environ['PROVIDERS_BASE_URL']}/openai/v1"
model = ChatOpenAI(model="gpt-4o-mini", base_url=base_url, api_key="sk-contract", max_retries=0, stream_usage=True)
prompt = ChatPromptTemplate.from_messages([("system", "You answer briefly."), ("user", "{question}")])
chain = prompt | model
chain.invoke({"question": "What is the answer?"})
for _ in chain.stream({"question": "What is the answer?"}):
    pass
(prompt | model.bind(prompt_cache_key="team-7")).invoke({"question": "What is the answer?"})
provider.shutdown()
