"""Servers of the older transport: the official SDK's, and some that do not keep to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from mcp.server.mcpserver import Context, MCPServer

from integration.mcp_gateway.test_calls import eventually
from mno.mcp_gateway.model import Server, Transport
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.sse.way import Sse
from mno.platform import clock
from mno.platform.errors import TooLarge
from mno.platform.upstream.pool import Origin, Pool
from support.served import serving
from support.upstream import Got, Upstream, Wire, running_upstream


class Anywhere:
    """A guard that lets everything through."""

    async def address_of(self, host: str, port: int) -> str:  # noqa: ARG002
        return host


def ready(address: str) -> Ready:
    parts = urlsplit(address)
    server = Server(uuid4(), uuid4(), "old", address, clock.now(), Transport.SSE)
    origin = Origin(secure=False, host=parts.hostname or "", port=parts.port or 80)
    return Ready(server, origin, parts.netloc, parts.path or "/", (b"x-token", b"secret"))


@contextlib.asynccontextmanager
async def running(idle_stop_s: float = 600) -> AsyncIterator[Sse]:
    way = Sse(Pool(Anywhere()), idle_stop_s)
    try:
        yield way
    finally:
        way.close()
        await asyncio.sleep(0)


async def messages(
    way: Sse, one: Ready, tool: str, *, timeout_s: float = 60, limit: int = 10**6, token: Any = None, **arguments: Any
) -> list[Object]:
    params = {"name": Raw(message.encoded(tool)), "arguments": Raw(message.encoded(arguments))}
    if token is not None:
        params["_meta"] = Raw(message.encoded({"progressToken": token}))
    question = Question("tools/call", params, tool, timeout_s, limit)
    async with contextlib.aclosing(way.ask(one, question)) as found:
        return [each async for each in found]


async def call(way: Sse, one: Ready, tool: str, **more: Any) -> str:
    response = (await messages(way, one, tool, **more))[-1]
    return str(message.value_of(response["result"])["content"][0]["text"])


@contextlib.asynccontextmanager
async def sdk_server() -> AsyncIterator[str]:
    server = MCPServer("old")

    @server.tool()
    async def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool()
    async def slow(ctx: Context) -> str:
        """Tells how far it is."""
        for step in range(3):
            await ctx.report_progress(step + 1, 3)
        return "done"

    async with serving(server.sse_app()) as address:
        yield f"{address}/sse"


async def test_a_server_of_the_sdk_is_called_side_by_side_over_one_stream() -> None:
    async with sdk_server() as address, running() as way:
        one = ready(address)
        answers = await asyncio.gather(*(call(way, one, "add", a=number, b=1) for number in range(20)))
        assert answers == [str(number + 1) for number in range(20)]
        assert way.version_at(one) in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
        told = await messages(way, one, "slow", token="mine")
        assert [message.value_of(each["params"])["progressToken"] for each in told[:-1]] == ["mine"] * 3


@dataclass
class Old:
    """A server of the older transport, as an `Upstream` answers; everything may be made otherwise."""

    endpoint: str = "/messages?session={session}"
    status: int = 202
    streams: list[Wire] = field(default_factory=list)
    #: Sessions that it knows no more.
    forgotten: set[str] = field(default_factory=set)

    async def __call__(self, got: Got, wire: Wire) -> None:
        if got.method == "GET":
            self.streams.append(wire)
            await wire.start_stream()
            await wire.chunk(b": hello\r\n\r\n")
            place = self.endpoint.format(session=len(self.streams))
            await wire.chunk(b"event: endpoint\ndata: " + place.encode() + b"\n\n")
            await wire.until_gone()
            return
        session = got.target.rpartition("=")[2]
        if session in self.forgotten:
            await wire.raw(b"no such session", 404)
            return
        await wire.raw(b"Accepted", self.status)
        stream = self.streams[int(session) - 1]
        asked = got.json
        match asked.get("method"):
            case "initialize":
                result: Any = {"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {"name": "o"}}
            case "tools/call" if asked["params"]["name"] == "break":
                stream.reset()
                return
            case "tools/call":
                text = "x" * asked["params"]["arguments"].get("bytes", 1)
                result = {"content": [{"type": "text", "text": text}]}
            case _:
                return
        if "id" in asked:
            await stream.event({"jsonrpc": "2.0", "id": asked["id"], "result": result})


@pytest.fixture
async def old() -> AsyncIterator[tuple[Old, Upstream]]:
    server = Old()
    async with running_upstream(server) as upstream:
        yield server, upstream


async def test_the_credential_goes_with_every_message_and_to_no_other_place(old: tuple[Old, Upstream]) -> None:
    server, upstream = old
    async with running() as way:
        assert await call(way, ready(f"{upstream.url}/sse"), "echo") == "x"
        assert {got.headers["x-token"] for got in upstream.got} == {"secret"}
        async with running_upstream(server) as other:
            server.endpoint = f"{other.url}/messages?session={{session}}"
            with pytest.raises(ServerTrouble, match="another place"):
                await call(way, ready(f"{upstream.url}/sse"), "echo")
            assert other.got == []


async def test_a_stream_that_was_forgotten_is_made_anew_once(old: tuple[Old, Upstream]) -> None:
    server, upstream = old
    async with running() as way:
        one = ready(f"{upstream.url}/sse")
        await call(way, one, "echo")
        server.forgotten.add("1")
        assert await call(way, one, "echo") == "x"
        assert len(server.streams) == 2


async def test_a_stream_that_breaks_fails_its_calls_and_is_made_anew(old: tuple[Old, Upstream]) -> None:
    _, upstream = old
    async with running() as way:
        one = ready(f"{upstream.url}/sse")
        with pytest.raises(ServerTrouble, match="may have been carried out"):
            await call(way, one, "break")
        assert await call(way, one, "echo") == "x"


async def test_an_answer_beyond_its_limit_costs_only_its_own_call(old: tuple[Old, Upstream]) -> None:
    _, upstream = old
    async with running() as way:
        one = ready(f"{upstream.url}/sse")
        with pytest.raises(TooLarge):
            await call(way, one, "echo", bytes=5_000, limit=1_000)
        assert await call(way, one, "echo", limit=1_000) == "x"


async def test_a_server_without_a_stream_says_so(upstream: Upstream) -> None:
    async with running() as way:
        with pytest.raises(ServerTrouble, match="HTTP 200 and no stream"):
            await call(way, ready(upstream.url), "echo")


async def test_a_stream_that_nobody_uses_is_closed(old: tuple[Old, Upstream]) -> None:
    server, upstream = old
    async with running(idle_stop_s=0.05) as way:
        one = ready(f"{upstream.url}/sse")
        await call(way, one, "echo")

        async def closed() -> bool:
            return server.streams[0].reader.at_eof()

        await eventually(closed)
        assert await call(way, one, "echo") == "x"
