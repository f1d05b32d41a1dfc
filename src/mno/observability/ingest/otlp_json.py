"""OTLP traces in their JSON encoding.

Ids are hex, 64-bit integers may be text or numbers, enums are numbers (names are read as well), unknown
fields are ignored, and snake_case names are read like camelCase ones.
"""

import json
from typing import Any

import orjson

from mno.observability.ingest.attributes import of_json, shortened
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

_KINDS = {
    "SPAN_KIND_UNSPECIFIED": 0,
    "SPAN_KIND_INTERNAL": 1,
    "SPAN_KIND_SERVER": 2,
    "SPAN_KIND_CLIENT": 3,
    "SPAN_KIND_PRODUCER": 4,
    "SPAN_KIND_CONSUMER": 5,
}
_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


def json_of(body: bytes) -> Any:
    """The value of a JSON body.

    Bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD, NaN is read, so that one bad value
    does not cost a batch. `Invalid` when it is not JSON.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        return _without_surrogates(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Invalid(f"The body is not JSON: {reason[:200]}") from None


def _without_surrogates(value: Any) -> Any:
    if type(value) is str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if type(value) is list:
        return [_without_surrogates(item) for item in value]
    if type(value) is dict:
        return {_without_surrogates(k): _without_surrogates(item) for k, item in value.items()}
    return value


def decode_json(body: bytes) -> Decoded:
    """The spans of an `ExportTraceServiceRequest` in JSON. `Invalid` when the body is not one."""
    request = json_of(body)
    if type(request) is not dict:
        raise Invalid("The body is not an OTLP ExportTraceServiceRequest: a JSON object with resourceSpans.")
    decoded = Decoded()
    long_values = len(body) > MAX_VALUE_CHARACTERS
    now = now_ns()
    index = 0
    for resource_spans in objects(request, "resourceSpans", "resource_spans"):
        resource = shortened(_lenient(field(resource_spans, "resource")))
        for scope_spans in objects(resource_spans, "scopeSpans", "scope_spans"):
            scope = field(scope_spans, "scope") or {}
            origin = origin_of(resource, text(scope, "name"), text(scope, "version"))
            for item in entries(scope_spans, "spans"):
                try:
                    decoded.spans.append(_span(item, origin, now, long_values))
                except Refused as refusal:
                    decoded.rejections.append(Rejection(index, text(item, "spanId", "span_id")[:32], str(refusal)))
                index += 1
                if index > MAX_SPANS_PER_REQUEST:
                    raise TooLarge(f"The request holds more than {MAX_SPANS_PER_REQUEST:,} spans.")
    return decoded


def _lenient(resource: Any) -> dict[str, Any]:
    """A resource's attributes; a malformed list counts as none, because all spans would be lost for it."""
    try:
        return of_json(resource.get("attributes")) if type(resource) is dict else {}
    except Refused:
        return {}


def field(item: Any, *names: str) -> Any:
    """The first of these fields that is there."""
    if type(item) is not dict:
        return None
    for name in names:
        if name in item:
            return item[name]
    return None


def entries(item: Any, *names: str) -> list[Any]:
    """A list, of whatever, under one of these names. `Invalid` when it is something else."""
    value = field(item, *names)
    if value is None:
        return []
    if type(value) is not list:
        raise Invalid(f"{names[0]} is not a list of objects.")
    return value


def objects(item: Any, *names: str) -> list[dict[str, Any]]:
    """A list of objects under one of these names. `Invalid` when it is something else."""
    value = entries(item, *names)
    if not all(type(entry) is dict for entry in value):
        raise Invalid(f"{names[0]} is not a list of objects.")
    return value


def text(item: Any, *names: str) -> str:
    value = field(item, *names)
    return value if type(value) is str else ""


def _span(item: Any, origin: Origin, now: int, long_values: bool) -> Span:
    if type(item) is not dict:
        raise Refused("it is not an object")
    trace_id = identity(field(item, "traceId", "trace_id"), "trace id")
    span_id = identity(field(item, "spanId", "span_id"), "span id")
    parent = identity(field(item, "parentSpanId", "parent_span_id"), "parent span id")
    parent_span_id = check_ids(trace_id, span_id, parent)
    start_ns = moment(field(item, "startTimeUnixNano", "start_time_unix_nano"), "start time")
    end_ns = moment(field(item, "endTimeUnixNano", "end_time_unix_nano"), "end time")
    check_times(start_ns, end_ns, now)
    attributes = _attributes(item, "it")
    if long_values:
        attributes = shortened(attributes)
    status = field(item, "status")
    return span_of(
        trace_id,
        span_id,
        parent_span_id,
        start_ns,
        end_ns,
        text(item, "name"),
        enumerated(item.get("kind"), _KINDS),
        enumerated(field(status, "code"), _CODES),
        text(status, "message"),
        attributes,
        _events(item.get("events")),
        _links(item.get("links")),
        origin,
    )


def identity(value: Any, what: str) -> bytes:
    """An id in hex; `Refused` when it is not."""
    if value is None or value == "":
        return b""
    try:
        return bytes.fromhex(value)
    except (ValueError, TypeError):
        raise Refused(f"its {what} is {value!r:.40}, not hexadecimal digits") from None


def moment(value: Any, what: str) -> int:
    """Nanoseconds since 1970 from text or a number; 0 where it is missing, `Refused` where it is no time."""
    if value is None or value == "":
        return 0
    try:
        time_ns = int(value)
    except (ValueError, TypeError, OverflowError):
        raise Refused(f"its {what} is {value!r:.40}, not nanoseconds since 1970") from None
    if not 0 <= time_ns < 2**64:
        raise Refused(f"its {what} is not within 64 bits")
    return time_ns


def enumerated(value: Any, names: dict[str, int]) -> int:
    if type(value) is int:
        return value
    return names.get(value, 0) if type(value) is str else 0


def _listed(value: Any, limit: int, what: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if type(value) is not list or not all(type(entry) is dict for entry in value):
        raise Refused(f"its {what} are not a list of objects")
    if len(value) > limit:
        raise Refused(f"it has {len(value):,} {what}; at most {limit:,} are allowed")
    return value


def _events(value: Any) -> list[Event]:
    return [
        (
            moment(field(event, "timeUnixNano", "time_unix_nano"), "event time"),
            text(event, "name"),
            shortened(_attributes(event, "an event of it")),
        )
        for event in _listed(value, MAX_EVENTS_PER_SPAN, "events")
    ]


def _links(value: Any) -> str:
    links = _listed(value, MAX_LINKS_PER_SPAN, "links")
    return dumped([_link(link) for link in links]) if links else ""


def _link(link: dict[str, Any]) -> dict[str, Any]:
    return {
        "trace_id": text(link, "traceId", "trace_id"),
        "span_id": text(link, "spanId", "span_id"),
        "attributes": shortened(_attributes(link, "a link of it")),
    }


def _attributes(item: dict[str, Any], whose: str) -> dict[str, Any]:
    pairs = item.get("attributes")
    if type(pairs) is list:
        check_number_of_attributes(len(pairs), whose)
    return of_json(pairs)
