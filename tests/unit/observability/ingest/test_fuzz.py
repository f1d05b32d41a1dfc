"""Whatever arrives, a decoder answers with spans and reasons, or with `Invalid`; it never falls over.

`make fuzz` runs these with many more examples.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mno.observability.ingest import body as bodies
from mno.observability.ingest.conventions import _ORDER
from mno.observability.ingest.model import Decoded
from mno.observability.ingest.native import decode_events
from mno.observability.ingest.otlp import decode_json, decode_protobuf
from mno.observability.ingest.signals import decode_logs, decode_metrics
from mno.observability.spans.model import Owner, Span
from mno.platform.errors import Invalid, TooLarge
from support.examples import examples
from support.otlp import as_json, request

fuzzed = settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
OWNER = Owner("team", "project", "otlp", "key")

NAMES = st.sampled_from([key for key, _ in _ORDER]) | st.sampled_from(
    [
        "gen_ai.prompt.0.role",
        "gen_ai.prompt.0.content",
        "gen_ai.prompt.0.tool_calls.0.name",
        "gen_ai.prompt.0",
        "gen_ai.completion.1.content",
        "gen_ai.completion.9999999999999.content",
        "llm.input_messages.0.message.contents.0.message_content.type",
        "llm.input_messages.0.message",
        "llm.input_messages.0.message.role",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function",
        "mno.tag.team",
        "anything",
    ]
)
JSON_KEYS = [
    "role",
    "content",
    "type",
    "parts",
    "messages",
    "text",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "image_url",
    "source",
    "choices",
    "message",
    "input",
    "output",
    "total",
    "input_cached_tokens",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(JSON_KEYS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5000) | st.floats()
SCALARS = NUMBERS | st.booleans() | st.text(max_size=30) | st.binary(max_size=10) | JSON.map(lambda v: json.dumps(v))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SPANS = st.fixed_dictionaries(
    {},
    optional={
        "trace_id": st.binary(max_size=17),
        "span_id": st.binary(max_size=9),
        "parent_span_id": st.binary(max_size=9),
        "start_time_unix_nano": st.integers(0, 2**64 - 1),
        "end_time_unix_nano": st.integers(0, 2**64 - 1),
        "kind": st.integers(-5, 10),
        "status": st.tuples(st.integers(-1, 4), st.text(max_size=5)),
        "attributes": st.dictionaries(NAMES, VALUES, max_size=12),
        "events": st.lists(
            st.tuples(
                st.sampled_from(["gen_ai.user.message", "gen_ai.choice", "exception", "gen_ai.tool.message"]),
                st.dictionaries(st.sampled_from(["content", "message", "id", "tool_calls", "role"]), VALUES),
            ),
            max_size=2,
        ),
    },
)


def check(decoded: Decoded) -> None:
    for span in decoded.spans:
        check_span(span)
    for rejection in decoded.rejections:
        assert rejection.reason


def check_span(span: Span) -> None:
    """What the store and the pages rely on."""
    assert (len(span.trace_id), len(span.span_id), len(span.parent_span_id)) == (16, 8, 8)
    assert 0 < span.start_ns < 2**63
    assert 0 <= span.duration_ns < 2**63
    cached = span.cache_read_tokens + span.cache_write_5m_tokens + span.cache_write_1h_tokens
    assert 0 <= cached + span.input_audio_tokens <= span.input_tokens < 2**62
    assert 0 <= span.reasoning_tokens + span.output_audio_tokens <= span.output_tokens < 2**62
    assert 0 <= span.time_to_first_token_ns < 2**63
    assert type(orjson.loads(span.attributes)) is dict
    for text in (span.input_messages, span.output_messages):
        for message in orjson.loads(text) if text else ():
            assert type(message["role"]) is str
            assert type(message["parts"]) is list
    for text in (span.events, span.links):
        assert not text or type(orjson.loads(text)) is list
    for name in ("name", "status", "provider", "model", "operation", "user_id", "session_id", "agent", "tool"):
        assert type(getattr(span, name)) is str
        getattr(span, name).encode()


@fuzzed
@given(st.lists(SPANS, min_size=1, max_size=3))
def test_fuzz_spans_of_any_content_in_protobuf(spans: list[dict[str, Any]]) -> None:
    check(decode_protobuf(request(*spans).SerializeToString()))


@fuzzed
@given(st.lists(SPANS, min_size=1, max_size=3))
def test_fuzz_spans_of_any_content_in_json(spans: list[dict[str, Any]]) -> None:
    check(decode_json(json.dumps(as_json(request(*spans))).encode()))


@fuzzed
@given(SPANS)
def test_fuzz_a_good_span_survives_any_neighbour(neighbour: dict[str, Any]) -> None:
    decoded = decode_protobuf(request(neighbour, {"name": "good", "span_id": b"12345678"}).SerializeToString())
    assert decoded.spans[-1].name == "good"


@fuzzed
@given(st.lists(SPANS, min_size=1, max_size=2), st.data())
def test_fuzz_damaged_protobuf(spans: list[dict[str, Any]], data: st.DataObject) -> None:
    body = bytearray(request(*spans).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Invalid):
        check(decode_protobuf(bytes(body[: data.draw(st.integers(0, len(body)))])))


@fuzzed
@given(JSON)
def test_fuzz_any_json(value: Any) -> None:
    body = json.dumps(value).encode()
    readers: list[Callable[[bytes], Any]] = [
        decode_json,
        lambda b: decode_events(b, ndjson=False),
        lambda b: decode_events(b, ndjson=True),
        lambda b: decode_logs(b, OWNER, json=True),
        lambda b: decode_metrics(b, OWNER, json=True),
    ]
    for reader in readers:
        with suppress(Invalid, TooLarge):
            reader(body)


SPAN_KEYS = ["traceId", "spanId", "startTimeUnixNano", "attributes", "events", "links", "status", "kind"]
JSON_SPANS = st.fixed_dictionaries({}, optional=dict.fromkeys(SPAN_KEYS, JSON))
VALUE_KEYS = ["stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue", "kvlistValue"]
JSON_PAIRS = st.fixed_dictionaries({"key": NAMES, "value": st.dictionaries(st.sampled_from(VALUE_KEYS), JSON)})


@fuzzed
@given(JSON_SPANS, st.lists(JSON_PAIRS, max_size=5))
def test_fuzz_odd_fields_in_json(odd: dict[str, Any], attributes: list[Any]) -> None:
    good = as_json(request({"name": "good"}))
    spans = good["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.insert(0, {**spans[0], **odd})
    spans.insert(0, {**spans[-1], "attributes": attributes})
    decoded = decode_json(json.dumps(good).encode())
    check(decoded)
    assert decoded.spans[-1].name == "good"
    assert len(decoded.spans) + len(decoded.rejections) == 3


@fuzzed
@given(st.binary(max_size=300))
def test_fuzz_any_bytes(body: bytes) -> None:
    readers: list[Callable[[bytes], Any]] = [
        decode_protobuf,
        decode_json,
        lambda b: decode_events(b, ndjson=True),
        lambda b: decode_logs(b, OWNER),
        lambda b: decode_metrics(b, OWNER),
        lambda b: bodies.unpacked(b, "gzip"),
        lambda b: bodies.unpacked(b, "deflate"),
        lambda b: bodies.unpacked(b, "zstd"),
    ]
    for reader in readers:
        with suppress(Invalid, TooLarge):
            reader(body)


EVENT_KEYS = [
    "time",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "reasoning_tokens",
    "cost",
    "duration_ms",
    "status",
    "tags",
    "id",
    "trace_id",
    "parent_span_id",
    "user",
    "input_excludes_cache",
]
EVENTS = st.fixed_dictionaries({"model": st.text(max_size=5) | JSON}, optional=dict.fromkeys(EVENT_KEYS, JSON))


@fuzzed
@given(EVENTS)
def test_fuzz_native_events(event: dict[str, Any]) -> None:
    decoded = decode_events(json.dumps([event]).encode(), ndjson=False)
    check(decoded)
    assert len(decoded.spans) + len(decoded.rejections) == 1
