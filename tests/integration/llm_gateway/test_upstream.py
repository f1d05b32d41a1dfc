"""The client towards providers, against a server that says what it is told to, byte by byte."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop

from mno.platform.egress import AddressRefused, Allowed, Egress
from mno.platform.upstream.connection import MAX_WAITING_BYTES, Answer, Broken
from mno.platform.upstream.pool import Origin, Pool
from support.promises import PATIENCE_S

REQUEST = b"POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[Origin]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield Origin(False, "127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()


def saying(answer: bytes, *, times: int = 100, then_close: bool = False) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            writer.write(answer)
            await writer.drain()
            if then_close:
                return

    return talk


def pool() -> Pool:
    return Pool(Egress(lambda: Allowed.of(["127.0.0.0/8"])))


async def whole(answer: Answer, timeout_s: float = PATIENCE_S) -> bytes:
    await answer.head(timeout_s)
    body = bytearray()
    while piece := await answer.piece(timeout_s):
        body += piece
    return bytes(body)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ],
)
async def test_an_answer_is_read_and_its_connection_serves_again(answer: bytes) -> None:
    connections = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await saying(answer)(reader, writer)

    async with serving(counting) as origin:
        kept = pool()
        for _ in range(3):
            asked = await kept.ask(origin, REQUEST, b"{}")
            assert await whole(asked) == b"hello"
            assert asked.status == 200
        assert connections == 1
        kept.close()


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\nhello", then_close=True)) as origin:
        assert await whole(await pool().ask(origin, REQUEST, b"{}")) == b"hello"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhel", "closed the connection"),
        (b"\x16\x03\x01 this is no HTTP\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!", "no HTTP"),
    ],
)
async def test_an_answer_that_is_none_is_broken(answer: bytes, reason: str) -> None:
    async with serving(saying(answer, then_close=True)) as origin:
        with pytest.raises(Broken, match=reason):
            await whole(await pool().ask(origin, REQUEST, b"{}"))


async def test_a_provider_that_hangs_is_given_up_in_time() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel")
        await reader.read()

    async with serving(hang) as origin:
        answer = await pool().ask(origin, REQUEST, b"{}")
        await answer.head(PATIENCE_S)
        assert await answer.piece(PATIENCE_S) == b"hel"
        with pytest.raises(Broken, match=r"within 0\.1 seconds") as broken:
            await answer.piece(0.1)
        assert broken.value.timed_out


async def test_a_slow_reader_holds_the_provider_up_and_not_the_memory() -> None:
    written = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(800):
            writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
            await writer.drain()
            written += 65_536
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with serving(pour) as origin:
        answer = await pool().ask(origin, REQUEST, b"{}")
        await answer.head(PATIENCE_S)
        await asyncio.sleep(0.3)
        # what the kernel takes on both sides comes on top of ours
        assert written < 40 * MAX_WAITING_BYTES
        assert len(await whole(answer)) == 800 * 65_536


async def test_giving_up_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        gone.set()

    async with serving(stream) as origin:
        answer = await pool().ask(origin, REQUEST, b"{}")
        await answer.head(PATIENCE_S)
        answer.abort()
        with pytest.raises(Broken):
            await whole(answer)
        await asyncio.wait_for(gone.wait(), PATIENCE_S)


async def test_a_connection_that_its_server_closed_is_not_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    async with serving(saying(answer, then_close=True)) as origin:
        kept = pool()
        for _ in range(3):
            assert await whole(await kept.ask(origin, REQUEST, b"{}")) == b"ok"
            async with asyncio.timeout(PATIENCE_S):
                while kept._open:  # until it has heard of the end
                    await asyncio.sleep(0.01)


async def test_more_than_the_answer_ends_the_connection_and_poisons_nobody() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
    async with serving(saying(answer)) as origin:
        kept = pool()
        for _ in range(3):
            assert await whole(await kept.ask(origin, REQUEST, b"{}")) == b"ok"


async def test_private_addresses_need_an_administrator_s_word() -> None:
    async with serving(saying(b"")) as origin:
        with pytest.raises(AddressRefused, match="not a public address"):
            await Pool(Egress()).ask(origin, REQUEST, b"{}")


async def test_nobody_there_is_told_without_an_address() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port
        with pytest.raises(Broken, match="cannot be reached"):
            await pool().ask(Origin(False, "127.0.0.1", silent.getsockname()[1]), REQUEST, b"{}")


def test_it_works_on_the_loop_that_the_program_runs_on() -> None:
    async def twice() -> None:
        async with serving(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) as origin:
            kept = pool()
            for _ in range(2):
                assert await whole(await kept.ask(origin, REQUEST, b"{}")) == b"ok"
            kept.close()

    uvloop.run(twice())
