from dataclasses import replace
from typing import Any

import orjson
import pytest

from mno.observability.spans import service
from mno.observability.spans.model import UsageKind
from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.schemas import TraceDetail
from mno.observability.spans.service import Traces
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import Invalid, NotFound
from support.arriving import a_span, arrive, restate, span_id, trace_id

CALL: dict[str, Any] = {"usage_kind": UsageKind.CALL, "counted": True, "metered": True}


@pytest.fixture
def traces(clickhouse: ClickHouse) -> Traces:
    return Traces(SpanQueries(clickhouse))


async def detail(traces: Traces, tenant: Tenant, trace: int = 1) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(await traces.trace(tenant, trace_id(trace).hex()))
    TraceDetail.model_validate(body)
    return body


async def test_a_trace_is_a_waterfall_with_totals(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(
        clickhouse,
        tenant,
        [
            a_span(1, 3, at_s=2, parent=1, name="tool", tool="search", status="error"),
            a_span(
                1, 2, at_s=1, parent=1, name="call", model="gpt-4o", input_tokens=100, output_tokens=20,
                cache_read_tokens=30, cache_write_5m_tokens=4, cache_write_1h_tokens=5, reasoning_tokens=6,
                cost=123_456_789, input_messages="[]", **CALL,
            ),
        ],
    )  # fmt: skip
    arrive(clickhouse, tenant, [a_span(1, 1, name="root", duration_ns=4_000_000_000), a_span(2, 4)])
    assert await detail(traces, tenant) == {
        "trace_id": trace_id(1).hex(),
        "name": "root",
        "start_time": "2026-11-01T00:00:00.000000Z",
        "duration_ms": 4000.0,
        "totals": {
            "spans": 3,
            "errors": 1,
            "calls": 1,
            "unpriced_calls": 0,
            "input_tokens": 100,
            "output_tokens": 20,
            "cache_read_tokens": 30,
            "cache_write_tokens": 9,
            "reasoning_tokens": 6,
            "cost": "0.123456789",
        },
        "truncated": False,
        "spans": [
            {
                "span_id": span_id(1).hex(),
                "depth": 0,
                "name": "root",
                "start_offset_ns": 0,
                "duration_ns": 4_000_000_000,
                "kind": "internal",
                "status": "unset",
            },
            {
                "span_id": span_id(2).hex(),
                "parent_span_id": span_id(1).hex(),
                "depth": 1,
                "name": "call",
                "start_offset_ns": 1_000_000_000,
                "duration_ns": 1_000_000_000,
                "kind": "internal",
                "status": "unset",
                "model": "gpt-4o",
                "usage_kind": "call",
                "counted": True,
                "input_tokens": 100,
                "output_tokens": 20,
                "cost": "0.123456789",
                "has_messages": True,
            },
            {
                "span_id": span_id(3).hex(),
                "parent_span_id": span_id(1).hex(),
                "depth": 1,
                "name": "tool",
                "start_offset_ns": 2_000_000_000,
                "duration_ns": 1_000_000_000,
                "kind": "internal",
                "status": "error",
                "tool": "search",
            },
        ],
    }


@pytest.mark.parametrize("merged", [False, True])
async def test_a_restated_span_is_shown_once_as_it_is_now(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant, merged: bool
) -> None:
    agent = a_span(1, 1, usage_kind=UsageKind.AGGREGATE, counted=True, input_tokens=10, cost=5)
    arrive(clickhouse, tenant, [agent])
    arrive(clickhouse, tenant, [a_span(1, 2, at_s=1, parent=1, input_tokens=10, cost=None, **CALL)])
    restate(clickhouse, tenant, [agent], counted=0)
    if merged:
        clickhouse.command_now("OPTIMIZE TABLE spans FINAL")
    shown = await detail(traces, tenant)
    assert [(span["span_id"], span["counted"]) for span in shown["spans"]] == [
        (span_id(1).hex(), False),
        (span_id(2).hex(), True),
    ]
    assert shown["spans"][1]["cost"] is None
    assert (
        shown["totals"] | {"spans": 2, "calls": 1, "unpriced_calls": 1, "input_tokens": 10, "cost": "0.000000000"}
        == (shown["totals"])
    )


async def test_a_trace_over_several_months_is_whole(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    months = [a_span(1, 1 + month, at_s=month * 31 * 86_400, parent=1 if month else None) for month in range(3)]
    arrive(clickhouse, tenant, months)
    assert len((await detail(traces, tenant))["spans"]) == 3


async def test_a_trace_that_is_too_long_is_cut_and_its_totals_are_not(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SPANS_OF_TRACE", 3)
    arrive(clickhouse, tenant, [a_span(1, number, at_s=number) for number in range(1, 6)])
    shown = await detail(traces, tenant)
    assert shown["truncated"] is True
    assert [span["name"] for span in shown["spans"]] == ["span 1", "span 2", "span 3"]
    assert shown["totals"]["spans"] == 5


@pytest.mark.slow
async def test_50_000_spans_are_answered_whole(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(
        clickhouse,
        tenant,
        [
            a_span(1, n, at_s=n / 100, parent=n // 3 or None, model="gpt-4o", input_messages="[" + "x" * 300, **CALL)
            for n in range(1, 50_001)
        ],
    )
    body = await traces.trace(tenant, trace_id(1).hex())
    assert len(orjson.loads(body)["spans"]) == 50_000


@pytest.mark.parametrize("bad", ["", "zz", "0" * 31, "0" * 33, "g" * 32, "'" * 32, "0" * 31 + "\n"])
async def test_a_malformed_id_is_refused(traces: Traces, tenant: Tenant, bad: str) -> None:
    with pytest.raises(Invalid, match="32 hexadecimal digits"):
        await traces.trace(tenant, bad)
    with pytest.raises(Invalid, match="16 hexadecimal digits"):
        await traces.span(tenant, "0" * 32, bad)


async def test_what_is_unknown_is_not_found(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(1, 1)])
    with pytest.raises(NotFound):
        await traces.trace(tenant, trace_id(2).hex())
    with pytest.raises(NotFound):
        await traces.trace(replace(tenant, project_id="another"), trace_id(1).hex())
    with pytest.raises(NotFound):
        await traces.span(tenant, trace_id(1).hex(), span_id(2).hex())
    with pytest.raises(NotFound):
        await traces.span(replace(tenant, team_id="another"), trace_id(1).hex(), span_id(1).hex())


async def test_a_span_shows_everything(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(
        clickhouse,
        tenant,
        [
            a_span(
                1, 2, parent=1, at_s=1, name="chat", kind="client", status="error", status_message="no", service="shop",
                scope="openai", convention="otel", operation="chat", provider="openai", model="gpt-4o-2024",
                request_model="gpt-4o", agent="bot", tool="t", user_id="ann", session_id="s", environment="prod",
                finish_reason="stop", service_tier="flex", tags=("a=1", "b=2"), input_tokens=1, cache_read_tokens=2,
                cache_write_5m_tokens=3, cache_write_1h_tokens=4, input_audio_tokens=5, output_tokens=6,
                reasoning_tokens=7, output_audio_tokens=8, time_to_first_token_ns=9, cost=10, cost_input=1,
                cost_cache_read=2, cost_cache_write=3, cost_output=4, price_source="custom", price_version="v1",
                input_messages='[{"role":"user","parts":[{"type":"text","content":"訂票"}]}]',
                output_messages='[{"role":"assistant"', attributes='{"a":[1,2.5,null]}', resource='{"r":1}',
                events='[{"name":"e"}]', links="", **CALL,
            )
        ],
        ingested_at_us=1_793_491_300_000_000,
    )  # fmt: skip
    span = await traces.span(tenant, trace_id(1).hex().upper(), span_id(2).hex())
    assert span.model_dump() == {
        "trace_id": trace_id(1).hex(), "span_id": span_id(2).hex(), "parent_span_id": span_id(1).hex(),
        "name": "chat", "kind": "client", "status": "error", "status_message": "no",
        "start_time": "2026-11-01T00:00:01.000000Z", "end_time": "2026-11-01T00:00:02.000000Z",
        "ingested_at": "2026-11-01T00:01:40.000000Z", "duration_ns": 1_000_000_000, "time_to_first_token_ns": 9,
        "revision": 0, "service": "shop", "scope": "openai", "convention": "otel", "source": "otlp",
        "api_key_id": "key", "operation": "chat", "provider": "openai", "model": "gpt-4o-2024",
        "request_model": "gpt-4o", "agent": "bot", "tool": "t", "user": "ann", "session": "s", "environment": "prod",
        "finish_reason": "stop", "service_tier": "flex", "tags": ["a=1", "b=2"], "usage_kind": "call",
        "counted": True, "metered": True, "input_tokens": 1, "cache_read_tokens": 2, "cache_write_5m_tokens": 3,
        "cache_write_1h_tokens": 4, "input_audio_tokens": 5, "output_tokens": 6, "reasoning_tokens": 7,
        "output_audio_tokens": 8, "cost": "0.000000010",
        "cost_parts": {"input": "0.000000001", "cache_read": "0.000000002", "cache_write": "0.000000003",
                       "output": "0.000000004"},
        "price_source": "custom", "price_version": "v1",
        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "訂票"}]}],
        "output_messages": ['[{"role":"assistant"'], "attributes": {"a": [1, 2.5, None]}, "resource": {"r": 1},
        "events": [{"name": "e"}], "links": [],
    }  # fmt: skip
