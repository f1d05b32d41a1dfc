"""Token events of the native API."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.native import _FIELDS, decode_events
from mno.observability.ingest.schemas import TokenEvent
from mno.observability.spans.model import Span, UsageKind
from mno.platform.errors import Invalid
from mno.platform.money import nano

TIME = "2026-11-01T08:00:00+08:00"
EVENT = {"time": TIME, "provider": "openai", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20}


def decoded(*events: Any) -> list[Span]:
    found = decode_events(json.dumps(events).encode(), ndjson=False)
    assert found.rejections == []
    return found.spans


def refusal_of(event: Any) -> str:
    """Why one event is refused; the good one behind it must be kept."""
    found = decode_events(json.dumps([event, EVENT]).encode(), ndjson=False)
    assert len(found.spans) == 1
    [rejection] = found.rejections
    assert rejection.index == 0
    return rejection.reason


def test_an_event_is_one_model_call() -> None:
    [span] = decoded(
        {
            **EVENT,
            "cache_read_tokens": 60,
            "cache_write_5m_tokens": 10,
            "cache_write_1h_tokens": 5,
            "input_audio_tokens": 4,
            "reasoning_tokens": 7,
            "output_audio_tokens": 3,
            "duration_ms": 1500.5,
            "status": "ok",
            "user": "ada",
            "session": "s1",
            "agent": "helper",
            "environment": "prod",
            "operation": "embeddings",
            "service_tier": "flex",
            "tags": {"team": "search", "beta": True},
            "cost": "0.123456789",
        }
    )
    assert (span.start_ns, span.duration_ns) == (1793491200 * 10**9, 1_500_500_000)
    assert (span.provider, span.model, span.operation, span.status) == ("openai", "gpt-4o", "embeddings", "ok")
    assert (span.input_tokens, span.cache_read_tokens, span.output_tokens, span.reasoning_tokens) == (100, 60, 20, 7)
    assert (span.cache_write_5m_tokens, span.cache_write_1h_tokens) == (10, 5)
    assert (span.input_audio_tokens, span.output_audio_tokens) == (4, 3)
    assert (span.user_id, span.session_id, span.agent, span.environment) == ("ada", "s1", "helper", "prod")
    assert (span.service_tier, span.tags) == ("flex", ("beta=True", "team=search"))
    assert (span.usage_kind, span.metered, span.reported_cost) == (UsageKind.CALL, True, 123_456_789)


def test_one_object_and_lines_are_read_like_an_array() -> None:
    text = json.dumps(EVENT)
    assert len(decode_events(text.encode(), ndjson=False).spans) == 1
    assert len(decode_events(f"{text}\n\n{text}\r\n".encode(), ndjson=True).spans) == 2


def test_a_line_that_is_not_json_is_refused_alone() -> None:
    found = decode_events(f"{json.dumps(EVENT)}\n{{oops\n{json.dumps(EVENT)}".encode(), ndjson=True)
    assert len(found.spans) == 2
    assert found.rejections[0].index == 1
    assert "not JSON" in found.rejections[0].reason


def test_an_event_with_an_id_is_the_same_span_when_it_is_sent_again() -> None:
    first, again, other = decoded({**EVENT, "id": "a"}, {**EVENT, "id": "a"}, {**EVENT, "id": "b"})
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert (first.trace_id, first.span_id) != (other.trace_id, other.span_id)


def test_events_without_an_id_are_always_new() -> None:
    first, second = decoded(EVENT, EVENT)
    assert first.span_id != second.span_id


def test_an_event_may_join_a_trace() -> None:
    [span] = decoded({**EVENT, "trace_id": "ab" * 16, "span_id": "cd" * 8, "parent_span_id": "ef" * 8})
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == ("ab" * 16, "cd" * 8, "ef" * 8)


def test_figures_whose_parts_lie_outside_are_read_so_when_the_event_says_so() -> None:
    [span] = decoded(
        {
            **EVENT,
            "input_excludes_cache": True,
            "cache_read_tokens": 40,
            "output_excludes_reasoning": True,
            "reasoning_tokens": 30,
        }
    )
    assert (span.input_tokens, span.output_tokens) == (140, 50)


def test_a_cost_of_zero_is_believed() -> None:
    assert decoded({**EVENT, "cost": 0})[0].reported_cost == 0


def test_an_event_without_figures_is_not_metered() -> None:
    assert not decoded({"model": "gpt-4o"})[0].metered


def test_a_provider_follows_from_the_model_where_it_is_left_out() -> None:
    assert decoded({"model": "claude-sonnet-4-5"})[0].provider == "anthropic"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": ""}, "it names no model"),
        ({"model": 5}, "model is not text"),
        ({"input_token": 5}, "unknown field 'input_token'; known are agent"),
        ({"user": "x" * 513}, "user is longer than 512 characters"),
        ({"input_tokens": -1}, "its input tokens are negative (-1)"),
        ({"input_tokens": float("nan")}, "its input tokens are nan, not a whole number"),
        ({"output_tokens": "lots"}, "its output tokens are 'lots', not a number"),
        ({"output_tokens": 10**13}, "its output tokens are more than 1,000,000,000,000"),
        ({"cache_read_tokens": 101}, "cache tokens (101) are more than input_tokens (100)"),
        ({"reasoning_tokens": 21}, "reasoning_tokens (21) are more than output_tokens (20)"),
        ({"cost": "-1"}, "its cost is negative"),
        ({"cost": "NaN"}, "its cost is 'NaN', not an amount in USD"),
        ({"cost": True}, "its cost is True, not an amount in USD"),
        ({"cost": "1e999999999"}, "its cost is above 999,999,999 USD"),
        ({"time": "yesterday"}, "time is 'yesterday', not RFC 3339"),
        ({"time": 5}, "time is 5, not RFC 3339"),
        ({"time": "2026-11-01T08:00:00"}, "time has no offset from UTC"),
        ({"time": "1970-01-01T00:00:00Z"}, "it has no start time"),
        ({"time": "0001-01-01T00:00:00Z"}, "it has no start time"),
        ({"time": "2100-01-01T00:00:00Z"}, "it starts on 2100-01-01"),
        ({"time": None, "id": "a"}, "needs a time"),
        ({"time": None, "span_id": "ab" * 8}, "needs a time"),
        ({"duration_ms": -1}, "duration_ms is -1, not a number of milliseconds"),
        ({"duration_ms": "1"}, "duration_ms is '1'"),
        ({"status": "great"}, "status is 'great', not one of ok, error, unset"),
        ({"status": []}, "status is [], not one of"),
        ({"tags": 5}, "tags are neither an object"),
        ({"trace_id": "xyz"}, "its trace_id is 'xyz', not hexadecimal digits"),
        ({"trace_id": "ab"}, "its trace id has 1 bytes instead of 16"),
        ({"input_excludes_cache": "yes"}, "input_excludes_cache is not true or false"),
    ],
)
def test_a_bad_event_is_refused_by_reason_and_its_batch_is_kept(change: dict[str, Any], reason: str) -> None:
    assert reason in refusal_of({**EVENT, **change})


@pytest.mark.parametrize("event", [None, 5, "text", []])
def test_an_event_that_is_no_object_is_refused(event: Any) -> None:
    assert refusal_of(event) == "the event is not a JSON object"


@pytest.mark.parametrize("body", [b"", b"5", b'"text"', b"[", b"\xff\xfe"])
def test_a_body_that_holds_no_events_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        decode_events(body, ndjson=False)


@given(st.decimals(min_value=0, max_value=999_999_999, places=9))
def test_a_cost_written_as_text_is_exact(amount: Decimal) -> None:
    assert decoded({**EVENT, "cost": f"{amount:f}"})[0].reported_cost == nano(amount)


def test_the_description_of_an_event_names_exactly_the_fields_that_are_read() -> None:
    assert set(TokenEvent.model_fields) == _FIELDS
