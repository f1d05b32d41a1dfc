"""What others send, and what is corrected, reaches budgets; what the gateway settled is counted once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from mno.observability.budgets import store
from mno.observability.budgets.model import Amounts, Budget, Cycle, Period, Unit, Unpriced
from mno.observability.budgets.refreshing.arrivals import SentByOthers
from mno.observability.budgets.refreshing.queries import UseQueries
from mno.observability.budgets.refreshing.service import Refreshing
from mno.observability.spans.arrivals import Arrivals
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted
from support.arriving import restate
from support.budgets import BudgetNode, Nodes, Tenancy, a_call, a_tenancy, saved, sent, standing

pytestmark = pytest.mark.usefixtures("still_clock")

A_DAY = Period(Cycle.ROLLING, 86_400)


@pytest.fixture
def node(a_node: Nodes, database: Database) -> BudgetNode:
    return a_node(database)


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


@pytest.fixture
def refreshing(node: BudgetNode, clickhouse: ClickHouse) -> Refreshing:
    arrivals = Arrivals(SentByOthers())
    return Refreshing(
        node.database, UseQueries(clickhouse), node.budgets.book, node.thresholds, arrivals, node.counters
    )


async def recounted(node: BudgetNode, refreshing: Refreshing, budget: Budget, *, later_s: int = 0) -> int:
    """What is spent after a recount, so many seconds from now."""
    async with node.database.transaction(budget.team_id) as tx:
        current = await store.one(tx, budget.team_id, budget.id)
    assert current is not None
    await refreshing.recount_one(current, now=clock.now() + timedelta(seconds=later_s))
    return (await standing(node, budget))[0]


@pytest.mark.parametrize(
    ("wish", "spent"),
    [
        ({}, 15),
        ({"unit": Unit.TOKENS}, 300),
        ({"unit": Unit.CALLS}, 3),
        ({"matches": {"user": "ann"}}, 3),
        ({"matches": {"tag:feature": "search"}}, 12),
        ({"matches": {"model": "gpt-4o", "api_key": "key_1", "provider": "openai", "agent": "clerk"}}, 15),
        ({"matches": {"environment": "prod"}}, 0),
        ({"per": "user"}, 7),
        ({"unpriced": Unpriced.PRICE, "fallback_nano": 10_000}, 16),
    ],
)
async def test_spend_that_others_send_counts(
    node: BudgetNode,
    refreshing: Refreshing,
    clickhouse: ClickHouse,
    tenancy: Tenancy,
    wish: dict[str, Any],
    spent: int,
) -> None:
    now = clock.now()
    budget = await saved(node.database, tenancy, period=A_DAY, **wish, counted_until=now - timedelta(minutes=30))
    sent(
        clickhouse,
        tenancy,
        a_call(1, 3, minutes_ago=90, user_id="ann", agent="clerk"),
        a_call(2, 4, minutes_ago=1, user_id="bob", agent="clerk", tags=("feature=search",)),
        a_call(3, None if "unpriced" in wish else 8, agent="clerk", tags=("feature=search", "x=y")),
        a_call(4, 100, counted=False, user_id="ann"),
    )
    expected = {16: 3 + 4 + 1}.get(spent, spent)  # 100 tokens at 10 nano-dollars a thousand, rounded up
    await refreshing.follow({(tenancy.team_id, tenancy.project_id)})
    before = (await standing(node, budget))[0]
    assert await recounted(node, refreshing, budget) == expected
    assert before <= expected
    assert await recounted(node, refreshing, budget, later_s=3_600) == expected


async def test_a_call_of_the_gateway_is_counted_once_whatever_arrives_when(
    node: BudgetNode, refreshing: Refreshing, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    now = clock.now()
    budget = await saved(node.database, tenancy, period=A_DAY, counted_until=now - timedelta(minutes=20))
    await node.counters.forgotten([budget.id])  # counted long ago: nothing was used
    started_at = now - timedelta(minutes=10)
    reservation = await node.budgets.reserve(
        tenancy.team_id, tenancy.project_id, {}, Amounts(50, 100), 60, started_at=started_at
    )
    await node.budgets.settle(reservation, Amounts(40, 100))
    assert (await standing(node, budget))[0] == 40
    # its span is still on its way
    assert await recounted(node, refreshing, budget) == 40
    sent(clickhouse, tenancy, a_call(1, 40, minutes_ago=10), source="gateway")
    sent(clickhouse, tenancy, a_call(2, 5, minutes_ago=9))
    await refreshing.follow({(tenancy.team_id, tenancy.project_id)})
    assert (await standing(node, budget))[0] == 45
    for later_s in (0, 60, 300, 600, 1_200):
        assert await recounted(node, refreshing, budget, later_s=later_s) == 45


@pytest.mark.parametrize(("model", "spent"), [("gpt_4o", 40), ("gpt_4*", 45), ("gpt_4o-2024", 40), ("gpt%", 0)])
async def test_a_model_that_answers_under_another_name_counts_where_it_was_asked_for(
    node: BudgetNode, refreshing: Refreshing, clickhouse: ClickHouse, tenancy: Tenancy, model: str, spent: int
) -> None:
    until = clock.now() - timedelta(minutes=60)
    budget = await saved(node.database, tenancy, period=A_DAY, matches={"model": model}, counted_until=until)
    sent(clickhouse, tenancy, a_call(1, 40, minutes_ago=30, model="gpt_4o-2024", request_model="gpt_4o"))
    sent(clickhouse, tenancy, a_call(2, 5, minutes_ago=30, model="gpt_4.1"), a_call(3, 9, model="gptx4o"))
    assert await recounted(node, refreshing, budget) == spent
    assert await recounted(node, refreshing, budget, later_s=3_600) == spent


async def test_a_call_that_lasts_longer_than_the_cut_is_counted_when_it_ends(
    node: BudgetNode, refreshing: Refreshing, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    now = clock.now()
    budget = await saved(node.database, tenancy, period=A_DAY, counted_until=now - timedelta(minutes=60))
    started_at = now - timedelta(minutes=30)
    reservation = await node.budgets.reserve(
        tenancy.team_id, tenancy.project_id, {}, Amounts(50, 100), 3_600, started_at=started_at
    )
    assert await recounted(node, refreshing, budget) == 0
    await node.budgets.settle(reservation, Amounts(40, 100))
    assert await recounted(node, refreshing, budget) == 40
    sent(clickhouse, tenancy, a_call(1, 40, minutes_ago=30), source="gateway")
    assert await recounted(node, refreshing, budget, later_s=300) == 40


async def test_corrections_reach_budgets(
    node: BudgetNode, refreshing: Refreshing, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    now = clock.now()
    budget = await saved(node.database, tenancy, period=A_DAY, counted_until=now - timedelta(minutes=30))
    parent, dear = sent(clickhouse, tenancy, a_call(1, 30, minutes_ago=60), a_call(2, 70, minutes_ago=50))
    assert await recounted(node, refreshing, budget) == 100
    tenant = Tenant(str(tenancy.team_id), str(tenancy.project_id))
    restate(clickhouse, tenant, [parent], counted=0)
    assert await recounted(node, refreshing, budget) == 70
    restate(clickhouse, tenant, [dear], counted=0)
    assert await recounted(node, refreshing, budget) == 0


async def test_a_budget_is_full_with_what_others_spent(
    node: BudgetNode, refreshing: Refreshing, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    until = clock.now().replace(second=0, microsecond=0)
    await saved(node.database, tenancy, limit=100, thresholds=(80,), per="user", counted_until=until, period=A_DAY)
    sent(clickhouse, tenancy, a_call(1, 95, user_id="ann"))
    await refreshing.follow({(tenancy.team_id, tenancy.project_id)})
    place = tenancy.team_id, tenancy.project_id
    with pytest.raises(BudgetExhausted):
        await node.budgets.reserve(*place, {"user": "ann"}, Amounts(6, 1), 60)
    await node.budgets.reserve(*place, {"user": "ann"}, Amounts(5, 1), 60)
    await node.budgets.reserve(*place, {"user": "bob"}, Amounts(100, 1), 60)
    await node.thresholds.tell()
    assert [(fact.data["who"], fact.data["threshold"]) for fact in node.told.facts] == [("ann", 80), ("ann", None)]


async def test_arrivals_name_the_places_that_may_have_moved() -> None:
    arrivals = Arrivals(SentByOthers())
    arrivals.listen()
    team, project, other = uuid4(), uuid4(), uuid4()
    gateway = Owner(str(team), str(other), "gateway", "")
    arrivals.committed([(gateway, [])])
    arrivals.committed([(Owner(str(team), str(project), "otlp", ""), []), (gateway, [])])
    assert await arrivals.taken() == {(team, project)}
    # the gateway's span may take the place of one that came before
    arrivals.committed([(Owner(str(team), str(project), "gateway", ""), [])])
    assert await arrivals.taken() == {(team, project)}
