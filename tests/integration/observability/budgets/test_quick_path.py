"""A call that no budget counts asks no engine, and a budget that was made a moment ago counts everywhere."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from mno.observability.budgets import book
from mno.observability.budgets.book import BELIEVED_S, TOPIC
from mno.observability.budgets.model import Amounts
from mno.observability.budgets.service import NOTHING_HELD
from mno.platform.database import Database
from mno.platform.errors import BudgetExhausted, Unavailable
from support.budgets import a_tenancy, budget_node, saved
from support.engines import opened
from support.promises import PATIENCE_S

CALL = {"user": "ann", "model": "gpt-4o"}


async def test_a_call_that_no_budget_counts_needs_no_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "BELIEVED_S", 60.0)
    node, tenancy = budget_node(database), await a_tenancy(database)
    await saved(database, tenancy, matches={"user": "bob"}, limit=0)
    place = tenancy.team_id, tenancy.project_id
    async with node.versions.running():
        await node.budgets.reserve(*place, CALL, Amounts(1, 1), 60)
        await database.close()
        held = await node.budgets.reserve(*place, CALL, Amounts(1, 1), 60)
        assert held == NOTHING_HELD
        await node.budgets.settle(held, Amounts(1, 1))
        await node.budgets.release(held)
        with pytest.raises(Unavailable):
            await node.budgets.reserve(*place, {"user": "bob"}, Amounts(1, 1), 60)


async def test_a_budget_that_another_node_makes_counts_here_soon(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        one, other = [budget_node(await stack.enter_async_context(opened(postgres_url))) for _ in range(2)]
        tenancy = await a_tenancy(one.database)
        place = tenancy.team_id, tenancy.project_id
        await stack.enter_async_context(other.versions.running())
        assert await other.budgets.reserve(*place, CALL, Amounts(1, 1), 60) == NOTHING_HELD
        await saved(one.database, tenancy, limit=0)
        async with one.database.transaction(tenancy.team_id) as tx:
            await one.versions.bump(tx, f"{TOPIC}{tenancy.team_id}")
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(BudgetExhausted):
                while await other.budgets.reserve(*place, CALL, Amounts(1, 1), 60) == NOTHING_HELD:
                    await asyncio.sleep(0.01)


async def test_who_does_not_hear_of_changes_looks_for_itself(database: Database) -> None:
    node, tenancy = budget_node(database), await a_tenancy(database)
    place = tenancy.team_id, tenancy.project_id
    assert await node.budgets.reserve(*place, CALL, Amounts(1, 1), 60) == NOTHING_HELD
    await saved(database, tenancy, limit=0)
    await asyncio.sleep(BELIEVED_S)
    with pytest.raises(BudgetExhausted):
        await node.budgets.reserve(*place, CALL, Amounts(1, 1), 60)
