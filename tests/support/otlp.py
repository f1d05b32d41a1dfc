"""Small OTLP requests for tests, built with the protocol's own classes."""

import base64
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mno.observability.ingest.otlp import decode_protobuf
from mno.observability.spans.model import Span
from mno.platform.clock import now_ns

SECOND = 10**9
TRACE_ID = bytes(range(1, 17))
SPAN_ID = bytes(range(1, 9))


def fill(value: Any, content: object) -> None:
    """Sets an AnyValue to a Python value."""
    if isinstance(content, bool):
        value.bool_value = content
    elif isinstance(content, str):
        value.string_value = content
    elif isinstance(content, int):
        value.int_value = content
    elif isinstance(content, float):
        value.double_value = content
    elif isinstance(content, bytes):
        value.bytes_value = content
    elif isinstance(content, list):
        value.array_value.SetInParent()
        for item in content:
            fill(value.array_value.values.add(), item)
    elif isinstance(content, dict):
        value.kvlist_value.SetInParent()
        for key, item in content.items():
            fill(value.kvlist_value.values.add(key=key).value, item)


def request(*spans: Mapping[str, Any], resource: Mapping[str, Any] | None = None, scope: str = "test") -> Any:
    """A request with one resource and one scope. A span is its fields; `attributes` is a plain dict, `events` a
    list of (name, attributes) or (name, attributes, nanoseconds after the start)."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    for key, content in (resource or {}).items():
        fill(resource_spans.resource.attributes.add(key=key).value, content)
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = scope
    for number, fields in enumerate(spans):
        _add(scope_spans, number, dict(fields))
    return message


def _add(scope_spans: Any, number: int, fields: dict[str, Any]) -> None:
    start = now_ns() - 10 * SECOND
    attributes = fields.pop("attributes", {})
    events = fields.pop("events", [])
    status = fields.pop("status", (0, ""))
    given = {
        "trace_id": TRACE_ID,
        "span_id": bytes([number + 1]) * 8,
        "name": "call",
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + SECOND,
        **fields,
    }
    span = scope_spans.spans.add(**given)
    span.status.code, span.status.message = status
    for key, content in attributes.items():
        fill(span.attributes.add(key=key).value, content)
    for name, body, *after in events:
        event = span.events.add(name=name, time_unix_nano=given["start_time_unix_nano"] + (after[0] if after else 0))
        for key, content in body.items():
            fill(event.attributes.add(key=key).value, content)


def body(*spans: Mapping[str, Any], **shared: Any) -> bytes:
    encoded: bytes = request(*spans, **shared).SerializeToString()
    return encoded


def span_with(attributes: Mapping[str, Any], **fields: Any) -> Span:
    """The one span that these attributes make; fails when it is refused."""
    shared = {name: fields.pop(name) for name in ("resource", "scope") if name in fields}
    decoded = decode_protobuf(body({"attributes": attributes, **fields}, **shared))
    assert decoded.rejections == []
    [span] = decoded.spans
    return span


def refusal_of(**fields: Any) -> str:
    """Why one span of a batch is refused; the good one beside it must be kept."""
    decoded = decode_protobuf(body(fields, {"name": "good"}))
    assert [span.name for span in decoded.spans] == ["good"]
    [rejection] = decoded.rejections
    return rejection.reason


def as_json(message: Any) -> dict[str, Any]:
    """The request in OTLP's JSON encoding, whose ids are hex."""
    encoded: dict[str, Any] = json_format.MessageToDict(message)
    for resource_spans in encoded.get("resourceSpans", []):
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64decode(span[key]).hex()
    return encoded
