"""A span on its way into the store is answered as it will be answered from the store."""

import time
from decimal import Decimal
from uuid import uuid4

import orjson
import pyarrow as pa
import pytest

from mno.observability.spans import columns
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.model import Owner, Span, SpanKey, TraceKey, UsageKind
from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore, joined, restatement
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import NotFound
from support.arriving import a_span, arrive, trace_id

TRACE = trace_id(7).hex()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(str(uuid4()), str(uuid4()))


def a_block(tenant: Tenant, *spans: Span) -> pa.Table:
    return columns.block([(Owner(tenant.team_id, tenant.project_id, "otlp", "key"), spans)], time.time_ns() // 1000)


def a_family() -> list[Span]:
    call = a_span(
        7, 2, at_s=0.5, parent=1, name='say "hi"', usage_kind=UsageKind.CALL, counted=True, metered=True,
        provider="openai", model="gpt-4o", input_tokens=1200, output_tokens=34, cache_read_tokens=1000,
        cache_write_5m_tokens=5, cache_write_1h_tokens=7, reasoning_tokens=3, cost=123,
        input_messages='[{"role":"user"}]',
    )  # fmt: skip
    unpriced = a_span(7, 3, at_s=0.7, parent=2, status="error", usage_kind=UsageKind.CALL, counted=True, cost=None)
    return [call, a_span(7, 1, name="root", agent="planner", service="app"), unpriced]


async def test_a_fresh_trace_is_answered_as_the_store_will_answer_it(clickhouse: ClickHouse, tenant: Tenant) -> None:
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    block = a_block(tenant, *a_family())
    with pytest.raises(NotFound):
        await traces.trace(tenant, TRACE)
    fresh.enter(block)
    before = await traces.trace(tenant, TRACE)
    fresh.leave()
    SpanStore(clickhouse).insert(block)
    assert orjson.loads(before) == orjson.loads(await traces.trace(tenant, TRACE))
    assert orjson.loads(before)["totals"]["cost"] == "0.000000123"


async def test_fresh_spans_are_laid_over_those_that_are_stored(clickhouse: ClickHouse, tenant: Tenant) -> None:
    """The root comes late, and the call's figures are restated in the same block."""
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    call, root, unpriced = a_family()
    arrive(clickhouse, tenant, [call, unpriced])
    key = SpanKey(TraceKey(tenant.team_id, tenant.project_id, call.trace_id), call.span_id, call.start_ns // 1000)
    store = SpanStore(clickhouse)
    current = store.current_rows([key])[0]
    changed = {
        "cost": pa.array([Decimal("0.5")], current["cost"].type),
        "counted": pa.array([0], current["counted"].type),
    }
    block = joined([a_block(tenant, root), restatement(current, changed)])
    fresh.enter(block)
    before = await traces.trace(tenant, TRACE)
    fresh.leave()
    store.insert(block)
    store.settle()
    assert orjson.loads(before) == orjson.loads(await traces.trace(tenant, TRACE))
    assert next(span["name"] for span in orjson.loads(before)["spans"]) == "root"


async def test_nobody_sees_fresh_spans_of_another_project(clickhouse: ClickHouse, tenant: Tenant) -> None:
    fresh = FreshSpans()
    fresh.enter(a_block(tenant, *a_family()))
    traces = Traces(SpanQueries(clickhouse), fresh)
    for stranger in (Tenant(tenant.team_id, str(uuid4())), Tenant(str(uuid4()), tenant.project_id)):
        with pytest.raises(NotFound):
            await traces.trace(stranger, TRACE)


async def test_an_insert_that_fails_leaves_nothing_fresh(
    clickhouse: ClickHouse, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    seen = []

    def fail(_table: str, _block: pa.Table) -> None:
        seen.append(fresh.of_trace(tenant, TRACE))
        raise RuntimeError("no room")

    monkeypatch.setattr(clickhouse, "insert", fail)
    with pytest.raises(RuntimeError):
        SpanStore(clickhouse, fresh).insert(a_block(tenant, *a_family()))
    assert [rows.num_rows for rows in seen if rows is not None] == [3]
    with pytest.raises(NotFound):
        await traces.trace(tenant, TRACE)
