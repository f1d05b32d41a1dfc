"""Budgets for tests, and nodes that take turns at their counters."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from mno.observability.budgets import store
from mno.observability.budgets.counters.ports import Counters
from mno.observability.budgets.counters.postgres.service import PostgresCounters
from mno.observability.budgets.counters.redis.service import ROOT, RedisCounters
from mno.observability.budgets.journal.service import Journal
from mno.observability.budgets.model import Amounts, Budget, Cycle, Period, Unit, Unpriced
from mno.observability.budgets.refreshing.arrivals import SentByOthers
from mno.observability.budgets.refreshing.queries import UseQueries
from mno.observability.budgets.refreshing.service import Refreshing
from mno.observability.budgets.service import Budgets, book_over
from mno.observability.budgets.thresholds.service import Thresholds
from mno.observability.spans import columns
from mno.observability.spans.arrivals import Arrivals
from mno.observability.spans.model import Owner, Span, UsageKind
from mno.observability.spans.store import SpanStore
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Connection, Database
from mno.platform.errors import BudgetExhausted
from mno.platform.facts import Fact
from mno.platform.ids import new_id
from mno.platform.redis import Redis
from mno.platform.time_range import microseconds
from mno.platform.versions import Versions

_THEN = datetime(2026, 1, 1, tzinfo=UTC)
_A_BUDGET = Budget(
    id=UUID(int=9),
    team_id=UUID(int=8),
    project_id=None,
    name="A budget",
    unit=Unit.MONEY,
    limit=1_000_000_000,
    matches={},
    per="",
    period=Period(Cycle.MONTH),
    hard=True,
    status=429,
    thresholds=(),
    unpriced=Unpriced.ALLOW,
    fallback_nano=0,
    version=1,
    created_at=_THEN,
    created_by="test",
    changed_at=_THEN,
    changed_by="test",
    counted_until=_THEN,
)


def a_budget(**wish: Any) -> Budget:
    """A hard limit of a dollar a month on everything the team does, but for what is wished."""
    return replace(_A_BUDGET, **wish)


class Told:
    """Keeps the facts that were published."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def publish(self, tx: Connection, fact: Fact) -> None:
        assert not tx.closed
        self.facts.append(fact)


@dataclass(frozen=True)
class Zone:
    """Every team lives by this clock."""

    name: str = "UTC"

    async def zone_of(self, team_id: UUID) -> str:
        assert team_id.int
        return self.name


@dataclass(frozen=True)
class BudgetNode:
    """One process that takes turns."""

    database: Database
    budgets: Budgets
    thresholds: Thresholds
    told: Told
    #: Not running: this process hears of its own changes only.
    versions: Versions
    counters: Counters
    journal: Journal
    refreshing: Refreshing


def budget_node(
    database: Database, zone: str = "UTC", *, clickhouse: ClickHouse | None = None, redis_url: str = ""
) -> BudgetNode:
    """Counters in Postgres, or in the Redis that is named; those are counted anew from `clickhouse`."""
    told, versions, journal = Told(), Versions(database), Journal(database)
    thresholds = Thresholds(database, told)
    book = book_over(database, versions, Zone(zone))
    counters: Counters = PostgresCounters(database)
    if redis_url:
        counters = RedisCounters(Redis(redis_url), journal)
    queries = UseQueries(clickhouse or ClickHouse(Path("none")))
    refreshing = Refreshing(database, queries, book, thresholds, Arrivals(SentByOthers()), counters)
    budgets = Budgets(book, thresholds, counters, refreshing.rebuild)
    return BudgetNode(database, budgets, thresholds, told, versions, counters, journal, refreshing)


class Nodes(Protocol):
    """Makes one process after the other over the same counters."""

    def __call__(self, database: Database, zone: str = "UTC") -> BudgetNode: ...


@dataclass(frozen=True)
class Tenancy:
    """A team and its project, as rows."""

    team_id: UUID
    project_id: UUID


async def a_tenancy(database: Database) -> Tenancy:
    found = Tenancy(uuid4(), uuid4())
    async with database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_teams (id, name, time_zone, created_at) VALUES (%(id)s, 'T', 'UTC', now())",
            {"id": found.team_id},
        )
        await tx.execute(
            "INSERT INTO identity_projects (id, team_id, name, created_at) VALUES (%(id)s, %(team)s, 'P', now())",
            {"id": found.project_id, "team": found.team_id},
        )
    return found


async def saved(database: Database, tenancy: Tenancy, **wish: Any) -> Budget:
    """A budget of the team in the database."""
    name = wish.pop("name", f"Budget {uuid4().hex[:6]}")
    budget = a_budget(**wish, id=new_id(), team_id=tenancy.team_id, name=name)
    async with database.transaction(tenancy.team_id) as tx:
        await store.insert(tx, budget)
    return budget


async def has_room(node: BudgetNode, tenancy: Tenancy, dimensions: Mapping[str, str], cost: int) -> bool:
    """Whether a call may hold so much now; it gives it back at once."""
    try:
        held = await node.budgets.reserve(tenancy.team_id, tenancy.project_id, dimensions, Amounts(cost, 1), 60)
    except BudgetExhausted:
        return False
    await node.budgets.release(held)
    return True


async def standing(node: BudgetNode, budget: Budget) -> tuple[int, int]:
    """(spent, reserved) over all counters, parts and periods."""
    if isinstance(node.counters, RedisCounters):
        return await _standing_in_redis(node.counters.redis, budget)
    async with node.database.transaction(budget.team_id) as tx:
        cursor = await tx.execute(
            "SELECT coalesce(sum(base + recent + settled), 0)::bigint AS spent,"
            " coalesce(sum(reserved), 0)::bigint AS reserved FROM budgets_counters WHERE budget_id = %(id)s",
            {"id": budget.id},
        )
        row = await cursor.fetchone()
    assert row is not None
    return row["spent"], row["reserved"]


async def _standing_in_redis(redis: Redis, budget: Budget) -> tuple[int, int]:
    names = await redis.ask("KEYS", f"{ROOT}:t:{budget.id}:*")
    rows = await redis.ask_all([("HGETALL", name) for name in names])
    spent = sum(int(value) for row in rows for field, value in row.items() if field.isdigit())
    return spent, sum(int(value) for row in rows for field, value in row.items() if not field.isdigit())


def sent(
    clickhouse: ClickHouse, tenancy: Tenancy, *spans: Span, source: str = "otlp", key: str = "key_1"
) -> Sequence[Span]:
    """Spans in the store, of which the rollups know."""
    owner = Owner(str(tenancy.team_id), str(tenancy.project_id), source, key)
    store = SpanStore(clickhouse)
    store.insert(columns.block([(owner, spans)], time.time_ns() // 1000))
    store.settle()
    return spans


def a_call(number: int, cost: int | None, *, minutes_ago: float = 0, **fields: Any) -> Span:
    """A counted call of 100 tokens that began so long ago."""
    start_us = microseconds(clock.now()) - round(minutes_ago * 60_000_000)
    given: dict[str, Any] = {"usage_kind": UsageKind.CALL, "counted": True, "input_tokens": 60, "output_tokens": 40}
    given |= {"provider": "openai", "model": "gpt-4o", **fields}
    return Span(
        trace_id=uuid4().bytes,
        span_id=number.to_bytes(8, "big"),
        start_ns=start_us * 1000,
        duration_ns=1_000_000,
        name="call",
        cost=cost,
        cost_input=cost or 0,
        **given,
    )
