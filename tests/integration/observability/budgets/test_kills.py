"""A node is killed in the middle of its calls: their leases end, and the ledger comes to what the spans say."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from mno.audit.service import Audit
from mno.observability.budgets.counters.redis.service import RedisCounters
from mno.observability.budgets.model import Cycle, Period
from mno.observability.ledger.queries import LedgerQueries
from mno.observability.ledger.service import Ledger
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from support import budget_process
from support.budget_process import ACTUAL, CALLS, COST, DIMENSIONS, LEASE_S, MINUTES_AGO, SETTLED
from support.budgets import Nodes, Tenancy, Told, a_call, a_tenancy, has_room, saved, sent, standing

LONG = Period(Cycle.ROLLING, 10 * 86_400)
TESTS = Path(budget_process.__file__).parent.parent


@asynccontextmanager
async def calling(postgres_url: str, redis_url: str, tenancy: Tenancy) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process in the middle of its calls."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        budget_process.__file__,
        *(postgres_url, redis_url, str(tenancy.team_id), str(tenancy.project_id)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"under way\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ledger_of(database: Database, clickhouse: ClickHouse, tenancy: Tenancy) -> tuple[int, int, int]:
    """What is held, what was spent, and days on which the ledger says something else than the spans."""
    ledger = Ledger(database, LedgerQueries(clickhouse), Audit(database), Told())
    now = clock.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    await ledger.post(now - timedelta(days=3))
    found = await ledger.differences(day - timedelta(days=3), day)
    async with database.transaction(tenancy.team_id) as tx:
        row = await (
            await tx.execute("SELECT sum(held)::bigint AS held, sum(cost)::bigint AS cost FROM ledger_entries")
        ).fetchone()
    assert row is not None
    return row["held"], row["cost"], sum(one.team_id == tenancy.team_id for one in found)


async def test_what_a_killed_process_held_comes_back_and_the_ledger_reconciles(
    a_node: Nodes, database: Database, postgres_url: str, clickhouse: ClickHouse
) -> None:
    node, tenancy = a_node(database), await a_tenancy(database)
    budget = await saved(database, tenancy, limit=CALLS * COST, period=LONG)
    await node.counters.forgotten([budget.id])  # counted long ago: nothing was used
    redis_url = node.counters.redis.url if isinstance(node.counters, RedisCounters) else ""
    began = time.monotonic()
    async with calling(postgres_url, redis_url, tenancy) as process:
        process.kill()
        await process.wait()
        under_way = (CALLS - SETTLED) * COST
        assert await standing(node, budget) == (SETTLED * ACTUAL, under_way)
        is_held = not await has_room(node, tenancy, DIMENSIONS, CALLS * COST - under_way)
        assert is_held or time.monotonic() - began >= LEASE_S
        while not await has_room(node, tenancy, DIMENSIONS, CALLS * COST - SETTLED * ACTUAL):
            await asyncio.sleep(0.1)
    assert await standing(node, budget) == (SETTLED * ACTUAL, 0)
    # the spans of calls that ended are on the disk before their settlement, and arrive
    calls = [a_call(number, ACTUAL, minutes_ago=MINUTES_AGO) for number in range(SETTLED)]
    sent(clickhouse, tenancy, *calls, source="gateway")
    await node.journal.write()
    assert await ledger_of(database, clickhouse, tenancy) == (0, SETTLED * ACTUAL, 0)
