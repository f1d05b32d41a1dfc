"""Limits of tools in a real Redis: the same for every process, and each process's own while there is none."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from mno.mcp_gateway.calls.pace import Limit, Paces
from mno.mcp_gateway.calls.shared_pace import SharedPaces
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id
from mno.platform.redis import Redis
from support.promises import PATIENCE_S
from support.redis_server import RedisServer

LEASE_S = 600.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def processes(server: RedisServer) -> AsyncIterator[list[SharedPaces]]:
    """Two of them, as far as limits know."""
    async with AsyncExitStack() as stack:
        made = [SharedPaces(Redis(server.url), Paces(time.monotonic)) for _ in range(2)]
        for one in made:
            stack.push_async_callback(one.close)
        yield made


def limit(per_minute: int | None = None, at_once: int | None = None) -> Limit:
    return Limit(new_id().hex, "the rule 'r'", per_minute, at_once)


async def called(paces: SharedPaces, *limits: Limit, lease_s: float = LEASE_S) -> None:
    async with paces.admitted(limits, lease_s):
        pass


async def test_processes_share_a_minute_s_calls(processes: list[SharedPaces]) -> None:
    minute, began = limit(per_minute=30), time.monotonic()
    outcomes = await asyncio.gather(*(called(processes[n % 2], minute) for n in range(80)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, LimitExceeded)]
    come_back = (time.monotonic() - began) * 30 / 60
    assert 49 - come_back <= len(refused) <= 50, "as many come back as time goes by while they are asked"
    assert "30 calls a minute are the limit of the rule 'r'" in str(refused[0])


async def test_processes_share_the_calls_that_run_at_once(processes: list[SharedPaces]) -> None:
    one = limit(at_once=1)
    async with processes[0].admitted([one], LEASE_S):
        with pytest.raises(LimitExceeded, match="1 calls are running at once"):
            await called(processes[1], one)
    await processes[0].told()
    await called(processes[1], one)


async def test_what_one_limit_refuses_is_counted_under_none(processes: list[SharedPaces]) -> None:
    wide, narrow = limit(per_minute=5, at_once=5), limit(per_minute=1)
    await called(processes[0], wide, narrow)
    for _ in range(8):
        with pytest.raises(LimitExceeded, match="1 calls a minute"):
            await called(processes[1], wide, narrow)
    for _ in range(4):
        await called(processes[1], wide)


async def test_what_a_killed_process_let_in_comes_back_when_its_lease_ends(processes: list[SharedPaces]) -> None:
    one = limit(at_once=1)
    held = processes[0].admitted([one], 0.2)
    await held.__aenter__()  # and it is never left

    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await called(processes[1], one)
                break
            except LimitExceeded:
                await asyncio.sleep(0.05)
    await held.__aexit__(None, None, None)


async def test_each_process_counts_for_itself_while_redis_is_away(
    processes: list[SharedPaces], server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    minute = limit(per_minute=3)
    await called(processes[0], minute)
    server.stop()
    try:
        for _ in range(2):
            await called(processes[0], minute)
        with pytest.raises(LimitExceeded):
            await called(processes[0], minute)
        for _ in range(3):
            await called(processes[1], minute)
    finally:
        server.start()
    assert "counted in this process alone" in caplog.text
