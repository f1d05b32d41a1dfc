"""Token events of the native API, for callers without OpenTelemetry: one JSON object per model call.

An event is strict where OTLP is lenient: its author reads our documentation, so a field that we do not know
is more likely a typing error than an extension, and would lose money silently.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from mno.observability.ingest.model import MAX_EVENTS_PER_REQUEST, MAX_NAME_CHARACTERS, Decoded, Refused, Rejection
from mno.observability.ingest.normalise import cleaned_tags
from mno.observability.ingest.otlp_json import identity, json_of
from mno.observability.ingest.plausibility import check_ids, check_times, cost_nano, tokens
from mno.observability.ingest.providers import normalised, of_model
from mno.observability.ingest.usage import Buckets, Figures, Meaning, buckets
from mno.observability.spans.model import Span, UsageKind
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid, TooLarge

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIGURES = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_5m_tokens": "cache_write_5m",
    "cache_write_1h_tokens": "cache_write_1h",
    "input_audio_tokens": "input_audio",
    "output_audio_tokens": "output_audio",
    "reasoning_tokens": "reasoning",
}
_TEXTS = ("provider", "user", "session", "agent", "environment", "operation", "service_tier", "id")
#: True where the caller's own figures leave the parts out of the whole, as Anthropic's input does.
_FLAGS = ("input_excludes_cache", "output_excludes_reasoning")
_FIELDS = frozenset(
    {
        *_FIGURES,
        *_TEXTS,
        *_FLAGS,
        "model",
        "time",
        "cost",
        "duration_ms",
        "status",
        "tags",
        "trace_id",
        "span_id",
        "parent_span_id",
    }
)
_STATUSES = ("ok", "error", "unset")


def decode_events(body: bytes, *, ndjson: bool) -> Decoded:
    """Spans from a JSON array, one JSON object, or NDJSON.

    `Invalid` when the body is none of these, `TooLarge` beyond the number of events for one request. Each event
    that breaks a rule is a `Rejection` with its place; the others are kept.
    """
    decoded = Decoded()
    now = now_ns()
    for index, event in enumerate(lines_of(body) if ndjson else items_of(body)):
        if index >= MAX_EVENTS_PER_REQUEST:
            raise TooLarge(f"The request holds more than {MAX_EVENTS_PER_REQUEST:,} events.")
        try:
            decoded.spans.append(span_of_event(event, now))
        except Invalid as refusal:
            label = event.get("span_id", "") if type(event) is dict else ""
            decoded.rejections.append(Rejection(index, str(label)[:32], str(refusal)))
    return decoded


def items_of(body: bytes) -> list[Any]:
    """The values of a JSON array, or the one object that the body is."""
    value = json_of(body)
    if type(value) is dict:
        return [value]
    if type(value) is not list:
        raise Invalid("The body is not a JSON array of objects, nor one object.")
    return value


def lines_of(body: bytes) -> Iterator[Any]:
    """The values of NDJSON; in place of a line that is no JSON, the error."""
    for line in body.splitlines():
        if line.strip():
            try:
                yield json_of(line)
            except Invalid as error:
                yield error


def span_of_event(event: Any, now: int) -> Span:
    """One event as a span; `Invalid` says what is wrong with it. `now` is in nanoseconds since 1970."""
    if isinstance(event, Invalid):
        raise event
    if type(event) is not dict:
        raise Refused("the event is not a JSON object")
    unknown = sorted(set(event) - _FIELDS)
    if unknown:
        raise Refused(f"unknown field '{unknown[0][:80]}'; known are {', '.join(sorted(_FIELDS))}")
    texts = {name: text_of(event, name) for name in (*_TEXTS, "model")}
    model = texts["model"]
    if not model:
        raise Refused("it names no model")
    trace_id, span_id, parent_span_id = _ids(event, texts["id"])
    start_ns = moment_of(event, now)
    duration_ns = _duration(event)
    check_times(start_ns, start_ns + duration_ns, now)
    provider = normalised(texts["provider"]) if texts["provider"] else of_model(model)
    amounts, figured = _amounts(event)
    cost = cost_nano(event["cost"]) if event.get("cost") is not None else None
    operation = texts["operation"] or "chat"
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        start_ns=start_ns,
        duration_ns=duration_ns,
        name=f"{operation} {model}"[:MAX_NAME_CHARACTERS],
        parent_span_id=parent_span_id,
        kind="client",
        status=_status(event),
        convention="native",
        operation=operation,
        provider=provider,
        model=model,
        request_model=model,
        agent=texts["agent"],
        user_id=texts["user"],
        session_id=texts["session"],
        environment=texts["environment"],
        service_tier=texts["service_tier"],
        tags=_tags(event.get("tags")),
        usage_kind=UsageKind.CALL,
        metered=figured or cost is not None,
        reported_cost=cost,
        **amounts._asdict(),
    )


def text_of(event: dict[str, Any], name: str) -> str:
    """A field's text; empty where it is left out, `Refused` where it is something else or too long."""
    value = event.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise Refused(f"{name} is not text")
    if len(value) > MAX_NAME_CHARACTERS:
        raise Refused(f"{name} is longer than {MAX_NAME_CHARACTERS} characters")
    return value


def _ids(event: dict[str, Any], key: str) -> tuple[bytes, bytes, bytes]:
    """The ids of the event's span. The same idempotency id gives the same ids, so a retry is the same span."""
    if (key or event.get("span_id")) and event.get("time") is None:
        raise Refused("an event with an id or a span_id needs a time, so that a retry is recognised as the same")
    digest = hashlib.sha256(b"mno usage event " + key.encode()).digest() if key else os.urandom(24)
    trace_id = identity(event.get("trace_id"), "trace_id") or digest[:16]
    span_id = identity(event.get("span_id"), "span_id") or digest[16:24]
    return trace_id, span_id, check_ids(trace_id, span_id, identity(event.get("parent_span_id"), "parent_span_id"))


def moment_of(event: dict[str, Any], now: int) -> int:
    """The start in nanoseconds from RFC 3339 text with an offset; now where no time is given."""
    value = event.get("time")
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(f"time is {value!r:.40}, not RFC 3339 such as 2026-11-21T08:00:00Z") from None
    if moment.tzinfo is None:
        raise Refused("time has no offset from UTC; end it with Z or +08:00")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _duration(event: dict[str, Any]) -> int:
    value = event.get("duration_ms")
    if value is None:
        return 0
    if type(value) not in (int, float) or not 0 <= value <= 86_400_000 * 366:
        raise Refused(f"duration_ms is {value!r:.40}, not a number of milliseconds")
    nanoseconds: int = round(value * 1_000_000)
    return nanoseconds


def _amounts(event: dict[str, Any]) -> tuple[Buckets, bool]:
    figures = Figures(cache_meaning=Meaning.INCLUDES, reasoning_meaning=Meaning.INCLUDES)
    for name, slot in _FIGURES.items():
        if event.get(name) is not None:
            setattr(figures, slot, tokens(event[name], name.removesuffix("_tokens")))
    for flag in _FLAGS:
        if type(event.get(flag, False)) is not bool:
            raise Refused(f"{flag} is not true or false")
    if event.get("input_excludes_cache"):
        figures.cache_meaning = Meaning.EXCLUDES
    if event.get("output_excludes_reasoning"):
        figures.reasoning_meaning = Meaning.EXCLUDES
    _check_parts(figures)
    return buckets(figures), figures.said_anything()


def _check_parts(figures: Figures) -> None:
    """An author who says what a whole contains is told when it does not; nothing is guessed."""
    cached = (figures.cache_read or 0) + (figures.cache_write_5m or 0) + (figures.cache_write_1h or 0)
    if figures.cache_meaning is Meaning.INCLUDES and figures.input is not None and cached > figures.input:
        raise Refused(
            f"cache tokens ({cached}) are more than input_tokens ({figures.input}), which contain them; "
            "set input_excludes_cache where they do not"
        )
    reasoning = figures.reasoning or 0
    if figures.reasoning_meaning is Meaning.INCLUDES and figures.output is not None and reasoning > figures.output:
        raise Refused(
            f"reasoning_tokens ({reasoning}) are more than output_tokens ({figures.output}), which contain them; "
            "set output_excludes_reasoning where they do not"
        )


def _status(event: dict[str, Any]) -> str:
    value = event.get("status", "unset")
    if value not in _STATUSES:
        raise Refused(f"status is {value!r:.40}, not one of {', '.join(_STATUSES)}")
    return str(value)


def _tags(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if type(value) is dict:
        return cleaned_tags([f"{name}={text}" for name, text in value.items()])
    if type(value) is list and all(type(tag) is str for tag in value):
        return cleaned_tags(value)
    raise Refused("tags are neither an object of names and values nor a list of text")
