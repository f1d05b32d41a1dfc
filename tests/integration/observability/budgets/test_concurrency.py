"""A thousand calls at once on two nodes, at a nearly empty budget: none too many, none refused that fits."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from mno.observability.budgets.model import Amounts, Budget, Cycle, Period, Unit
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted
from support.budgets import BudgetNode, Nodes, Tenancy, a_tenancy, has_room, saved, standing
from support.engines import opened

pytestmark = pytest.mark.usefixtures("still_clock")

CALLS = 1_000
#: Of a node that is killed, in seconds.
LEASE_S = 0.5
CALL = {
    "user": "ann",
    "session": "s",
    "agent": "clerk",
    "api_key": "key_1",
    "provider": "openai",
    "model": "gpt-4o",
    "environment": "prod",
    "tag:feature": "search",
}
#: Every scope that a budget may have.
SCOPES: dict[str, dict[str, Any]] = {
    "team": {},
    "project": {"project": True},
    "user": {"matches": {"user": "ann"}},
    "agent": {"matches": {"agent": "clerk"}},
    "key": {"matches": {"api_key": "key_1"}},
    "provider": {"matches": {"provider": "openai"}},
    "model": {"matches": {"model": "gpt-4o"}},
    "tag": {"matches": {"tag:feature": "search"}},
    "each user": {"per": "user"},
    "each user, rolling": {"per": "user", "period": Period(Cycle.ROLLING, 86_400)},
}


@pytest.fixture
async def nodes(a_node: Nodes, postgres_url: str) -> AsyncIterator[tuple[BudgetNode, BudgetNode]]:
    """Two processes of one installation, each with connections of its own."""
    async with AsyncExitStack() as stack:
        one, other = [a_node(await stack.enter_async_context(opened(postgres_url))) for _ in range(2)]
        yield one, other


async def a_budget_of(database: Database, tenancy: Tenancy, wish: Mapping[str, Any], **more: Any) -> Budget:
    given = {**wish, **more}
    project_id = tenancy.project_id if given.pop("project", False) else None
    return await saved(database, tenancy, project_id=project_id, **given)


async def tried(
    nodes: tuple[BudgetNode, BudgetNode], tenancy: Tenancy, amounts: list[Amounts], dimensions: Callable[[int], Any]
) -> list[Any]:
    """All at once, every other one on the other node; reservations and refusals in their order."""
    asked = (
        nodes[number % 2].budgets.reserve(tenancy.team_id, tenancy.project_id, dimensions(number), amount, 600)
        for number, amount in enumerate(amounts)
    )
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(not isinstance(answer, BaseException) or isinstance(answer, BudgetExhausted) for answer in answers)
    return answers


def granted(answers: list[Any]) -> list[Any]:
    return [answer for answer in answers if not isinstance(answer, BudgetExhausted)]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_thousand_calls_at_once_get_exactly_what_is_left(
    nodes: tuple[BudgetNode, BudgetNode], scope: str
) -> None:
    database = nodes[0].database
    tenancy = await a_tenancy(database)
    budget = await a_budget_of(database, tenancy, SCOPES[scope], limit=1_000 * 7 + 3, unit=Unit.MONEY)
    before = await tried(nodes, tenancy, [Amounts(5_000, 1)], lambda _: CALL)
    await nodes[0].budgets.settle(before[0], Amounts(6_500, 1))
    answers = await tried(nodes, tenancy, [Amounts(7, 1)] * CALLS, lambda _: CALL)
    # 503 are left: 71 calls of 7, and 6 that no such call fits into
    assert len(granted(answers)) == 503 // 7
    assert await standing(nodes[0], budget) == (6_500, 497)
    assert len(granted(await tried(nodes, tenancy, [Amounts(6, 1)] * 3, lambda _: CALL))) == 1
    for number, reservation in enumerate(granted(answers)):
        await nodes[number % 2].budgets.settle(reservation, Amounts(3, 1))
    assert await standing(nodes[0], budget) == (6_500 + 71 * 3, 6)


@pytest.mark.parametrize("unit", list(Unit))
async def test_calls_of_every_size_leave_no_room_that_one_of_the_refused_would_fit(
    nodes: tuple[BudgetNode, BudgetNode], unit: Unit
) -> None:
    database = nodes[0].database
    tenancy = await a_tenancy(database)
    budget = await saved(database, tenancy, limit=5_000, unit=unit)
    chance = random.Random(4)
    sizes = [chance.randint(1, 100) for _ in range(CALLS)]
    answers = await tried(nodes, tenancy, [Amounts(size, size, size) for size in sizes], lambda _: CALL)
    spent, reserved = await standing(nodes[0], budget)
    held = sum(size for size, answer in zip(sizes, answers, strict=True) if not isinstance(answer, BudgetExhausted))
    refused = [size for size, answer in zip(sizes, answers, strict=True) if isinstance(answer, BudgetExhausted)]
    assert (spent, reserved) == (0, held)
    assert held <= 5_000
    assert refused
    assert min(refused) > 5_000 - held


async def test_each_of_many_users_gets_what_is_theirs(nodes: tuple[BudgetNode, BudgetNode]) -> None:
    database = nodes[0].database
    tenancy = await a_tenancy(database)
    await saved(database, tenancy, limit=30, per="user")
    whole = await saved(database, tenancy, limit=1_000)
    answers = await tried(nodes, tenancy, [Amounts(10, 1)] * CALLS, lambda number: {"user": f"user {number % 50}"})
    # three of each of fifty would be 150; the team's budget has room for 100
    assert len(granted(answers)) == 100
    assert await standing(nodes[0], whole) == (0, 1_000)


async def test_calls_that_end_make_room_for_others_while_all_come_at_once(
    nodes: tuple[BudgetNode, BudgetNode],
) -> None:
    database = nodes[0].database
    tenancy = await a_tenancy(database)
    budget = await saved(database, tenancy, limit=CALLS * 10)

    async def call(number: int) -> None:
        """One that is refused waits for its turn, as a client does."""
        budgets = nodes[number % 2].budgets
        while True:
            try:
                held = await budgets.reserve(tenancy.team_id, tenancy.project_id, CALL, Amounts(100, 1), 600)
                break
            except BudgetExhausted:
                await asyncio.sleep(0.02)
        if number % 3:
            await budgets.settle(held, Amounts(7, 1))
        else:
            await budgets.release(held)

    await asyncio.gather(*(call(number) for number in range(CALLS)))
    calls_that_cost = sum(1 for number in range(CALLS) if number % 3)
    assert await standing(nodes[0], budget) == (calls_that_cost * 7, 0)


async def test_what_a_killed_node_held_comes_back_with_its_leases(nodes: tuple[BudgetNode, BudgetNode]) -> None:
    one, other = nodes
    tenancy = await a_tenancy(one.database)
    budget = await saved(one.database, tenancy, limit=500)
    place = tenancy.team_id, tenancy.project_id
    began = time.monotonic()
    await asyncio.gather(*(one.budgets.reserve(*place, CALL, Amounts(5, 1), LEASE_S) for _ in range(100)))
    await one.database.close()
    is_held = not await has_room(other, tenancy, CALL, 1)
    assert is_held or time.monotonic() - began >= LEASE_S
    await asyncio.sleep(LEASE_S)
    held = await other.budgets.reserve(*place, CALL, Amounts(500, 1), 60)
    assert await standing(other, budget) == (0, 500)
    await other.budgets.settle(held, Amounts(123, 1))
    await other.journal.write()
    async with other.database.transaction(tenancy.team_id) as tx:
        cursor = await tx.execute(
            "SELECT sum(held)::bigint AS held, sum(cost)::bigint AS cost,"
            " count(*) FILTER (WHERE kind = 'expiry') AS expired FROM ledger_entries"
        )
        assert await cursor.fetchone() == {"held": 0, "cost": 123, "expired": 100}
