"""Both places where budgets may be counted."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from mno.observability.budgets.counters.redis.service import RedisCounters
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from support.budgets import BudgetNode, Nodes, budget_node
from support.redis_server import RedisServer

#: The Redis that counts, and the span store that it is counted anew from; None for Postgres.
Where = tuple[RedisServer, ClickHouse] | None


@pytest.fixture(scope="session")
def redis_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(redis_of_tests: RedisServer) -> RedisServer:
    """An empty one."""
    redis_of_tests.empty()
    return redis_of_tests


@pytest.fixture(params=["postgres", "redis"])
def where(request: pytest.FixtureRequest) -> Where:
    """Counters in Postgres; then the same test with counters in Redis."""
    if request.param == "postgres":
        return None
    return request.getfixturevalue("redis_server"), request.getfixturevalue("clickhouse")


@pytest.fixture
async def a_node(where: Where) -> AsyncIterator[Nodes]:
    if where is None:
        yield budget_node
        return
    server, clickhouse = where
    async with AsyncExitStack() as stack:

        def node(database: Database, zone: str = "UTC") -> BudgetNode:
            made = budget_node(database, zone, clickhouse=clickhouse, redis_url=server.url)
            assert isinstance(made.counters, RedisCounters)
            stack.push_async_callback(made.counters.redis.close)
            return made

        yield node
