# mypy: ignore-errors
"""OpenLLMetry: Traceloop's SDK with its instrumentations of the three SDKs."""

import os

import workload
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import workflow
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name="contract",
    api_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    headers={"Authorization": f"Bearer {os.environ['MNO_KEY']}"},
    telemetry_enabled=False,
    instruments={Instruments.OPENAI, Instruments.ANTHROPIC, Instruments.GOOGLE_GENERATIVEAI},
)


@workflow(name="everything")
def everything():
    Traceloop.set_association_properties({"user_id": "ada", "session_id": "session-1"})
    workload.all_providers()


everything()

from opentelemetry import trace  # noqa: E402

trace.get_tracer_provider().shutdown()
