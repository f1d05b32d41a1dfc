"""Redis goes away, or is emptied: what is refused, what passes, and what budgets know afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from mno.observability.budgets import store
from mno.observability.budgets.counters.redis.service import RedisCounters
from mno.observability.budgets.model import Amounts, Cycle, Period
from mno.observability.budgets.service import NOTHING_HELD
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted, Invalid, Unavailable
from mno.platform.redis import Redis
from support.budgets import BudgetNode, Tenancy, a_call, a_tenancy, budget_node, saved, sent, standing
from support.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("still_clock")

CALL = {"user": "ann", "provider": "openai", "model": "gpt-4o"}
A_DAY = Period(Cycle.ROLLING, 86_400)


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this test's own, which may be stopped."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def node(database: Database, clickhouse: ClickHouse, mortal: RedisServer) -> AsyncIterator[BudgetNode]:
    node = budget_node(database, clickhouse=clickhouse, redis_url=mortal.url)
    yield node
    assert isinstance(node.counters, RedisCounters)
    await node.counters.redis.close()


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


async def reserve(node: BudgetNode, tenancy: Tenancy, cost: int, dimensions: Any = CALL) -> Any:
    return await node.budgets.reserve(tenancy.team_id, tenancy.project_id, dimensions, Amounts(cost, 100), 60)


async def test_an_emptied_redis_counts_from_the_spans_before_it_grants_anything(
    node: BudgetNode, tenancy: Tenancy, clickhouse: ClickHouse, mortal: RedisServer
) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=A_DAY, per="user")
    await node.budgets.settle(await reserve(node, tenancy, 40), Amounts(40, 100))
    sent(clickhouse, tenancy, a_call(1, 40, user_id="ann"), source="gateway")
    sent(clickhouse, tenancy, a_call(2, 30, user_id="ann"), a_call(3, 7, user_id="ann", minutes_ago=90))
    mortal.empty()
    with pytest.raises(BudgetExhausted, match=r"\$0\.000000077 are used"):
        await reserve(node, tenancy, 24)
    await reserve(node, tenancy, 23)
    assert await standing(node, budget) == (77, 23)
    # and the next recounts find nothing twice, whether the cut has passed those calls or not
    for later_s in (0, 600):
        async with node.database.transaction(tenancy.team_id) as tx:
            current = await store.one(tx, tenancy.team_id, budget.id)
        assert current is not None
        await node.refreshing.recount_one(current, now=clock.now() + timedelta(seconds=later_s))
        assert await standing(node, budget) == (77, 23)


async def test_a_recount_that_finds_a_budget_lost_brings_it_back(
    node: BudgetNode, tenancy: Tenancy, clickhouse: ClickHouse, mortal: RedisServer
) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=A_DAY)
    sent(clickhouse, tenancy, a_call(1, 60), source="gateway")
    mortal.empty()
    await node.refreshing.recount_one(budget)
    assert await standing(node, budget) == (60, 0)


async def test_calls_under_way_when_redis_is_emptied_are_not_held_and_count_by_their_spans(
    node: BudgetNode, tenancy: Tenancy, clickhouse: ClickHouse, mortal: RedisServer
) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=A_DAY)
    under_way = await reserve(node, tenancy, 80)
    mortal.empty()
    held = await reserve(node, tenancy, 100)
    await node.budgets.settle(under_way, Amounts(80, 100))
    assert await standing(node, budget) == (0, 100)
    await node.budgets.release(held)
    sent(clickhouse, tenancy, a_call(1, 80, minutes_ago=10), source="gateway")
    async with node.database.transaction(tenancy.team_id) as tx:
        current = await store.one(tx, tenancy.team_id, budget.id)
    assert current is not None
    await node.refreshing.recount_one(current)
    assert await standing(node, budget) == (80, 0)


async def test_many_calls_at_once_count_a_lost_budget_once(
    node: BudgetNode, tenancy: Tenancy, clickhouse: ClickHouse, mortal: RedisServer
) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=A_DAY)
    other = budget_node(node.database, clickhouse=clickhouse, redis_url=mortal.url)
    sent(clickhouse, tenancy, a_call(1, 50), source="gateway")
    mortal.empty()
    asked = (reserve((node, other)[number % 2], tenancy, 1) for number in range(200))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 50
    assert await standing(node, budget) == (50, 50)
    assert isinstance(other.counters, RedisCounters)
    await other.counters.redis.close()


async def test_a_budget_that_was_removed_meanwhile_holds_nobody_up(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=100)
    await node.budgets.book.of(tenancy.team_id)
    async with node.database.transaction(tenancy.team_id) as tx:
        await store.remove(tx, tenancy.team_id, budget.id, clock.now())
    await reserve(node, tenancy, 100)


async def test_while_redis_is_away_blocking_budgets_refuse_and_others_let_pass(
    node: BudgetNode, tenancy: Tenancy, mortal: RedisServer
) -> None:
    await saved(node.database, tenancy, limit=1_000, matches={"user": "ann"}, name="Strict")
    await saved(node.database, tenancy, limit=1_000, hard=False)
    held = await reserve(node, tenancy, 10)
    mortal.stop()
    with pytest.raises(Unavailable, match="The budget 'Strict' cannot be asked"):
        await reserve(node, tenancy, 1)
    assert await reserve(node, tenancy, 1, {"user": "bob"}) == NOTHING_HELD
    with pytest.raises(Unavailable):
        await node.budgets.settle(held, Amounts(10, 1))
    with pytest.raises(Unavailable):
        await node.budgets.sweep()
    mortal.start()
    await node.budgets.settle(await reserve(node, tenancy, 1), Amounts(1, 1))


async def test_a_hub_starts_while_redis_is_away(
    node: BudgetNode, tenancy: Tenancy, mortal: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    await saved(node.database, tenancy, limit=1_000)
    mortal.stop()
    async with node.budgets.running():
        assert "MNO_REDIS_URL" in caplog.text
        with pytest.raises(Unavailable):
            await reserve(node, tenancy, 1)
        mortal.start()
        await node.budgets.release(await reserve(node, tenancy, 1))


async def test_calls_end_while_the_ledger_cannot_be_written(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=1_000)
    held = await reserve(node, tenancy, 10)
    await node.database.close()
    await node.budgets.settle(held, Amounts(7, 1))
    with pytest.raises(Unavailable):
        await node.journal.write()
    assert await standing(node, budget) == (7, 0)


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Invalid, match="MNO_REDIS_URL"):
        Redis(url)
