"""The ledger: calls of the gateway, hours of usage, corrections; what it says is what the spans say."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from mno.audit.service import Audit
from mno.observability.budgets.model import Amounts
from mno.observability.ledger import store
from mno.observability.ledger.model import LedgerKind, Sums
from mno.observability.ledger.queries import LedgerQueries
from mno.observability.ledger.service import Ledger
from mno.observability.spans import columns
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.observability.spans.store import SpanStore
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.errors import Denied, Invalid
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.time_range import TimeRange
from support.arriving import restate
from support.budgets import Tenancy, Told, a_call, a_tenancy, budget_node, saved, sent

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def ledger(database: Database, clickhouse: ClickHouse, told: Told) -> Ledger:
    return Ledger(database, LedgerQueries(clickhouse), Audit(database), told)


def reader(tenancy: Tenancy, *, in_team: bool = True) -> Principal:
    may = frozenset({"ledger.read", "budgets.write"})
    team = may if in_team else frozenset[str]()
    return Principal(PrincipalKind.USER, tenancy.team_id, "Finn", tenancy.team_id, tenancy.project_id, may, team)


async def written(ledger: Ledger, tenancy: Tenancy) -> list[tuple[str, int, int]]:
    entries, _ = await ledger.page(reader(tenancy), [], None, 100, of_team=False)
    return [(str(entry.kind), entry.held, entry.sums.cost) for entry in reversed(entries)]


async def mine(ledger: Ledger, tenancy: Tenancy, since: datetime, until: datetime) -> list[Any]:
    return [one for one in await ledger.differences(since, until) if one.team_id == tenancy.team_id]


LONG = TimeRange(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))


async def test_every_call_of_the_gateway_leaves_what_it_held_and_what_it_cost(
    ledger: Ledger, tenancy: Tenancy, database: Database
) -> None:
    await saved(database, tenancy)
    budgets = budget_node(database).budgets
    place = tenancy.team_id, tenancy.project_id
    dimensions = {
        "provider": "openai",
        "model": "gpt-4o",
        "api_key": "key_1",
        "user": "ann",
        "tag:b": "2",
        "tag:a": "1",
    }
    settled, released, lost = [await budgets.reserve(*place, dimensions, Amounts(100, 50), s) for s in (60, 60, 0.01)]
    await budgets.settle(settled, Amounts(70, 40), estimated=True)
    await budgets.release(released)
    await asyncio.sleep(0.05)
    await budgets.sweep()
    await budgets.settle(lost, Amounts(30, 20))
    await budgets.settle(lost, Amounts(30, 20))
    assert sorted(await written(ledger, tenancy)) == sorted(
        [
            *[("reservation", 100, 0)] * 3,
            ("settlement", -100, 70),
            ("release", -100, 0),
            ("expiry", -100, 0),
            ("settlement", 0, 30),
        ]
    )
    balance = await ledger.balance(reader(tenancy), LONG, of_team=False)
    assert (balance.held, balance.spent) == (0, Sums(100, 60, 2))
    entries, _ = await ledger.page(reader(tenancy), [LedgerKind.SETTLEMENT], None, 10, of_team=False)
    assert [entry.estimated for entry in entries] == [False, True]
    assert entries[0].key == ("openai", "gpt-4o", "", "", "key_1", ("a=1", "b=2"))


async def test_hours_are_posted_once_and_corrections_follow(
    ledger: Ledger, tenancy: Tenancy, database: Database, clickhouse: ClickHouse
) -> None:
    now = clock.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    await saved(database, tenancy)
    budgets = budget_node(database).budgets
    started_at = now - timedelta(hours=30)
    dimensions = {"provider": "openai", "model": "gpt-4o", "api_key": "key_1"}
    reservation = await budgets.reserve(
        tenancy.team_id, tenancy.project_id, dimensions, Amounts(9, 100), 60, started_at=started_at
    )
    await budgets.settle(reservation, Amounts(8, 100))
    sent(clickhouse, tenancy, a_call(1, 8, minutes_ago=30 * 60), source="gateway")
    other, parent = sent(
        clickhouse,
        tenancy,
        a_call(2, 5, minutes_ago=30 * 60, tags=("feature=search",)),
        a_call(3, 1_000, minutes_ago=30 * 60),
    )
    window = day - timedelta(days=3), day
    assert len(await mine(ledger, tenancy, *window)) == 1
    await ledger.post(now - timedelta(days=3))
    assert await mine(ledger, tenancy, *window) == []
    # the settled call was there already; the parent came beside it, under the same key
    assert [one for one in await written(ledger, tenancy) if one[0] in ("usage", "adjustment")] == [
        ("adjustment", 0, 1_000),
        ("usage", 0, 5),
    ]
    assert await ledger.post(now - timedelta(days=3)) == 0
    tenant = Tenant(str(tenancy.team_id), str(tenancy.project_id))
    restate(clickhouse, tenant, [parent], counted=0)
    restate(clickhouse, tenant, [other], counted=0)
    assert len(await mine(ledger, tenancy, *window)) == 1
    await ledger.post(now - timedelta(days=3))
    assert await mine(ledger, tenancy, *window) == []
    balance = await ledger.balance(reader(tenancy), LONG, of_team=False)
    assert balance.spent == Sums(8, 100, 1)


async def test_a_call_that_no_budget_counts_is_posted_with_its_hour(
    ledger: Ledger, tenancy: Tenancy, database: Database, clickhouse: ClickHouse
) -> None:
    budgets, place = budget_node(database).budgets, (tenancy.team_id, tenancy.project_id)
    await budgets.settle(await budgets.reserve(*place, {"model": "gpt-4o"}, Amounts(9, 100), 60), Amounts(8, 100))
    sent(clickhouse, tenancy, a_call(1, 8, minutes_ago=30 * 60), source="gateway")
    assert await written(ledger, tenancy) == []
    await ledger.post(clock.now() - timedelta(days=3))
    await ledger.post(clock.now() - timedelta(days=3))
    assert await written(ledger, tenancy) == [("usage", 0, 8)]


async def test_the_nightly_check_tells_a_difference_that_posting_cannot_mend(
    ledger: Ledger, tenancy: Tenancy, told: Told, clickhouse: ClickHouse
) -> None:
    sent(clickhouse, tenancy, a_call(1, 8, minutes_ago=30 * 60))
    await ledger.check_nightly()
    assert [fact for fact in told.facts if fact.team_id == tenancy.team_id] == []
    # rows that no rollup has heard of
    span = a_call(2, 7, minutes_ago=30 * 60)
    owner = Owner(str(tenancy.team_id), str(tenancy.project_id), "otlp", "")
    SpanStore(clickhouse).insert(columns.block([(owner, [span])], 0))
    await ledger.check_nightly()
    (fact,) = [fact for fact in told.facts if fact.team_id == tenancy.team_id]
    assert fact.kind == "ledger.difference_found"
    assert fact.data["ledger"] == {"cost": "0.000000008", "tokens": 100, "calls": 1}
    assert fact.data["spans"] == {"cost": "0.000000015", "tokens": 200, "calls": 2}


async def test_an_open_hour_waits(ledger: Ledger, tenancy: Tenancy, clickhouse: ClickHouse) -> None:
    sent(clickhouse, tenancy, a_call(1, 8))
    await ledger.post(clock.now() - timedelta(days=1))
    assert await written(ledger, tenancy) == []


async def test_credits_lower_what_is_owed_and_stay(ledger: Ledger, tenancy: Tenancy, database: Database) -> None:
    entry = await ledger.credit(reader(tenancy), 300, "  From the provider ")
    assert (entry.kind, entry.sums.cost, entry.note, entry.by) == (LedgerKind.CREDIT, -300, "From the provider", "Finn")
    assert (await ledger.balance(reader(tenancy), LONG, of_team=True)).credited == 300
    for amount, note in ((0, "x"), (10**18, "x"), (1, " ")):
        with pytest.raises(Invalid):
            await ledger.credit(reader(tenancy), amount, note)
    for statement in ("DELETE FROM ledger_entries", "UPDATE ledger_entries SET cost = 0"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.across_teams() as tx:
                await tx.execute(statement)


async def test_charges_go_by_project_model_or_tag(ledger: Ledger, tenancy: Tenancy, clickhouse: ClickHouse) -> None:
    hours = 5 * 60
    sent(
        clickhouse,
        tenancy,
        a_call(1, 5, minutes_ago=hours, tags=("feature=search", "x=y")),
        a_call(2, 7, minutes_ago=hours, tags=("feature=chat",)),
        a_call(3, 1, minutes_ago=hours, model="gpt-5"),
    )
    await ledger.post(clock.now() - timedelta(days=1))
    asked = reader(tenancy)

    async def by(name: str) -> dict[str, int]:
        return {one.value: one.sums.cost for one in await ledger.chargeback(asked, LONG, name, of_team=True)}

    assert await by("tag:feature") == {"chat": 7, "search": 5, "": 1}
    assert await by("model") == {"gpt-4o": 12, "gpt-5": 1}
    assert list((await by("project")).values()) == [13]
    with pytest.raises(Invalid):
        await by("colour")
    lines = await ledger.lines(asked, LONG, of_team=True)
    assert sum(line.sums.cost for line in lines) == 13


async def test_pages_follow_one_another_and_another_team_sees_nothing(ledger: Ledger, tenancy: Tenancy) -> None:
    for amount in range(1, 6):
        await ledger.credit(reader(tenancy), amount, "x")
    seen, cursor = [], None
    while True:
        entries, cursor = await ledger.page(reader(tenancy), [], cursor, 2, of_team=False)
        seen += [-entry.sums.cost for entry in entries]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    stranger = Tenancy(tenancy.project_id, tenancy.team_id)
    assert await ledger.page(reader(stranger), [], None, 10, of_team=True) == ([], None)
    with pytest.raises(Denied):
        await ledger.page(reader(tenancy, in_team=False), [], None, 10, of_team=True)


async def test_two_who_post_at_once_write_each_hour_once(
    ledger: Ledger, tenancy: Tenancy, clickhouse: ClickHouse, database: Database
) -> None:
    sent(clickhouse, tenancy, a_call(1, 8, minutes_ago=5 * 60))
    await asyncio.gather(*(ledger.post(clock.now() - timedelta(days=1)) for _ in range(4)))
    async with database.transaction(tenancy.team_id) as tx:
        entries = await store.page(tx, tenancy.team_id, None, [], None, limit=10)
    assert [entry.sums.cost for entry in entries] == [8]
