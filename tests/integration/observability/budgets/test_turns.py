"""Counters in Postgres and in Redis: reserve, settle, release and leases, one call at a time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mno.observability.budgets.model import Amounts, Cycle, Period, Unit, Unpriced
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted, Invalid, LimitExceeded, PaymentRequired, Unavailable
from mno.platform.http.problems import problem_of
from mno.platform.ids import new_id
from support.budgets import BudgetNode, Nodes, Tenancy, a_tenancy, budget_node, saved, standing

pytestmark = pytest.mark.usefixtures("still_clock")

CALL = {"user": "ann", "provider": "openai", "model": "gpt-4o", "tag:feature": "search"}


@pytest.fixture
def node(a_node: Nodes, database: Database) -> BudgetNode:
    return a_node(database)


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


async def reserve(node: BudgetNode, tenancy: Tenancy, cost: int | None, tokens: int = 100, **more: Any) -> Any:
    dimensions = more.pop("dimensions", CALL)
    lease_s = more.pop("lease_s", 60)
    bound = Amounts(cost, tokens)
    return await node.budgets.reserve(tenancy.team_id, tenancy.project_id, dimensions, bound, lease_s, **more)


async def test_what_is_reserved_is_held_until_it_is_settled(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=1_000)
    reservation = await reserve(node, tenancy, 700)
    assert await standing(node, budget) == (0, 700)
    with pytest.raises(BudgetExhausted):
        await reserve(node, tenancy, 301)
    other = await reserve(node, tenancy, 300)
    await node.budgets.settle(reservation, Amounts(650, 90))
    assert await standing(node, budget) == (650, 300)
    await node.budgets.settle(reservation, Amounts(650, 90))
    assert await standing(node, budget) == (650, 300)
    await node.budgets.release(other)
    await node.budgets.release(other)
    assert await standing(node, budget) == (650, 0)
    await reserve(node, tenancy, 350)


@pytest.mark.parametrize(("unit", "fits"), [(Unit.TOKENS, 10), (Unit.CALLS, 1_000)])
async def test_tokens_and_calls_are_counted_in_their_own_unit(
    node: BudgetNode, tenancy: Tenancy, unit: Unit, fits: int
) -> None:
    budget = await saved(node.database, tenancy, unit=unit, limit=1_000)
    reservation = await reserve(node, tenancy, None, tokens=100)
    assert await standing(node, budget) == (0, 1_000 // fits)
    await node.budgets.settle(reservation, Amounts(None, 40))
    assert await standing(node, budget) == ({Unit.TOKENS: 40}.get(unit, 1), 0)


async def test_a_soft_budget_counts_and_lets_pass(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=10, hard=False)
    await node.budgets.settle(await reserve(node, tenancy, 700), Amounts(700, 1))
    await reserve(node, tenancy, 700)
    assert await standing(node, budget) == (700, 700)


async def test_a_call_that_one_budget_refuses_is_held_on_no_other(node: BudgetNode, tenancy: Tenancy) -> None:
    wide = await saved(node.database, tenancy, limit=1_000)
    await saved(node.database, tenancy, limit=10, matches={"user": "ann"})
    with pytest.raises(BudgetExhausted):
        await reserve(node, tenancy, 11)
    assert await standing(node, wide) == (0, 0)


async def test_each_user_of_the_product_has_a_counter_of_its_own(node: BudgetNode, tenancy: Tenancy) -> None:
    await saved(node.database, tenancy, limit=100, per="user", name="Each user")
    await reserve(node, tenancy, 100)
    with pytest.raises(BudgetExhausted, match=r"'Each user' for user 'ann'"):
        await reserve(node, tenancy, 1)
    await reserve(node, tenancy, 100, dimensions={"user": "bob"})
    await reserve(node, tenancy, 10_000, dimensions={"model": "gpt-4o"})


async def test_what_costs_nothing_passes_a_budget_that_is_used_up(node: BudgetNode, tenancy: Tenancy) -> None:
    await saved(node.database, tenancy, limit=10)
    await node.budgets.settle(await reserve(node, tenancy, 10), Amounts(25, 1))
    await reserve(node, tenancy, 0)
    with pytest.raises(BudgetExhausted):
        await reserve(node, tenancy, 1)


async def test_a_refusal_names_the_budget_and_when_it_resets(
    tenancy: Tenancy, database: Database, a_node: Nodes
) -> None:
    node = a_node(database, "Asia/Taipei")
    await saved(database, tenancy, limit=10_000_000, name="Research", period=Period(Cycle.DAY), status=402)
    await node.budgets.settle(await reserve(node, tenancy, 9_000_000), Amounts(9_000_000, 1))
    with pytest.raises(PaymentRequired) as refused:
        await reserve(node, tenancy, 2_000_000)
    message = str(refused.value)
    assert "'Research'" in message
    assert "$0.002" in message
    assert "of $0.01, $0.009 are used" in message
    assert "00:00 (Asia/Taipei)" in message
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 86_400
    answer = problem_of(refused.value)
    assert answer.status_code == 402
    assert answer.headers["retry-after"] == str(refused.value.retry_after_s)


async def test_an_ordinary_budget_answers_429(node: BudgetNode, tenancy: Tenancy) -> None:
    await saved(node.database, tenancy, limit=0)
    with pytest.raises(LimitExceeded) as refused:
        await reserve(node, tenancy, 1)
    assert problem_of(refused.value).status_code == 429


@pytest.mark.parametrize(
    ("wish", "held", "spent"),
    [
        ({"unpriced": Unpriced.ALLOW}, 0, 0),
        ({"unpriced": Unpriced.PRICE, "fallback_nano": 2_000_000}, 200, 100),
    ],
)
async def test_a_call_without_a_price_counts_as_the_budget_says(
    node: BudgetNode, tenancy: Tenancy, wish: dict[str, Any], held: int, spent: int
) -> None:
    budget = await saved(node.database, tenancy, **wish)
    reservation = await reserve(node, tenancy, None, tokens=100)
    assert await standing(node, budget) == (0, held)
    await node.budgets.settle(reservation, Amounts(None, 50))
    assert await standing(node, budget) == (spent, 0)


async def test_a_call_without_a_price_is_blocked_where_the_budget_says(node: BudgetNode, tenancy: Tenancy) -> None:
    await saved(node.database, tenancy, unpriced=Unpriced.BLOCK, name="Strict")
    with pytest.raises(BudgetExhausted, match=r"'Strict' blocks calls whose price is not known, and 'gpt-4o'"):
        await reserve(node, tenancy, None)


async def test_a_lease_that_ran_out_gives_back_at_the_next_turn(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=100)
    late = await reserve(node, tenancy, 100, lease_s=0.05)
    await asyncio.sleep(0.1)
    reservation = await reserve(node, tenancy, 100)
    assert await standing(node, budget) == (0, 100)
    await node.budgets.release(reservation)
    # the call was made after all: it counts, and only once
    await node.budgets.settle(late, Amounts(80, 1))
    await node.budgets.settle(late, Amounts(80, 1))
    assert await standing(node, budget) == (80, 0)
    await node.budgets.release(late)
    assert await standing(node, budget) == (80, 0)


async def test_a_rolling_window_forgets_part_by_part(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=Period(Cycle.ROLLING, 3_600))
    now = clock.now()
    for minutes, cost in ((70, 60), (50, 40), (0, 30)):
        started_at = now - timedelta(minutes=minutes)
        reservation = await reserve(node, tenancy, cost, started_at=started_at)
        await node.budgets.settle(reservation, Amounts(cost, 1))
    assert await standing(node, budget) == (130, 0)
    with pytest.raises(BudgetExhausted, match="leaves its rolling window"):
        await reserve(node, tenancy, 31)
    await reserve(node, tenancy, 30)


async def test_the_call_of_an_earlier_period_settles_there(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=100, period=Period(Cycle.HOUR))
    earlier = await reserve(node, tenancy, 90, started_at=clock.now() - timedelta(hours=1))
    await node.budgets.settle(earlier, Amounts(90, 1))
    await reserve(node, tenancy, 100)
    assert await standing(node, budget) == (90, 100)


async def test_one_bad_call_does_not_spoil_the_turn_of_others(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=1_000, per="user")
    asked = [reserve(node, tenancy, 10, dimensions={"user": user}) for user in ("ann", "a\0b", "\ud800", "bob")]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, Invalid) for answer in answers] == [False, True, True, False]
    assert await standing(node, budget) == (0, 20)


async def test_a_caller_that_leaves_while_it_waits_holds_nothing(node: BudgetNode, tenancy: Tenancy) -> None:
    budget = await saved(node.database, tenancy, limit=1_000)
    await reserve(node, tenancy, 1)
    leaving = [asyncio.create_task(reserve(node, tenancy, 10)) for _ in range(20)]
    for place, task in enumerate(leaving):
        await asyncio.sleep(0.001 * (place % 3))
        task.cancel()
    answers = await asyncio.gather(*leaving, return_exceptions=True)
    await reserve(node, tenancy, 1)
    await reserve(node, tenancy, 1)
    held = sum(10 for answer in answers if not isinstance(answer, BaseException))
    assert await standing(node, budget) == (0, 3 + held)


async def test_a_connection_that_is_lost_costs_one_call_and_holds_nothing_up(
    database: Database, tenancy: Tenancy
) -> None:
    node = budget_node(database)
    budget = await saved(node.database, tenancy, limit=1_000)
    async with node.budgets.running():
        await reserve(node, tenancy, 1)
        async with node.database.as_administrator() as tx:
            await tx.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'mno budgets'"
            )
        with pytest.raises(Unavailable):
            await reserve(node, tenancy, 10)
        await reserve(node, tenancy, 1)
    assert await standing(node, budget) == (0, 2)


async def test_nine_million_dollars_are_counted_to_the_last_nano_dollar(node: BudgetNode, tenancy: Tenancy) -> None:
    most, limit = 10**15, 2**53 + 3  # a float knows 2**53 + 4 and 2**53 + 2
    budget = await saved(node.database, tenancy, limit=limit)
    for _ in range(9):
        await node.budgets.settle(await reserve(node, tenancy, most), Amounts(most, 1))
    with pytest.raises(BudgetExhausted):
        await reserve(node, tenancy, limit - 9 * most + 1)
    await reserve(node, tenancy, limit - 9 * most)
    assert await standing(node, budget) == (9 * most, limit - 9 * most)


async def test_a_budget_of_another_team_or_project_is_not_touched(node: BudgetNode, tenancy: Tenancy) -> None:
    stranger = await a_tenancy(node.database)
    theirs = await saved(node.database, stranger, limit=0)
    elsewhere = await saved(node.database, tenancy, limit=0, project_id=(await second_project(node, tenancy)))
    await reserve(node, tenancy, 100)
    assert await standing(node, theirs) == (0, 0)
    assert await standing(node, elsewhere) == (0, 0)


async def second_project(node: BudgetNode, tenancy: Tenancy) -> Any:
    project = new_id()
    async with node.database.transaction(tenancy.team_id) as tx:
        await tx.execute(
            "INSERT INTO identity_projects (id, team_id, name, created_at) VALUES (%(id)s, %(team)s, 'Q', now())",
            {"id": project, "team": tenancy.team_id},
        )
    return project


async def test_thresholds_are_told_once_and_a_refusal_as_well(
    node: BudgetNode, a_node: Nodes, tenancy: Tenancy
) -> None:
    await saved(node.database, tenancy, limit=100, thresholds=(50, 80, 100), name="Watched")
    for cost in (49, 1, 35):
        await node.budgets.settle(await reserve(node, tenancy, cost), Amounts(cost, 1))
    with pytest.raises(BudgetExhausted):
        await reserve(node, tenancy, 16)
    await node.thresholds.tell()
    # what ended is read at the next call
    told = [(fact.kind, fact.data["threshold"], fact.data["spent"]) for fact in node.told.facts]
    assert told == [
        ("budgets.threshold_reached", 50, "0.000000050"),
        ("budgets.threshold_reached", 80, "0.000000085"),
        ("budgets.call_refused", None, "0.000000085"),
    ]
    other = a_node(node.database)
    with pytest.raises(BudgetExhausted):
        await reserve(other, tenancy, 16)
    await other.thresholds.tell()
    assert other.told.facts == []
