"""From a delivery to the rollups: whatever arrives in whatever order, the rollups equal a recount from the spans."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.ingest import writer
from mno.observability.ingest.admission import MEMORY_SPANS, Admission
from mno.observability.ingest.journal import Journal, record
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.pipeline import BACKLOG_SPANS, Pipeline
from mno.observability.ingest.writer import BlockWriter
from mno.observability.spans.columns import block
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.model import Owner, Span, UsageKind
from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.recount import Recount
from mno.observability.spans.restatement import Repricing
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore
from mno.observability.spans.stream import SpanFeed
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import LimitExceeded, NotFound, TooLarge, Unavailable
from support.arriving import T0_NS, a_span, trace_id
from support.examples import ONE_FIXTURE, examples
from support.promises import PATIENCE_S

DAY_US = 86_400_000_000
WHOLE = (T0_NS // 1000 - DAY_US, T0_NS // 1000 + 28 * DAY_US)


@pytest.fixture
def pipeline(clickhouse: ClickHouse, tmp_path: Path) -> Iterator[Pipeline]:
    running = a_pipeline(clickhouse, tmp_path)
    running.start()
    yield running
    running.stop()


def a_pipeline(clickhouse: ClickHouse, folder: Path, fresh: FreshSpans | None = None) -> Pipeline:
    journal, meters = Journal(folder), Meters()
    return Pipeline(journal, BlockWriter(journal, SpanStore(clickhouse), meters, SpanFeed(), fresh), meters)


def owner(tenant: Tenant) -> Owner:
    return Owner(tenant.team_id, tenant.project_id, "otlp", "key_1")


def call(trace: int, span: int, *, parent: int | None = None, at_s: float = 0, tokens: int = 100, **more: Any) -> Span:
    given: dict[str, Any] = {
        "usage_kind": UsageKind.CALL, "metered": True, "provider": "openai", "model": "gpt-4o",
        "input_tokens": tokens, "cost": tokens * 2500, "cost_input": tokens * 2500,
        "price_source": "genai-prices", "price_version": "1", **more,
    }  # fmt: skip
    return a_span(trace, span, parent=parent, at_s=at_s, **given)


async def send(pipeline: Pipeline, tenant: Tenant, *batches: list[Span]) -> None:
    for batch in batches:
        await pipeline.accept(owner(tenant), batch, record(owner(tenant), batch))
    await stored(pipeline)


async def stored(pipeline: Pipeline) -> None:
    """Returns when the rollups know of everything that was sent."""
    while pipeline.backlog_spans or not pipeline.settled:
        await asyncio.sleep(0.005)


async def totals(clickhouse: ClickHouse, tenant: Tenant) -> dict[str, Any]:
    """What the hour rollup says, after checking that every rollup equals a recount."""
    assert Recount(clickhouse).differences(tenant.team_id, tenant.project_id, *WHOLE) == 0
    rows = await clickhouse.rows_of_all(
        "SELECT sum(calls) AS calls, sum(input_tokens) AS input_tokens, sum(cost) AS cost FROM usage_hour "
        "WHERE team_id = {team:String} AND project_id = {project:String}",
        {"team": tenant.team_id, "project": tenant.project_id},
    )
    return rows[0]


async def test_a_retry_is_counted_once_in_rows_and_in_rollups(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    await send(pipeline, tenant, [call(1, 1), call(1, 2)], [call(1, 1)], [call(1, 2), call(1, 3)])
    assert (await totals(clickhouse, tenant))["calls"] == 3
    rows = await clickhouse.rows_of_all(
        "SELECT count() AS n FROM spans WHERE team_id = {team:String}", {"team": tenant.team_id}
    )
    assert rows == [{"n": 3}]


async def test_deliveries_of_one_and_of_several_senders_share_a_block(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    senders = [owner(tenant), owner(tenant), owner(tenant)._replace(api_key_id="key_2")] * 10
    batches = [[call(number, 1)] for number in range(len(senders))]
    await asyncio.gather(
        *(pipeline.accept(sender, batch, record(sender, batch)) for sender, batch in zip(senders, batches, strict=True))
    )
    await stored(pipeline)
    blocks = await clickhouse.rows_of_all(
        "SELECT countIf(api_key_id = 'key_1') AS first, countIf(api_key_id = 'key_2') AS second FROM spans "
        "WHERE team_id = {team:String} GROUP BY ingested_at",
        {"team": tenant.team_id},
    )
    assert sum(block["first"] + block["second"] for block in blocks) == len(senders)
    # on a machine that stalls between two of them there may be several blocks
    assert any(block["first"] > 1 and block["second"] for block in blocks)


async def test_a_retry_after_a_restart_is_counted_once(clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path) -> None:
    for _ in range(2):
        running = a_pipeline(clickhouse, tmp_path)
        running.start()
        await send(running, tenant, [call(1, 1)])
        running.stop()
    assert (await totals(clickhouse, tenant))["calls"] == 1


async def test_a_late_child_takes_its_parent_out_of_the_count(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    parent = call(1, 1, tokens=300, usage_kind=UsageKind.AGGREGATE)
    await send(pipeline, tenant, [parent])
    assert (await totals(clickhouse, tenant))["input_tokens"] == 300
    await send(pipeline, tenant, [call(1, 2, parent=1, tokens=100)], [call(1, 3, parent=1, tokens=200, at_s=4000)])
    assert await totals(clickhouse, tenant) == {"calls": 2, "input_tokens": 300, "cost": Decimal("0.00075")}


async def test_a_child_after_a_restart_takes_its_parent_out_of_the_count(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path
) -> None:
    for batch in ([call(1, 1, usage_kind=UsageKind.AGGREGATE)], [call(1, 2, parent=1, tokens=7)]):
        running = a_pipeline(clickhouse, tmp_path)
        running.start()
        await send(running, tenant, batch)
        running.stop()
    assert (await totals(clickhouse, tenant))["input_tokens"] == 7


async def test_what_a_crash_left_in_the_journal_is_stored_once_at_the_next_start(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path
) -> None:
    journal = Journal(tmp_path)
    journal.open()
    batches = [[call(1, 1)], [call(1, 2, at_s=10), call(2, 3, at_s=20)]]
    journal.append([record(owner(tenant), batch) for batch in batches])
    journal.close()
    SpanStore(clickhouse).insert(_block(owner(tenant), batches[0]))
    recovering = a_pipeline(clickhouse, tmp_path)
    assert recovering.start() == 2
    recovering.stop()
    assert (await totals(clickhouse, tenant))["calls"] == 3
    assert [path for path in tmp_path.glob("*.journal") if path.stat().st_size] == []


async def test_a_block_that_a_crash_cut_off_from_its_rollups_is_not_stored_again(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path
) -> None:
    batch = [call(1, 1), call(1, 2, at_s=10)]
    journal = Journal(tmp_path)
    journal.open()
    journal.append([record(owner(tenant), batch)])
    journal.close()
    SpanStore(clickhouse).insert(_block(owner(tenant), batch))
    for rollup in ("usage_minute", "usage_hour", "usage_day", "traces"):
        clickhouse.command_now(f"DELETE FROM {rollup} WHERE team_id = {{team:String}}", {"team": tenant.team_id})
    recovering = a_pipeline(clickhouse, tmp_path)
    assert recovering.start() == 0
    recovering.stop()
    assert (await totals(clickhouse, tenant))["calls"] == 2
    assert Recount(clickhouse).differences(tenant.team_id, tenant.project_id, *WHOLE) == 0


async def test_usage_that_a_crash_kept_from_the_rollups_is_counted_at_the_next_start(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path
) -> None:
    batches = [[call(1, 1, usage_kind=UsageKind.AGGREGATE)], [call(1, 2, parent=1, tokens=7, at_s=4000)]]
    running = a_pipeline(clickhouse, tmp_path)
    running.start()
    await send(running, tenant, batches[0])
    running.stop()
    journal = Journal(tmp_path)
    journal.open()
    journal.append([record(owner(tenant), batches[1])])
    journal.close()
    dying = BlockWriter(Journal(tmp_path / "other"), SpanStore(clickhouse), Meters(), SpanFeed())
    dying.recover()
    dying.gather([(owner(tenant), batches[1])])
    assert dying.write(lambda: True) == (1, True)  # and it never settles
    assert Recount(clickhouse).differences(tenant.team_id, tenant.project_id, *WHOLE) > 0
    recovering = a_pipeline(clickhouse, tmp_path)
    assert recovering.start() == 0
    recovering.stop()
    assert (await totals(clickhouse, tenant))["input_tokens"] == 7


@pytest.mark.parametrize("broken", ["usage_entries", "usage_minute", "usage_day"])
async def test_rollups_that_took_part_of_the_usage_are_made_whole_and_the_journal_waits_for_it(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path, broken: str
) -> None:
    running = a_pipeline(clickhouse, tmp_path)
    running.start()
    await send(running, tenant, [call(1, 1)])
    clickhouse.command_now(f"DETACH TABLE {broken}")
    try:
        batch = [call(2, 2, tokens=7), call(2, 3, tokens=8, at_s=9000)]
        await running.accept(owner(tenant), batch, record(owner(tenant), batch))
        await asyncio.sleep(0.5)
        assert not running.settled
        assert any(path.stat().st_size for path in tmp_path.glob("*.journal"))
    finally:
        clickhouse.command_now(f"ATTACH TABLE {broken}")
    await stored(running)
    running.stop()
    assert await totals(clickhouse, tenant) == {"calls": 3, "input_tokens": 115, "cost": Decimal("0.0002875")}


async def test_a_recount_repairs_a_rollup_that_lost_rows(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    await send(pipeline, tenant, [call(1, number, at_s=number * 1000) for number in range(1, 6)])
    ids = {"team": tenant.team_id}
    for rollup in ("usage_minute", "traces"):
        clickhouse.command_now(f"DELETE FROM {rollup} WHERE team_id = {{team:String}}", ids)
    recount = Recount(clickhouse)
    assert recount.differences(tenant.team_id, tenant.project_id, *WHOLE) > 0
    recount.repair(tenant.team_id, tenant.project_id, *WHOLE)
    recount.repair(tenant.team_id, tenant.project_id, *WHOLE)
    assert (await totals(clickhouse, tenant))["calls"] == 5


async def test_a_new_price_reaches_spans_and_rollups_and_running_it_again_changes_nothing(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    own = call(1, 9, cost=77, cost_input=77, price_source="reported", price_version="")
    await send(pipeline, tenant, [call(1, 1), call(1, 2, at_s=5000, cost=None, price_source="unknown_model"), own])

    def price(span: Span) -> None:
        span.cost = span.cost_input = span.input_tokens * 5000
        span.price_source, span.price_version = "custom", "2"

    repricing = Repricing(SpanStore(clickhouse), pipeline)
    first = await repricing.reprice(tenant.team_id, tenant.project_id, *WHOLE, price)
    again = await repricing.reprice(tenant.team_id, tenant.project_id, *WHOLE, price)
    assert (first, again) == ((2, 2), (2, 0))
    sums = await totals(clickhouse, tenant)
    assert sums["cost"] == Decimal(2 * 100 * 5000 + 77).scaleb(-9)


async def test_a_delivery_that_cannot_be_stored_is_set_aside_and_costs_the_others_nothing(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    unreadable = call(1, 1, tags=(1,))
    await asyncio.gather(
        pipeline.accept(owner(tenant), [unreadable], b""), pipeline.accept(owner(tenant), [call(2, 2)], b"")
    )
    await stored(pipeline)
    assert (await totals(clickhouse, tenant))["calls"] == 1
    assert pipeline.snapshot().set_aside_spans == 1


async def test_an_errand_whose_caller_left_is_not_run_and_ends_nothing(
    pipeline: Pipeline, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    begun, may_end, ran = threading.Event(), threading.Event(), []

    def long_errand() -> None:
        begun.set()
        may_end.wait(PATIENCE_S)

    at_work = asyncio.create_task(pipeline.run(long_errand))
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    waiting = asyncio.create_task(pipeline.run(lambda: ran.append(1)))
    await asyncio.sleep(0)
    for task in (at_work, waiting):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    may_end.set()
    await send(pipeline, tenant, [call(1, 1)])
    assert (await totals(clickhouse, tenant))["calls"] == 1
    assert not ran


async def test_a_full_backlog_refuses_and_says_when_to_come_back(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path
) -> None:
    idle = a_pipeline(clickhouse, tmp_path)  # not started: nothing drains
    spans = [call(1, 1)] * (BACKLOG_SPANS - 1)
    waiting = asyncio.ensure_future(idle.accept(owner(tenant), spans, b""))
    await asyncio.sleep(0)
    with pytest.raises(LimitExceeded) as refused:
        await idle.accept(owner(tenant), [call(1, 2)] * 2, b"")
    assert refused.value.retry_after_s == 1
    with pytest.raises(TooLarge):
        await idle.accept(owner(tenant), [call(1, 2)] * (BACKLOG_SPANS + 1), b"")
    waiting.cancel()


async def test_a_stopping_pipeline_refuses(clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path) -> None:
    running = a_pipeline(clickhouse, tmp_path)
    running.start()
    running.stop()
    with pytest.raises(Unavailable):
        await running.accept(owner(tenant), [call(1, 1)], b"")


async def test_a_span_is_found_once_it_is_accepted_however_long_its_insert_takes(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = FreshSpans()
    traces = Traces(SpanQueries(clickhouse), fresh)
    running = a_pipeline(clickhouse, tmp_path, fresh)
    running.start()
    insert, may_go = clickhouse.insert, threading.Event()
    monkeypatch.setattr(clickhouse, "insert", lambda table, block: (may_go.wait(PATIENCE_S), insert(table, block)))
    parent = call(1, 1, tokens=300, usage_kind=UsageKind.AGGREGATE)
    child = call(1, 2, parent=1, tokens=100)  # in the next group: the insert of the parent has begun
    try:
        for span, calls, tokens in ((parent, 1, 300), (child, 1, 100)):
            await running.accept(owner(tenant), [span], record(owner(tenant), [span]))
            shown = await eventually(traces, tenant, trace_id(1), span.span_id)
            assert (shown["totals"]["calls"], shown["totals"]["input_tokens"]) == (calls, tokens)
    finally:
        may_go.set()
    await stored(running)
    running.stop()
    assert (await totals(clickhouse, tenant))["input_tokens"] == 100
    assert orjson.loads(await traces.trace(tenant, trace_id(1).hex()))["totals"] == shown["totals"]


async def eventually(traces: Traces, tenant: Tenant, trace: bytes, span_id: bytes) -> dict[str, Any]:
    """The trace as soon as it has this span."""
    for _ in range(6000):
        with contextlib.suppress(NotFound):
            shown: dict[str, Any] = orjson.loads(await traces.trace(tenant, trace.hex()))
            if any(span["span_id"] == span_id.hex() for span in shown["spans"]):
                return shown
        await asyncio.sleep(0.005)
    raise AssertionError("the span does not come")


async def test_a_group_that_fails_takes_what_gathered_meanwhile_with_it(
    clickhouse: ClickHouse, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    running = a_pipeline(clickhouse, tmp_path)
    running.start()
    insert, attempts, more = clickhouse.insert, itertools.count(), threading.Event()

    def refusing(table: str, block: pa.Table) -> None:
        attempt = next(attempts) if table == "spans" else 9
        if attempt == 0:
            more.wait(PATIENCE_S)
            raise Unavailable("no room")
        insert(table, block)
        if attempt == 1:
            raise Unavailable("who knows")

    monkeypatch.setattr(clickhouse, "insert", refusing)
    batches = [[call(1, 1, usage_kind=UsageKind.AGGREGATE)], [call(1, 2, parent=1, tokens=7)], [call(1, 2, parent=1)]]
    for batch in batches:
        await running.accept(owner(tenant), batch, record(owner(tenant), batch))
    await asyncio.sleep(0.05)
    more.set()
    await stored(running)
    running.stop()
    assert await totals(clickhouse, tenant) == {"calls": 1, "input_tokens": 7, "cost": Decimal("0.0000175")}
    assert not any(path.stat().st_size for path in tmp_path.glob("*.journal"))


@settings(max_examples=examples(8, 400), suppress_health_check=ONE_FIXTURE)
@given(data=st.data(), patient=st.booleans(), remembered=st.sampled_from((1, MEMORY_SPANS)))
def test_any_order_and_any_batches_give_the_same_totals(
    clickhouse: ClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    patient: bool,
    remembered: int,
) -> None:
    """`patient`: each batch waits for the one before to be stored; else they gather while others are inserted."""
    tenant = Tenant(team_id=str(uuid4()), project_id=str(uuid4()))  # also new for every example that is run again
    parents = data.draw(st.lists(st.none() | st.integers(1, 6), min_size=6, max_size=6))
    spans = [
        call(1, number, parent=parent if parent and parent < number else None, tokens=10**number, at_s=number * 1500)
        for number, parent in enumerate(parents, 1)
    ]
    leaves = set(range(1, 7)) - {p for n, p in enumerate(parents, 1) if p and p < n}
    arrivals = data.draw(st.permutations([*range(6), *data.draw(st.lists(st.integers(0, 5), max_size=3))]))
    size = data.draw(st.integers(1, 4))

    async def scenario() -> dict[str, Any]:
        running = a_pipeline(clickhouse, tmp_path_factory.mktemp("journal"))
        running.start()
        for first in range(0, len(arrivals), size):
            batch = [copy(spans[index]) for index in arrivals[first : first + size]]
            await running.accept(owner(tenant), batch, record(owner(tenant), batch))
            if patient:
                await stored(running)
        await stored(running)
        running.stop()
        return await totals(clickhouse, tenant)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "Admission", partial(Admission, memory_spans=remembered))
        assert asyncio.run(scenario())["input_tokens"] == sum(10**number for number in leaves)


def copy(span: Span) -> Span:
    return Span(**{name: getattr(span, name) for name in span.__struct_fields__})


def _block(owner: Owner, spans: list[Span]) -> Any:
    for span in spans:
        span.counted = True
    return block([(owner, spans)], 1)
