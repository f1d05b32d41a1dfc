"""Pricing stored spans again: costs, rollups and progress, across a restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from mno.audit.service import Audit
from mno.observability.costs.model import BucketPrices, RerateState
from mno.observability.costs.ports import Restatement
from mno.observability.costs.prices import PriceWish
from mno.observability.costs.service import Costs
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.observability.spans.recount import Recount
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.errors import Conflict, Invalid, NotFound, Unavailable
from mno.platform.time_range import TimeRange
from support.arriving import T0_NS, a_span, arrive
from support.gatekeeper import a_reader
from support.prices import NamedKeys, a_writer, repricing

T0 = datetime.fromtimestamp(T0_NS // 10**9, UTC)
DAY = TimeRange(T0, T0 + timedelta(days=1))


class Done(NamedTuple):
    total: int
    changed: int


class Halting:
    """A span store that stops at the second slice, as a program does that is killed."""

    def __init__(self, real: Restatement) -> None:
        self._real = real
        self.slices: list[tuple[int, int]] = []
        self.halted = asyncio.Event()

    async def reprice(
        self, team_id: str, project_id: str, first_us: int, last_us: int, price: Callable[[Span], None]
    ) -> Any:
        if self.slices:
            self.halted.set()
            await asyncio.Event().wait()
        self.slices.append((first_us, last_us))
        return await self._real.reprice(team_id, project_id, first_us, last_us, price)

    async def repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:
        await self._real.repair(team_id, project_id, first_us, last_us)


class Broken:
    """A span store that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def reprice(
        self,
        team_id: str,  # noqa: ARG002 (the port's names)
        project_id: str,  # noqa: ARG002
        first_us: int,  # noqa: ARG002
        last_us: int,  # noqa: ARG002
        price: Callable[[Span], None],  # noqa: ARG002
    ) -> Done:
        raise self._error

    async def repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:  # noqa: ARG002
        raise self._error


@pytest.fixture
async def costs(database: Database, clickhouse: ClickHouse) -> AsyncIterator[Costs]:
    costs = Costs(database, clickhouse, repricing(clickhouse), NamedKeys(), Audit(database))
    async with costs.running():
        yield costs


def calls(*, hours: int = 3, **fields: Any) -> list[Span]:
    given: dict[str, Any] = {
        "usage_kind": UsageKind.CALL,
        "counted": True,
        "metered": True,
        "provider": "acme",
        "model": "m-1",
        "input_tokens": 1_000_000,
        "price_source": "unknown_model",
    }
    return [a_span(n, n, at_s=n * 3600, **given | fields) for n in range(hours)]


async def totals(clickhouse: ClickHouse, tenant: Tenant) -> dict[str, Any]:
    (row,) = await clickhouse.rows_of_all(
        "SELECT sum(calls) AS calls, sum(unpriced_calls) AS unpriced, sum(cost) AS cost FROM usage_hour"
        " WHERE team_id = {team:String} AND project_id = {project:String}",
        tenant.parameters(),
    )
    return row


async def add_price(costs: Costs, tenant: Tenant, usd: str = "2") -> None:
    wish = PriceWish("", "m-*", T0, "USD", BucketPrices(input=Decimal(usd)), "")
    await costs.prices.add(a_writer(tenant), wish)


async def test_a_new_price_reaches_stored_spans_and_their_rollups(
    costs: Costs, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls(hours=3))
    await add_price(costs, tenant)
    started = await costs.rerates.start(a_writer(tenant), DAY)
    assert (started.state, started.total, started.done) == (RerateState.RUNNING, 3, 0)
    await costs.rerates.finished(started.id)
    job = await costs.rerates.job(a_writer(tenant), started.id)
    assert (job.state, job.total, job.done, job.changed) == (RerateState.DONE, 3, 3, 3)
    assert await totals(clickhouse, tenant) == {"calls": 3, "unpriced": 0, "cost": Decimal(6)}
    window = DAY.start_us, DAY.end_us
    assert Recount(clickhouse).differences(tenant.team_id, tenant.project_id, *window) == 0


async def test_a_second_run_changes_nothing_and_spans_outside_the_range_stay(
    costs: Costs, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls(hours=3))
    await add_price(costs, tenant)
    first_two = TimeRange(T0, T0 + timedelta(hours=2))
    changed = []
    for _ in range(2):
        started = await costs.rerates.start(a_writer(tenant), first_two)
        await costs.rerates.finished(started.id)
        changed.append((await costs.rerates.job(a_writer(tenant), started.id)).changed)
    assert changed == [2, 0]
    assert await totals(clickhouse, tenant) == {"calls": 3, "unpriced": 1, "cost": Decimal(4)}


async def test_a_reported_cost_stays(costs: Costs, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, calls(hours=2, cost=10**9, cost_input=10**9, price_source="reported"))
    await add_price(costs, tenant)
    started = await costs.rerates.start(a_writer(tenant), DAY)
    await costs.rerates.finished(started.id)
    job = await costs.rerates.job(a_writer(tenant), started.id)
    assert (job.total, job.changed) == (0, 0)
    assert (await totals(clickhouse, tenant))["cost"] == 2


async def test_an_interrupted_job_goes_on_where_it_was(
    database: Database, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls(hours=3))
    halting = Halting(repricing(clickhouse))
    first = Costs(database, clickhouse, halting, NamedKeys(), Audit(database))
    async with first.running():
        await add_price(first, tenant)
        started = await first.rerates.start(a_writer(tenant), DAY)
        await halting.halted.wait()
        with pytest.raises(Conflict):
            await first.rerates.start(a_writer(tenant), DAY)
        await killed_in_the_second_hour(clickhouse, tenant, first)
    second = Costs(database, clickhouse, repricing(clickhouse), NamedKeys(), Audit(database))
    async with second.running():
        await second.rerates.finished(started.id)
        (job,) = await second.rerates.jobs(a_writer(tenant))
    assert (job.state, job.total, job.done, job.changed) == (RerateState.DONE, 3, 3, 2)
    assert await totals(clickhouse, tenant) == {"calls": 3, "unpriced": 0, "cost": Decimal(6)}
    assert Recount(clickhouse).differences(tenant.team_id, tenant.project_id, DAY.start_us, DAY.end_us) == 0


async def killed_in_the_second_hour(clickhouse: ClickHouse, tenant: Tenant, costs: Costs) -> None:
    """What a kill may leave: the hour's spans restated, their minutes gone from the rollup."""
    book = costs.book(UUID(tenant.team_id), UUID(tenant.project_id))
    hour_us = DAY.start_us + 3_600_000_000
    await repricing(clickhouse).reprice(tenant.team_id, tenant.project_id, hour_us, hour_us + 3_600_000_000, book.price)
    clickhouse.command_now(
        "DELETE FROM usage_minute WHERE team_id = {team:String} AND bucket >= fromUnixTimestamp({second:UInt32})"
        " AND bucket < fromUnixTimestamp({second:UInt32} + 3600)",
        {"team": tenant.team_id, "second": hour_us // 1_000_000},
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable("The span store rests."), "The span store rests."),
        (ValueError("secret"), "Something in the program"),
    ],
)
async def test_a_job_that_fails_says_so_and_leaves_room_for_the_next(
    database: Database, clickhouse: ClickHouse, tenant: Tenant, error: Exception, told: str
) -> None:
    arrive(clickhouse, tenant, calls(hours=1))
    costs = Costs(database, clickhouse, Broken(error), NamedKeys(), Audit(database))
    async with costs.running():
        for _ in range(2):
            started = await costs.rerates.start(a_writer(tenant), DAY)
            await costs.rerates.finished(started.id)
            job = await costs.rerates.job(a_writer(tenant), started.id)
            assert job.state is RerateState.FAILED
            assert job.error.startswith(told)


async def test_jobs_of_another_team_are_not_seen(costs: Costs, tenant: Tenant) -> None:
    started = await costs.rerates.start(a_writer(tenant), DAY)
    await costs.rerates.finished(started.id)
    stranger = a_reader(Tenant(str(UUID(int=5)), tenant.project_id))
    assert await costs.rerates.jobs(stranger) == []
    with pytest.raises(NotFound):
        await costs.rerates.job(stranger, started.id)


async def test_a_reversed_range_is_refused(costs: Costs, tenant: Tenant) -> None:
    with pytest.raises(Invalid):
        await costs.rerates.start(a_writer(tenant), TimeRange(DAY.end, DAY.start))
