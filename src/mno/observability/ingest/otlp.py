"""OTLP traces, protobuf and JSON, to spans. A bad span is refused by name; the rest of its batch is kept.

Source: opentelemetry-proto 1.x, `ExportTraceServiceRequest`; OTLP specification, sections on partial success
and on the JSON encoding.
"""

from typing import Any

from google.protobuf.message import DecodeError

from mno.observability.ingest import otlp_json, packed, tolerant
from mno.observability.ingest.attributes import of_protobuf, shortened
from mno.observability.ingest.messages import dumped
from mno.observability.ingest.model import (
    MAX_EVENTS_PER_SPAN,
    MAX_LINKS_PER_SPAN,
    MAX_SPANS_PER_REQUEST,
    MAX_VALUE_CHARACTERS,
    Decoded,
    Refused,
    Rejection,
)
from mno.observability.ingest.normalise import Event, Origin, origin_of, span_of
from mno.observability.ingest.plausibility import check_ids, check_number_of_attributes, check_times
from mno.observability.spans.model import Span
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid, TooLarge

decode_json = otlp_json.decode_json


def decode_protobuf(body: bytes) -> Decoded:
    """The spans of an `ExportTraceServiceRequest`.

    Text that is not UTF-8 is repaired with U+FFFD and noted. `Invalid` when the body is no such message or is
    cut short; `TooLarge` when it holds more spans than one request may.
    """
    try:
        return _decoded(body)
    except DecodeError:
        repaired = tolerant.repaired(body, packed.TraceRequest.DESCRIPTOR.full_name)
    if repaired is None:
        raise Invalid(
            "The body is not an OTLP ExportTraceServiceRequest in protobuf, was cut short, or nests values too deeply."
        )
    decoded = _decoded(repaired)
    decoded.notes.append("Text that is not valid UTF-8 was repaired: bytes that stand for no character became U+FFFD.")
    return decoded


def _decoded(body: bytes) -> Decoded:
    """`DecodeError` when a part that is looked at cannot be read."""
    decoded = Decoded()
    request = packed.TraceRequest.FromString(body)
    _check_number(sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans))
    # A body below the limit cannot hold a value above it.
    long_values = len(body) > MAX_VALUE_CHARACTERS
    now = now_ns()
    index = 0
    for resource_spans in request.resource_spans:
        resource = shortened(of_protobuf(resource_spans.resource.attributes))
        for scope_spans in resource_spans.scope_spans:
            origin = origin_of(resource, scope_spans.scope.name, scope_spans.scope.version)
            for message in scope_spans.spans:
                try:
                    decoded.spans.append(_span(message, origin, now, long_values))
                except Refused as refusal:
                    decoded.rejections.append(Rejection(index, message.span_id.hex(), str(refusal)))
                index += 1
    return decoded


def _check_number(spans: int) -> None:
    if spans > MAX_SPANS_PER_REQUEST:
        raise TooLarge(f"The request holds {spans:,} spans; at most {MAX_SPANS_PER_REQUEST:,} are taken at once.")


def _span(message: Any, origin: Origin, now: int, long_values: bool) -> Span:
    trace_id = message.trace_id
    span_id = message.span_id
    parent_span_id = check_ids(trace_id, span_id, message.parent_span_id)
    start_ns = message.start_time_unix_nano
    end_ns = message.end_time_unix_nano
    check_times(start_ns, end_ns, now)
    pairs = message.attributes
    check_number_of_attributes(len(pairs), "it")
    attributes = packed.attributes(pairs)
    if long_values:
        attributes = shortened(attributes)
    status = message.status
    return span_of(
        trace_id,
        span_id,
        parent_span_id,
        start_ns,
        end_ns,
        message.name,
        message.kind,
        status.code,
        status.message,
        attributes,
        _events(message.events) if message.events else [],
        _links(message.links) if message.links else "",
        origin,
    )


def _events(events: Any) -> list[Event]:
    if len(events) > MAX_EVENTS_PER_SPAN:
        raise Refused(f"it has {len(events):,} events; at most {MAX_EVENTS_PER_SPAN:,} are allowed")
    return [(event.time_unix_nano, event.name, _attributes(event.attributes, "an event of it")) for event in events]


def _links(links: Any) -> str:
    if len(links) > MAX_LINKS_PER_SPAN:
        raise Refused(f"it has {len(links):,} links; at most {MAX_LINKS_PER_SPAN:,} are allowed")
    return dumped(
        [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": _attributes(link.attributes, "a link of it"),
            }
            for link in links
        ]
    )


def _attributes(pairs: Any, whose: str) -> dict[str, Any]:
    check_number_of_attributes(len(pairs), whose)
    return shortened(of_protobuf(pairs))
