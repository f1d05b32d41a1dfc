"""Busy counters are asked ahead: calls wait for no turn, and still none is too many and none refused that fits."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.observability.budgets.test_concurrency import CALL as OF_EVERY_SCOPE
from integration.observability.budgets.test_concurrency import SCOPES, a_budget_of
from mno.observability.budgets.counters.postgres.service import PostgresCounters
from mno.observability.budgets.model import Amounts, Budget
from mno.observability.budgets.periods import window_at
from mno.observability.budgets.turns import allowances
from mno.observability.budgets.turns.allowances import ALLOWANCE_LEASE_S
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted, Unavailable
from support.budgets import BudgetNode, Tenancy, a_tenancy, budget_node, saved, standing
from support.engines import opened
from support.examples import ONE_FIXTURE, examples
from support.promises import PATIENCE_S

pytestmark = pytest.mark.usefixtures("still_clock")

#: For so long after a refusal, as `budgets_turn` has it.
SCARCE_S = 1.0
CALL = {"provider": "openai", "model": "gpt-4o", "api_key": "key_1"}


@pytest.fixture
async def nodes(postgres_url: str) -> AsyncIterator[tuple[BudgetNode, BudgetNode]]:
    """Two processes of one installation that run."""
    async with AsyncExitStack() as stack:
        yield await running(stack, postgres_url), await running(stack, postgres_url)


async def running(stack: AsyncExitStack, postgres_url: str) -> BudgetNode:
    node = budget_node(await stack.enter_async_context(opened(postgres_url)))
    await stack.enter_async_context(node.budgets.running())
    return node


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What is asked of the counters."""
    asked: list[Mapping[str, Any]] = []
    turn = PostgresCounters.turn

    async def counted(self: PostgresCounters, what: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(what)
        return await turn(self, what)

    monkeypatch.setattr(PostgresCounters, "turn", counted)
    return asked


async def reserve(node: BudgetNode, tenancy: Tenancy, cost: int) -> Any:
    return await node.budgets.reserve(tenancy.team_id, tenancy.project_id, CALL, Amounts(cost, 1), 600)


async def until_standing(node: BudgetNode, budget: Budget, spent: int, reserved: int) -> None:
    """What calls hold is written down soon, and what nobody uses has gone back."""
    async with asyncio.timeout(PATIENCE_S):
        while await standing(node, budget) != (spent, reserved):
            await asyncio.sleep(0.01)


async def shown(node: BudgetNode, budget: Budget) -> list[tuple[str, int, int]]:
    """As the pages have it: who, spent, held by calls."""
    return await node.counters.used(budget, window_at(budget.period, ZoneInfo("UTC"), clock.now()), limit=5)


@contextmanager
def in_a_row() -> Iterator[None]:
    """Calls of a counter follow each other without a pause, however long a turn takes here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(allowances, "IDLE_S", 60.0)
        yield


async def heat(node: BudgetNode, tenancy: Tenancy, cost: int = 1) -> None:
    """Until this process holds room ahead."""
    with in_a_row():
        while not await held_ahead(node):
            await node.budgets.release(await reserve(node, tenancy, cost))


async def calls_until_busy(node: BudgetNode, tenancy: Tenancy) -> int:
    """How many calls of 1 it took until this process holds room ahead; they go on holding it."""
    calls = 0
    with in_a_row():
        while not await held_ahead(node):
            await reserve(node, tenancy, 1)
            calls += 1
    return calls


async def held_ahead(node: BudgetNode) -> int:
    async with node.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT coalesce(sum(amount), 0)::bigint AS n FROM budgets_allowances")
        ).fetchone()
    assert row is not None
    return int(row["n"])


async def test_calls_of_a_busy_counter_share_turns_and_each_is_written_down(
    nodes: tuple[BudgetNode, BudgetNode], turns: list[Mapping[str, Any]]
) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=10**9)
    with in_a_row():
        for _ in range(300):
            held = await reserve(node, tenancy, 10)
    waited = sum(len(turn["reserves"]) for turn in turns)
    assert waited < 100
    await until_standing(node, budget, 0, 3_000)
    await node.budgets.settle(held, Amounts(4, 1))
    await until_standing(node, budget, 4, 2_990)
    assert await held_ahead(node) == 0
    async with node.database.transaction(tenancy.team_id) as tx:
        cursor = await tx.execute(
            "SELECT kind, count(*) AS n, count(DISTINCT reservation) AS calls, sum(held)::bigint AS held"
            " FROM ledger_entries GROUP BY kind ORDER BY kind"
        )
        entries = [tuple(row.values()) for row in await cursor.fetchall()]
    assert entries == [("reservation", 300, 300, 3_000), ("settlement", 1, 1, -10)]


async def test_a_call_that_has_ended_before_it_was_written_down_counts_once(
    nodes: tuple[BudgetNode, BudgetNode],
) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=10**9)
    ending = []
    for _ in range(200):
        held = await reserve(node, tenancy, 10)
        ending += [asyncio.create_task(node.budgets.settle(held, Amounts(3, 1))) for _ in range(2)]
    await asyncio.gather(*ending)
    await until_standing(node, budget, 600, 0)


async def test_what_a_process_holds_ahead_is_not_shown_as_held_by_calls(nodes: tuple[BudgetNode, BudgetNode]) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=10**9)
    await reserve(node, tenancy, 7)
    await heat(node, tenancy)
    async with asyncio.timeout(PATIENCE_S):
        while await shown(node, budget) != [("", 0, 7)]:
            await heat(node, tenancy)


async def test_all_that_is_left_is_there_for_a_call_while_another_process_holds_some_ahead(
    nodes: tuple[BudgetNode, BudgetNode],
) -> None:
    one, other = nodes
    tenancy = await a_tenancy(one.database)
    budget = await saved(one.database, tenancy, limit=1_000_000)
    held = await calls_until_busy(one, tenancy)
    await reserve(other, tenancy, 1_000_000 - held)
    with pytest.raises(BudgetExhausted):
        await reserve(one, tenancy, 1)
    await until_standing(one, budget, 0, 1_000_000)


async def test_all_that_is_left_is_there_for_a_call_while_its_own_process_holds_some_ahead(
    nodes: tuple[BudgetNode, BudgetNode],
) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=1_000_000)
    held = await calls_until_busy(node, tenancy)
    await reserve(node, tenancy, 1_000_000 - held)
    await until_standing(node, budget, 0, 1_000_000)


async def test_where_a_call_was_refused_a_moment_ago_nobody_holds_any_ahead(
    nodes: tuple[BudgetNode, BudgetNode],
) -> None:
    one, other = nodes
    tenancy = await a_tenancy(one.database)
    await saved(one.database, tenancy, limit=1_000_000)
    with pytest.raises(BudgetExhausted):
        await reserve(other, tenancy, 1_000_001)
    await refused_at(one, "now() + interval '1 hour'")  # a moment that lasts
    with in_a_row():
        for _ in range(20):
            await reserve(one, tenancy, 1)
            assert not await held_ahead(one)
    await refused_at(one, "now()")
    await asyncio.sleep(SCARCE_S)
    await heat(one, tenancy)


async def refused_at(node: BudgetNode, when: str) -> None:
    """Counters at which a call was refused: it was then."""
    async with node.database.across_teams() as tx:
        moved = await tx.execute(f"UPDATE budgets_counters SET refused_at = {when} WHERE refused_at IS NOT NULL")
    assert moved.rowcount == 1


@pytest.mark.parametrize("scope", SCOPES)
async def test_busy_processes_that_run_out_of_room_grant_exactly_what_there_was(
    nodes: tuple[BudgetNode, BudgetNode], turns: list[Mapping[str, Any]], scope: str
) -> None:
    database, tenancy = nodes[0].database, await a_tenancy(nodes[0].database)
    budget = await a_budget_of(database, tenancy, SCOPES[scope], limit=10_000)

    async def caller(node: BudgetNode) -> int:
        granted = 0
        while True:
            try:
                await node.budgets.reserve(tenancy.team_id, tenancy.project_id, OF_EVERY_SCOPE, Amounts(7, 1), 600)
            except BudgetExhausted:
                return granted
            granted += 1

    granted = sum(await asyncio.gather(*(caller(node) for node in nodes for _ in range(8))))
    assert granted == 10_000 // 7
    assert sum(len(turn["granted"]) for turn in turns) > 0
    await until_standing(nodes[0], budget, 0, 10_000 // 7 * 7)


calls = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 40), st.sampled_from(["held", "settled", "released"])), max_size=60
)


@settings(max_examples=examples(25, most=500), suppress_health_check=ONE_FIXTURE)
@given(calls=calls, limit=st.one_of(st.integers(0, 300), st.integers(1_000, 6_000)), seed=st.integers(0, 1_000))
def test_one_call_after_the_other_gets_what_a_count_by_hand_gives(
    postgres_url: str, calls: list[tuple[int, int, str]], limit: int, seed: int
) -> None:
    asyncio.run(counted_by_hand(postgres_url, calls, limit, random.Random(seed)))


async def counted_by_hand(url: str, calls: list[tuple[int, int, str]], limit: int, chance: random.Random) -> None:
    async with AsyncExitStack() as stack:
        nodes = [await running(stack, url) for _ in range(2)]
        tenancy = await a_tenancy(nodes[0].database)
        budget = await saved(nodes[0].database, tenancy, limit=limit)
        spent = held = 0
        for which, amount, end in calls:
            budgets = nodes[which].budgets
            try:
                call = await reserve(nodes[which], tenancy, amount)
            except BudgetExhausted:
                assert spent + held + amount > limit
                continue
            assert amount == 0 or spent + held + amount <= limit
            if end == "held":
                held += amount
            elif end == "settled":
                used = chance.randint(0, amount)
                await budgets.settle(call, Amounts(used, 1))
                spent += used
            else:
                await budgets.release(call)
        await until_standing(nodes[0], budget, spent, held)


async def test_calls_whose_turn_was_lost_are_written_down_all_the_same(
    nodes: tuple[BudgetNode, BudgetNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=10**9)
    failed = asyncio.Event()

    async def away(self: PostgresCounters, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        failed.set()
        raise Unavailable("Postgres is away.")

    with in_a_row(), monkeypatch.context() as broken:
        await heat(node, tenancy, 10)
        broken.setattr(PostgresCounters, "turn", away)
        for _ in range(3):
            await reserve(node, tenancy, 10)
        await failed.wait()
        with pytest.raises(Unavailable):
            await reserve(node, tenancy, 10)
    async with asyncio.timeout(PATIENCE_S):
        while await shown(node, budget) != [("", 0, 30)]:
            await asyncio.sleep(0.01)


async def test_a_turn_that_comes_twice_writes_each_call_once(
    nodes: tuple[BudgetNode, BudgetNode], turns: list[Mapping[str, Any]]
) -> None:
    node = nodes[0]
    tenancy = await a_tenancy(node.database)
    budget = await saved(node.database, tenancy, limit=10**9)
    with in_a_row():
        for _ in range(50):
            await reserve(node, tenancy, 10)
    await until_standing(node, budget, 0, 500)
    granting = [turn for turn in turns if turn["granted"]]
    assert granting
    for asked in granting:
        await node.counters.turn({**asked, "reserves": [], "allowances": []})
    assert await standing(node, budget) == (0, 500)


async def test_a_process_that_stops_gives_back_what_it_held_ahead(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        node = await running(stack, postgres_url)
        tenancy = await a_tenancy(node.database)
        budget = await saved(node.database, tenancy, limit=10**9)
        await heat(node, tenancy)
    async with opened(postgres_url) as database:
        assert await standing(budget_node(database), budget) == (0, 0)


async def test_what_a_killed_process_held_ahead_comes_back_by_itself(
    nodes: tuple[BudgetNode, BudgetNode], database: Database
) -> None:
    one, other = nodes
    tenancy = await a_tenancy(one.database)
    budget = await saved(one.database, tenancy, limit=1_000_000)
    await heat(one, tenancy)
    async with database.across_teams() as tx:  # a process that nobody hears of any more
        await tx.execute("UPDATE budgets_allowances SET id = gen_random_uuid()")
    await asyncio.sleep(ALLOWANCE_LEASE_S)
    await reserve(other, tenancy, 1_000_000)
    await until_standing(other, budget, 0, 1_000_000)


async def test_another_team_s_budget_is_not_touched(nodes: tuple[BudgetNode, BudgetNode]) -> None:
    node = nodes[0]
    tenancy, stranger = await a_tenancy(node.database), await a_tenancy(node.database)
    theirs = await saved(node.database, stranger, limit=10**9)
    await saved(node.database, tenancy, limit=10**9)
    await heat(node, tenancy)
    assert await standing(node, theirs) == (0, 0)
