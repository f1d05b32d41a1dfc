"""A provider that says what a test tells it to, over real sockets, and keeps every request that it got."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Wire:
    """Where an answer is written."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def json(self, body: Any, status: int = 200, **headers: str) -> None:
        await self.raw(orjson.dumps(body), status, **{"content_type": "application/json", **headers})

    async def raw(self, content: bytes, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Word", f"content-length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    async def start_stream(self) -> None:
        await self.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")

    async def event(self, data: Any) -> None:
        await self.chunk(b"data: " + (data.encode() if isinstance(data, str) else orjson.dumps(data)) + b"\n\n")

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def until_gone(self) -> None:
        await self.reader.read()

    def reset(self) -> None:
        self._writer.transport.abort()


Answer = Callable[[Got, Wire], Awaitable[None]]


@dataclass
class Upstream:
    """`answer` may be exchanged at any time."""

    answer: Answer
    port: int = 0
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                method, target, _ = first.split(" ")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                got = Got(method, target, headers, body)
                self.got.append(got)
                await self.answer(got, Wire(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def completion(text: str = "hello", model: str = "gpt-4o-mini-2024-07-18", **usage: Any) -> dict[str, Any]:
    """A chat completion as OpenAI answers it."""
    told = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, **usage}
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": told,
    }


async def completes(_: Got, wire: Wire) -> None:
    await wire.json(completion())


@asynccontextmanager
async def running_upstream(answer: Answer = completes) -> AsyncIterator[Upstream]:
    upstream = Upstream(answer)
    server = await asyncio.start_server(upstream.handle, "127.0.0.1", 0, limit=2**20)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
