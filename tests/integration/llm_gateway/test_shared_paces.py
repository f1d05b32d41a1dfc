"""The limits of keys in a real Redis: the same for every process, and each process's own while there is none."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import uuid4

import pytest

from mno.llm_gateway.model import KeyPolicy
from mno.llm_gateway.pace.limits import Limits, Ticket
from mno.llm_gateway.pace.shared import SharedLimits
from mno.platform.errors import LimitExceeded
from mno.platform.redis import Redis
from support.promises import PATIENCE_S
from support.redis_server import RedisServer

LEASE_S = 600.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def processes(server: RedisServer) -> AsyncIterator[list[SharedLimits]]:
    """Two of them, as far as limits know."""
    async with AsyncExitStack() as stack:
        made = [SharedLimits(Redis(server.url), Limits(time.monotonic)) for _ in range(2)]
        for one in made:
            stack.push_async_callback(one.close)
        yield made


def policy(**limits: int) -> KeyPolicy:
    return KeyPolicy(uuid4(), **limits)  # type: ignore[arg-type]


async def enter(limits: SharedLimits, held: KeyPolicy, tokens: int = 0, *, lease_s: float = LEASE_S) -> Ticket:
    return await limits.admit(held, "key", tokens, lease_s)


async def ended(limits: SharedLimits, ticket: Ticket, used: int | None = None) -> None:
    if used is not None:
        ticket.used(used)
    ticket.end()
    await limits.told()


async def test_processes_share_a_minute_s_calls(processes: list[SharedLimits]) -> None:
    held, began = policy(requests_per_minute=40), time.monotonic()
    outcomes = await asyncio.gather(*(enter(processes[n % 2], held) for n in range(100)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, LimitExceeded)]
    come_back = (time.monotonic() - began) * 40 / 60
    assert 59 - come_back <= len(refused) <= 60, "as many come back as time goes by while they are asked"
    assert "40 requests a minute" in str(refused[0])
    assert refused[0].retry_after_s in (1, 2)


async def test_tokens_are_given_back_and_paid_off_as_the_provider_counted_them(processes: list[SharedLimits]) -> None:
    one, other = processes
    held = policy(tokens_per_minute=600)
    ticket = await enter(one, held, 500)
    with pytest.raises(LimitExceeded, match="600 tokens a minute"):
        await enter(other, held, 200)
    await ended(one, ticket, used=100)
    ticket = await enter(other, held, 450)
    await ended(other, ticket, used=1_800)
    with pytest.raises(LimitExceeded) as refusal:
        await enter(one, held, 1)
    assert 100 <= (refusal.value.retry_after_s or 0) <= 132, "1,300 tokens of debt at ten a second"


async def test_calls_at_one_time_are_counted_over_all_processes(processes: list[SharedLimits]) -> None:
    one, other = processes
    held = policy(concurrent_calls=2)
    first, _ = await enter(one, held), await enter(other, held)
    with pytest.raises(LimitExceeded, match="2 calls running"):
        await enter(one, held)
    await ended(one, first)
    await enter(other, held)


async def test_a_caller_that_leaves_while_it_waits_holds_nothing(processes: list[SharedLimits]) -> None:
    limits, held = processes[0], policy(concurrent_calls=1, tokens_per_minute=100)
    leaving = asyncio.create_task(enter(limits, held, 100))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await limits.told()
    await enter(limits, held, 100)


async def test_what_a_killed_process_let_in_comes_back_with_its_lease(processes: list[SharedLimits]) -> None:
    held, began = policy(concurrent_calls=1), time.monotonic()
    await enter(processes[0], held, lease_s=0.2)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await enter(processes[1], held)
                break
            except LimitExceeded:
                await asyncio.sleep(0.02)
    assert time.monotonic() - began > 0.19, "and not before"


async def test_a_refused_call_takes_nothing(processes: list[SharedLimits]) -> None:
    limits, held = processes[0], policy(requests_per_minute=2, tokens_per_minute=60)
    await ended(limits, await enter(limits, held, 60), used=60)
    for _ in range(5):
        with pytest.raises(LimitExceeded, match="tokens"):
            await enter(limits, held, 60)
    await enter(limits, replace(held, tokens_per_minute=None))
    with pytest.raises(LimitExceeded, match="2 requests"):
        await enter(limits, replace(held, tokens_per_minute=None))


async def test_while_redis_is_away_each_process_counts_for_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RedisServer(tmp_path_factory.mktemp("mortal"))
    server.start()
    limits = SharedLimits(Redis(server.url), Limits(time.monotonic))
    held = policy(requests_per_minute=2)
    await ended(limits, await enter(limits, held))
    server.stop()
    for _ in range(2):
        await ended(limits, await enter(limits, held))
    with pytest.raises(LimitExceeded, match="2 requests a minute"):
        await enter(limits, held)
    server.start()
    await ended(limits, await enter(limits, held))
    server.stop()
    await limits.close()
