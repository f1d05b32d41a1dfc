"""OTLP bodies: what is kept, what is refused and how that is said."""

import json
from typing import Any

import pytest

from mno.observability.ingest.model import MAX_VALUE_CHARACTERS, Rejection, summary
from mno.observability.ingest.otlp import decode_json, decode_protobuf
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid
from support.otlp import SECOND, SPAN_ID, TRACE_ID, as_json, body, refusal_of, request, span_with

DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"trace_id": b""}, "it has no trace id"),
        ({"span_id": b""}, "it has no span id"),
        ({"trace_id": bytes(16)}, "its trace id is all zeros"),
        ({"span_id": bytes(8)}, "its span id is all zeros"),
        ({"trace_id": b"short"}, "its trace id has 5 bytes instead of 16"),
        ({"parent_span_id": b"abc"}, "its parent span id has 3 bytes instead of 8"),
        ({"start_time_unix_nano": 0}, "it has no start time"),
        ({"start_time_unix_nano": DAY}, "it starts on 1970-01-02, more than 5 years ago"),
        (
            {"start_time_unix_nano": 4102444800 * SECOND, "end_time_unix_nano": 4102444801 * SECOND},
            "it starts on 2100-01-01, more than an hour in the future",
        ),
        (
            {"start_time_unix_nano": 2**64 - 1, "end_time_unix_nano": 2**64 - 1},
            "it starts on 2554-07-21, more than an hour in the future",
        ),
        ({"end_time_unix_nano": 0}, "it has no end time"),
        ({"end_time_unix_nano": 5}, "it ends before it starts"),
        ({"end_time_unix_nano": 4102444800 * SECOND}, "it ends on 2100-01-01, more than an hour in the future"),
        ({"attributes": {"gen_ai.usage.input_tokens": -5}}, "its input tokens are negative (-5)"),
        ({"attributes": {"gen_ai.usage.input_tokens": float("nan")}}, "its input tokens are nan, not a whole number"),
        ({"attributes": {"gen_ai.usage.output_tokens": 1.5}}, "its output tokens are 1.5, not a whole number"),
        ({"attributes": {"gen_ai.usage.output_tokens": "many"}}, "its output tokens are 'many', not a number"),
        ({"attributes": {"gen_ai.usage.output_tokens": True}}, "its output tokens are True, not a whole number"),
        ({"attributes": {"gen_ai.usage.input_tokens": 10**12 + 1}}, "its input tokens are more than 1,000,000,000,000"),
        ({"attributes": {"gen_ai.usage.cost": -0.5}}, "its cost is negative (-0.5)"),
        ({"attributes": {"gen_ai.usage.cost": float("inf")}}, "its cost is inf, not an amount in USD"),
        ({"attributes": {"gen_ai.usage.cost": "free"}}, "its cost is 'free', not an amount in USD"),
        ({"attributes": {"gen_ai.usage.cost": 1e30}}, "its cost is above 999,999,999 USD"),
        (
            {"attributes": {f"key{n}": n for n in range(1001)}},
            "it has 1,001 attributes; at most 1,000 are allowed",
        ),
        ({"events": [("e", {})] * 1001}, "it has 1,001 events; at most 1,000 are allowed"),
    ],
)
def test_a_bad_span_is_refused_by_reason_and_its_batch_is_kept(fields: dict[str, Any], reason: str) -> None:
    assert refusal_of(**fields) == reason


def test_a_span_with_a_hundred_thousand_attributes_is_refused() -> None:
    assert refusal_of(attributes={f"k{n}": 1 for n in range(100_000)}) == (
        "it has 100,000 attributes; at most 1,000 are allowed"
    )


def test_a_rejection_names_the_span_by_its_id() -> None:
    decoded = decode_protobuf(body({"span_id": SPAN_ID, "trace_id": b""}, {}, {"span_id": b""}))
    assert summary(decoded.rejections) == (
        "span 0102030405060708: it has no trace id; span number 2: it has no span id"
    )


def test_a_long_list_of_rejections_is_shortened() -> None:
    text = summary([Rejection(n, "", "bad") for n in range(30)])
    assert text.count("bad") == 20
    assert text.endswith("; and 10 more")


def test_text_that_is_not_utf8_is_repaired_and_noted_and_nothing_else_is_lost() -> None:
    raw = body({"attributes": {"user.id": "ada"}}, {"attributes": {"user.id": "bob"}}).replace(b"ada", b"a\xffa")
    decoded = decode_protobuf(raw)
    assert [span.user_id for span in decoded.spans] == ["a�a", "bob"]
    assert decoded.rejections == []
    assert "U+FFFD" in decoded.notes[0]


def test_json_that_is_not_utf8_or_has_half_a_surrogate_pair_is_repaired() -> None:
    text = json.dumps(as_json(request({"attributes": {"user.id": "ada"}}, {"attributes": {"user.id": "bob"}})))
    broken = text.replace('"ada"', r'"a\ud83d"').encode().replace(b"bob", b"b\xffb")
    assert [span.user_id for span in decode_json(broken).spans] == ["a�", "b�b"]


@pytest.mark.parametrize("damage", [b"hello", b"\xff" * 20, b"{}"])
def test_a_body_that_is_no_otlp_protobuf_is_invalid(damage: bytes) -> None:
    with pytest.raises(Invalid, match="not an OTLP ExportTraceServiceRequest"):
        decode_protobuf(damage)


def test_a_protobuf_body_that_was_cut_short_is_invalid() -> None:
    with pytest.raises(Invalid, match="cut short"):
        decode_protobuf(body({}, {})[:-3])


@pytest.mark.parametrize("damage", [b"", b"[", b"[1]", b"null", b'{"resourceSpans": 3}', b"[" * 100_000])
def test_a_body_that_is_no_otlp_json_is_invalid(damage: bytes) -> None:
    with pytest.raises(Invalid):
        decode_json(damage)


def test_an_empty_request_is_no_span() -> None:
    assert decode_protobuf(b"").spans == []
    assert decode_json(b"{}").spans == []


def test_json_and_protobuf_of_one_request_are_the_same_spans() -> None:
    message = request(
        {
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 12,
                "gen_ai.usage.output_tokens": 3,
                "flag": True,
                "rate": 0.5,
                "list": ["a", 1, {"deep": [1.5]}],
                "raw": b"\x00\x01",
                "empty": "",
                "zero": 0,
            },
            "kind": 3,
            "status": (2, "failed"),
            "events": [("exception", {"exception.message": "no"}, 5)],
        },
        {"parent_span_id": SPAN_ID},
        resource={"service.name": "shop", "deployment.environment.name": "prod"},
    )
    message.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=TRACE_ID, span_id=SPAN_ID)
    encoded = as_json(message)
    encoded["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["links"] = [
        {"traceId": TRACE_ID.hex(), "spanId": SPAN_ID.hex()}
    ]
    assert decode_json(json.dumps(encoded).encode()).spans == decode_protobuf(message.SerializeToString()).spans


def test_json_is_read_leniently() -> None:
    start = now_ns() - 5 * SECOND
    span = {
        "trace_id": TRACE_ID.hex().upper(),
        "span_id": SPAN_ID.hex(),
        "name": "call",
        "kind": "SPAN_KIND_CLIENT",
        "start_time_unix_nano": start,
        "endTimeUnixNano": str(start + SECOND),
        "status": {"code": "STATUS_CODE_ERROR"},
        "unknown": {"field": 1},
        "attributes": [
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 7}},
            {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "8"}},
            {"key": "ratio", "value": {"doubleValue": "NaN"}},
            {"key": "huge", "value": {"intValue": "99999999999999999999"}},
            {"key": "nothing", "value": {}},
        ],
    }
    [found] = decode_json(json.dumps({"resource_spans": [{"scope_spans": [{"spans": [span]}]}]}).encode()).spans
    assert (found.kind, found.status, found.duration_ns) == ("client", "error", SECOND)
    assert (found.input_tokens, found.output_tokens) == (7, 8)
    assert json.loads(found.attributes) == {"ratio": None, "huge": "99999999999999999999", "nothing": None}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"traceId": "xyz"}, "its trace id is 'xyz', not hexadecimal digits"),
        ({"spanId": 5}, "its span id is 5, not hexadecimal digits"),
        ({"startTimeUnixNano": "noon"}, "its start time is 'noon', not nanoseconds since 1970"),
        ({"startTimeUnixNano": -1}, "its start time is not within 64 bits"),
        ({"attributes": 5}, "its attributes are not a list of key and value"),
        ({"attributes": [{"value": {}}]}, "an attribute has no key"),
        ({"events": {}}, "its events are not a list of objects"),
    ],
)
def test_a_bad_span_in_json_is_refused_by_reason(change: dict[str, Any], reason: str) -> None:
    encoded = as_json(request({}, {"name": "good"}))
    encoded["resourceSpans"][0]["scopeSpans"][0]["spans"][0].update(change)
    decoded = decode_json(json.dumps(encoded).encode())
    assert [span.name for span in decoded.spans] == ["good"]
    assert [rejection.reason for rejection in decoded.rejections] == [reason]


def test_a_value_beyond_the_limit_is_cut_and_says_so() -> None:
    span = span_with({"long": "x" * (MAX_VALUE_CHARACTERS + 5)})
    assert json.loads(span.attributes)["long"].endswith("x… [5 more characters were cut]")


def test_values_nested_beyond_the_limit_are_cut() -> None:
    value: Any = "end"
    for _ in range(40):
        value = [value]
    assert "…" in span_with({"deep": value}).attributes


def test_resource_and_scope_are_shared_by_their_spans() -> None:
    span = span_with(
        {},
        resource={"service.name": "shop", "deployment.environment": "prod", "host.name": "h", "mno.tag.team": "search"},
        scope="my.scope",
    )
    assert (span.service, span.environment, span.scope) == ("shop", "prod", "my.scope")
    assert span.tags == ("team=search",)
    assert json.loads(span.resource) == {"host.name": "h"}
