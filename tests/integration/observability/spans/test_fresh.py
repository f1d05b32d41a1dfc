"""A span on its way into the store is answered as it will be answered from the store."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import orjson
import pyarrow as pa
import pytest

from mno.observability.spans import columns
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.model import Owner, Span, SpanKey, TraceKey, UsageKind
from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.restatement import Restatements
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore, joined
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import NotFound
from support.arriving import a_span, arrive, trace_id

TRACE = trace_id(7).hex()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(str(uuid4()), str(uuid4()))


@dataclass
class OnItsWay:
    """A group as the writer has it between admission and insert."""

    deliveries: list[tuple[Owner, Sequence[Span]]]
    corrections: dict[SpanKey, bool] = field(default_factory=dict)

    def block(self) -> pa.Table:
        return columns.block(self.deliveries, time.time_ns() // 1000)


def a_group(tenant: Tenant, *spans: Span) -> OnItsWay:
    return OnItsWay([(Owner(tenant.team_id, tenant.project_id, "otlp", "key"), spans)])


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
    group = a_group(tenant, *a_family())
    with pytest.raises(NotFound):
        await traces.trace(tenant, TRACE)
    fresh.enter(group)
    before = await traces.trace(tenant, TRACE)
    SpanStore(clickhouse).insert(group.block())
    assert orjson.loads(before) == orjson.loads(await traces.trace(tenant, TRACE))  # both have it for a moment
    fresh.leave(group)
    assert orjson.loads(before) == orjson.loads(await traces.trace(tenant, TRACE))
    assert orjson.loads(before)["totals"]["cost"] == "0.000000123"


async def test_fresh_spans_are_laid_over_those_that_are_stored(clickhouse: ClickHouse, tenant: Tenant) -> None:
    """The root comes late, and the call counts no longer because of something in the same group."""
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    call, root, unpriced = a_family()
    arrive(clickhouse, tenant, [call, unpriced])
    key = SpanKey(TraceKey(tenant.team_id, tenant.project_id, call.trace_id), call.span_id, call.start_ns // 1000)
    group = a_group(tenant, root)
    group.corrections[key] = False
    fresh.enter(group)
    before = await traces.trace(tenant, TRACE)
    fresh.leave(group)
    store = SpanStore(clickhouse)
    store.insert(joined([group.block(), *Restatements(store).recount([key], counted=False)]))
    store.settle()
    assert orjson.loads(before) == orjson.loads(await traces.trace(tenant, TRACE))
    assert next(span["name"] for span in orjson.loads(before)["spans"]) == "root"
    assert orjson.loads(before)["totals"]["calls"] == 1


async def test_a_group_that_grows_is_found_whole(clickhouse: ClickHouse, tenant: Tenant) -> None:
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    call, root, unpriced = a_family()
    group = a_group(tenant, root)
    fresh.enter(group)
    group.deliveries.extend(a_group(tenant, call, unpriced).deliveries)
    assert orjson.loads(await traces.trace(tenant, TRACE))["totals"]["spans"] == 3


async def test_nobody_sees_fresh_spans_of_another_project(clickhouse: ClickHouse, tenant: Tenant) -> None:
    fresh = FreshSpans()
    fresh.enter(a_group(tenant, *a_family()))
    traces = Traces(SpanQueries(clickhouse), fresh)
    for stranger in (Tenant(tenant.team_id, str(uuid4())), Tenant(str(uuid4()), tenant.project_id)):
        with pytest.raises(NotFound):
            await traces.trace(stranger, TRACE)
