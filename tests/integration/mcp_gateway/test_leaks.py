"""What sessions leave behind, however they end: nothing. bench/mcp_gateway.py looks at ten thousand, and at memory."""

import asyncio
import contextlib
from functools import partial

import httpx
import psutil

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_sessions import begun, call, eventually, older
from mno.platform.limits import MAX_POSTGRES_CONNECTIONS
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire

SESSIONS, AT_ONCE = 120, 6


def held() -> tuple[int, int, int]:
    """Open files and sockets, children, tasks."""
    process = psutil.Process()
    return process.num_fds(), len(process.children()), len(asyncio.all_tasks())


async def polite(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await call(client, headers, "old_echo")).status_code == 200


async def impatient(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Leaves while its call is under way."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            await call(client, headers, "old_echo", "slow")


async def listening(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Opens the stream of its session and leaves it."""
    async with client.stream("GET", "/mcp", headers={**headers, "accept": "text/event-stream"}) as stream:
        assert stream.status_code == 200


async def test_sessions_leave_nothing_behind(team: Team, upstream: Upstream) -> None:
    async def echo(got: Got, wire: Wire) -> None:
        if got.json["id"] == "slow":
            await asyncio.sleep(0.2)
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"content": []}})

    upstream.answer = partial(older, call=echo)
    await team.add("old", f"{upstream.url}/mcp")

    async def some(count: int) -> None:
        numbers = iter(range(count))

        async def one_after_another() -> None:
            for number in numbers:
                limits = httpx.Limits(max_keepalive_connections=0)
                async with httpx.AsyncClient(
                    base_url=team.hub, headers=team.caller.headers, timeout=PATIENCE_S, limits=limits
                ) as client:
                    headers = await begun(client)
                    await (polite, impatient, listening)[number % 3](client, headers)
                    assert (await client.delete("/mcp", headers=headers)).is_success

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))

    await some(3 * AT_ONCE)  # what is made once is made before
    await asyncio.sleep(0.5)
    before = held()
    await some(SESSIONS)

    # the database's pool grows and shrinks by itself
    most = before[0] + AT_ONCE + MAX_POSTGRES_CONNECTIONS, before[1] + AT_ONCE, before[2] + AT_ONCE

    async def is_as_before() -> bool:
        return all(now <= bound for now, bound in zip(held(), most, strict=True))

    assert await eventually(is_as_before), (before, held())
