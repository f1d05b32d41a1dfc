"""A process that makes calls, for tests that kill it in the middle of them.

    python budget_process.py POSTGRES_URL REDIS_URL TEAM PROJECT

It reserves CALLS times COST for LEASE_S, settles the first SETTLED of them with ACTUAL, says so in one line and then
waits for its end. REDIS_URL may be empty: the counters are in Postgres.
"""

import asyncio
import sys
from datetime import timedelta
from uuid import UUID

from mno.observability.budgets.model import Amounts
from mno.platform import clock
from support.budgets import budget_node
from support.engines import opened

CALLS = 100
SETTLED = 40
COST = 5
ACTUAL = 3
LEASE_S = 8.0
#: When the calls began, in minutes before now: the ledger posts hours that have closed.
MINUTES_AGO = 30 * 60
DIMENSIONS = {"provider": "openai", "model": "gpt-4o", "api_key": "key_1"}


async def main(postgres_url: str, redis_url: str, team: str, project: str) -> None:
    async with opened(postgres_url) as database:
        node = budget_node(database, redis_url=redis_url)
        started_at = clock.now() - timedelta(minutes=MINUTES_AGO)
        place = UUID(team), UUID(project)
        async with node.budgets.running():
            calls = (
                node.budgets.reserve(*place, DIMENSIONS, Amounts(COST, 100), LEASE_S, started_at=started_at)
                for _ in range(CALLS)
            )
            held = await asyncio.gather(*calls)
            await asyncio.gather(*(node.budgets.settle(one, Amounts(ACTUAL, 100)) for one in held[:SETTLED]))
            print("under way", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
