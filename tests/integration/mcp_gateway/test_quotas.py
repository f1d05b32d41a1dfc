"""Quotas in a real database: never exceeded, shared, and there after a restart."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from mno.identity import store as identity_store
from mno.identity.model import Team
from mno.mcp_gateway.policies import store
from mno.mcp_gateway.policies.model import CountedBy, ToolRule
from mno.mcp_gateway.policies.quotas import store as quota_store
from mno.mcp_gateway.policies.quotas.service import MAX_QUOTA_BLOCK, Quotas
from mno.platform.database import Database
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id
from mno.platform.principal import Principal, PrincipalKind

pytestmark = pytest.mark.usefixtures("still_clock")


def caller(rule: ToolRule, person: UUID | None = None) -> Principal:
    return Principal(PrincipalKind.API_KEY, new_id(), "ci", rule.team_id, new_id(), frozenset(), user_id=person)


@pytest.fixture
async def rule(database: Database) -> ToolRule:
    team = Team(new_id(), "A team")
    rule = ToolRule(new_id(), team.id, "few", datetime.now(UTC), calls_per_day=40)
    async with database.across_teams() as tx:
        await identity_store.insert_team(tx, team)
        await store.put_rule(tx, rule)
    return rule


async def allowed(quotas: Quotas, rule: ToolRule, who: Principal, tries: int, tool: str = "t") -> int:
    outcomes = await asyncio.gather(
        *(quotas.take([rule], who, "s", tool) for _ in range(tries)), return_exceptions=True
    )
    refused = [one for one in outcomes if one is not None]
    assert all(isinstance(one, LimitExceeded) for one in refused), refused
    return tries - len(refused)


async def test_processes_share_a_quota_and_together_never_exceed_it(database: Database, rule: ToolRule) -> None:
    who = caller(rule)
    processes = [Quotas(database) for _ in range(3)]
    found = await asyncio.gather(*(allowed(one, rule, who, 30) for one in processes))
    assert 36 <= sum(found) <= 40, "what one took and did not need others do not have"
    assert sum(found) + sum([await allowed(one, rule, who, 30) for one in processes]) == 40
    with pytest.raises(LimitExceeded, match="40 calls a day are the quota of the rule 'few'") as refused:
        await Quotas(database).take([rule], who, "s", "t")
    assert 0 < (refused.value.retry_after_s or 0) <= 24 * 3600


async def test_a_quota_is_there_after_a_restart_and_what_was_not_used_comes_back(
    database: Database, rule: ToolRule
) -> None:
    who, first = caller(rule), Quotas(database)
    async with first.running():
        assert await allowed(first, rule, who, 11) == 11
    killed = Quotas(database)  # it never gives back
    assert await allowed(killed, rule, who, 1) == 1
    assert 25 <= await allowed(Quotas(database), rule, who, 40) <= 28, "of 40 are 12 used, and a block of 3 is lost"


async def test_while_there_is_plenty_no_call_waits_until_more_is_taken(
    database: Database, rule: ToolRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    plenty = replace(rule, calls_per_day=100_000)
    async with database.transaction(rule.team_id) as tx:
        await store.put_rule(tx, plenty)
    quotas, who, go_on = Quotas(database), caller(plenty), asyncio.Event()
    await quotas.take([plenty], who, "s", "t")
    taken = quota_store.taken

    async def slow(*asked: Any) -> int | None:
        await go_on.wait()
        return await taken(*asked)

    monkeypatch.setattr(quota_store, "taken", slow)
    for _ in range(MAX_QUOTA_BLOCK - 1):
        await quotas.take([plenty], who, "s", "t")
    waiting = asyncio.create_task(quotas.take([plenty], who, "s", "t"))
    await asyncio.sleep(0)
    assert not waiting.done(), "there is nothing left to take"
    go_on.set()
    await waiting
    async with quotas.running():
        pass
    assert [one.used for one in await quotas.used(plenty)] == [MAX_QUOTA_BLOCK + 1]


async def test_each_key_person_and_tool_has_a_count_of_its_own(database: Database, rule: ToolRule) -> None:
    quotas, person = Quotas(database), new_id()
    one, other = caller(rule, person), caller(rule, person)
    by_key = replace(rule, counted_by=CountedBy.KEY, calls_per_day=3)
    assert [await allowed(quotas, by_key, who, 5) for who in (one, other)] == [3, 3]
    by_person = replace(rule, counted_by=CountedBy.USER, calls_per_day=4)
    assert sum([await allowed(quotas, by_person, who, 3) for who in (one, other)]) == 4
    by_tool = replace(rule, counted_by=CountedBy.TOOL, calls_per_day=None, calls_per_month=2)
    assert [await allowed(quotas, by_tool, one, 5, tool) for tool in ("a", "b")] == [2, 2]


async def test_a_call_that_one_quota_refuses_is_taken_out_of_none(database: Database, rule: ToolRule) -> None:
    quotas, who = Quotas(database), caller(rule)
    narrow = replace(rule, id=new_id(), name="narrow", calls_per_day=1)
    async with database.transaction(rule.team_id) as tx:
        await store.put_rule(tx, narrow)
    await quotas.take([rule, narrow], who, "s", "t")
    for _ in range(60):
        with pytest.raises(LimitExceeded, match="narrow"):
            await quotas.take([rule, narrow], who, "s", "t")
    assert await allowed(quotas, rule, who, 60) == 39


async def test_a_changed_quota_holds_at_once_and_a_removed_rule_counts_nobody(
    database: Database, rule: ToolRule
) -> None:
    quotas, who = Quotas(database), caller(rule)
    assert await allowed(quotas, rule, who, 50) == 40
    wider = replace(rule, calls_per_day=45)
    assert await allowed(quotas, wider, who, 50) == 5
    async with database.transaction(rule.team_id) as tx:
        await store.delete_rule(tx, rule.team_id, rule.id)
    assert await allowed(Quotas(database), rule, who, 50) == 50
