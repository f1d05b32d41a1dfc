"""The ways in over HTTP: OTLP at our own address and at those of other products, and the native batch."""

from typing import Annotated, Protocol

import pyarrow as pa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from mno.observability.ingest import answers, body, signals
from mno.observability.ingest.body import EVENT_FORMATS, OTLP_FORMATS, BodyBudget, Format
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.model import summary
from mno.observability.ingest.schemas import EventsReceipt, RejectedEvent, events_body
from mno.observability.ingest.service import Ingest, owner_of
from mno.observability.spans.model import Owner
from mno.platform.errors import MnoError
from mno.platform.http.gate import requires
from mno.platform.principal import Principal

SpanWriter = Annotated[Principal, Depends(requires("spans.write"))]

#: Ours, the exporters' default path, and the Langfuse SDK's.
TRACE_PATHS = ("/otlp/v1/traces", "/v1/traces", "/api/public/otel/v1/traces")
_TRACES = {Format.PROTOBUF: Kind.OTLP_PROTOBUF, Format.JSON: Kind.OTLP_JSON}
_EVENTS = {Format.JSON: Kind.EVENTS_JSON, Format.NDJSON: Kind.EVENTS_NDJSON}


def router(ingest: Ingest, budget: BodyBudget) -> APIRouter:
    routes = APIRouter(tags=["ingest"])

    async def traces(request: Request, writer: SpanWriter) -> Response:
        """OTLP traces: protobuf or JSON; gzip, deflate, zstd. Bad spans are named in the partial success."""
        form = body.format_of(request.headers.get("content-type"), OTLP_FORMATS)
        try:
            with budget.share() as share:
                sent = Sent(_TRACES[form], await body.read(request, share), request.headers.get("content-encoding"))
                receipt = await ingest.take(owner_of(writer, "otlp"), sent)
        except MnoError as error:
            return answers.refused(form, error)
        message = "; ".join([*receipt.notes, *([summary(receipt.rejections)] if receipt.rejections else [])])
        return answers.accepted(form, len(receipt.rejections), message)

    for path in TRACE_PATHS:
        routes.add_api_route(path, traces, methods=["POST"], include_in_schema=path == TRACE_PATHS[0])

    @routes.post("/otlp/v1/logs")
    async def logs(request: Request, writer: SpanWriter) -> Response:
        """OTLP logs, stored as they are."""
        return await _take_signal(ingest, budget, request, writer, signals.LOGS_TABLE, signals.decode_logs)

    @routes.post("/otlp/v1/metrics")
    async def metrics(request: Request, writer: SpanWriter) -> Response:
        """OTLP metrics, stored as they are; token usage in them is never added to that of spans."""
        return await _take_signal(ingest, budget, request, writer, signals.METRICS_TABLE, signals.decode_metrics)

    @routes.post("/api/usage-events", response_model=EventsReceipt, openapi_extra=events_body())
    async def usage_events(request: Request, writer: SpanWriter) -> EventsReceipt:
        """Token events, a JSON array or NDJSON: one object for each model call."""
        form = body.format_of(request.headers.get("content-type"), EVENT_FORMATS)
        with budget.share() as share:
            sent = Sent(_EVENTS[form], await body.read(request, share), request.headers.get("content-encoding"))
            receipt = await ingest.take(owner_of(writer, "native"), sent)
        rejected = [RejectedEvent(index=refusal.index, reason=refusal.reason) for refusal in receipt.rejections]
        return EventsReceipt(accepted=receipt.accepted, rejected=rejected)

    return routes


class _DecodeSignal(Protocol):
    def __call__(self, body: bytes, owner: Owner, *, json: bool) -> pa.Table: ...


async def _take_signal(
    ingest: Ingest, budget: BodyBudget, request: Request, writer: Principal, table: str, decode: _DecodeSignal
) -> Response:
    form = body.format_of(request.headers.get("content-type"), OTLP_FORMATS)
    encoding, owner = request.headers.get("content-encoding"), owner_of(writer, "otlp")
    try:
        with budget.share() as share:
            sent = await body.read(request, share)
            await ingest.take_signals(
                owner, table, lambda: decode(body.unpacked(sent, encoding), owner, json=form is Format.JSON)
            )
    except MnoError as error:
        return answers.refused(form, error)
    return answers.accepted(form)
