"""The answer to one request over HTTP: one message as JSON, several as a stream of events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from mno.mcp_gateway.protocol import answers, message
from mno.mcp_gateway.protocol.message import Header
from mno.platform.ending import ended
from mno.platform.errors import MnoError

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: How long a stream may be silent before a comment is sent, so that nothing on the way takes it for dead, in seconds.
HEARTBEAT_S = 15.0

JSON = (b"content-type", b"application/json")
_STREAM = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class Reply:
    """To a request with this id; `headers` come on top of our own."""

    def __init__(self, request_id: bytes, send: Send, *, is_modern: bool, headers: Sequence[Header] = ()) -> None:
        self._request_id = request_id
        self._is_modern = is_modern
        self._send = send
        self._headers = headers
        self.has_started = False

    async def event(self, body: bytes) -> None:
        await self.open()
        await self._piece(b"event: message\ndata: " + body + b"\n\n")

    async def open(self) -> None:
        """Begins the stream, where it has not begun."""
        if not self.has_started:
            self.has_started = True
            headers = [*_STREAM, *self._headers]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def comment(self) -> None:
        """That the answer is still on its way; what is silent for long is answered as a stream."""
        await self.open()
        await self._piece(b": waiting\n\n")

    async def end(self, body: bytes | None) -> None:
        """With the last message; None where a stream needs none."""
        if body is None:
            await self.open()
            await self._piece(b"", more=False)
            return
        if self.has_started:
            await self._piece(b"event: message\ndata: " + body + b"\n\n", more=False)
            return
        self.has_started = True
        code = message.error_code(message.object_of(body)) if self._is_modern else None
        await answer(self._send, message.STATUS.get(code or 0, 200), body, JSON, *self._headers)

    async def end_with(self, error: MnoError) -> None:
        told = answers.rpc_error(error, self._request_id)
        told.request_id = self._request_id
        await self.end(message.error_body(told))

    async def _piece(self, body: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


async def sent(messages: AsyncGenerator[bytes], reply: Reply, may_go_on: Callable[[], Awaitable[bool]]) -> None:
    """Each message as soon as it is known whether another follows; comments while a stream is silent, as long as it may
    go on.
    """
    heartbeat = _Heartbeat(reply, may_go_on)
    held: bytes | None = None
    try:
        async for found in messages:
            heartbeat.heard()
            if held is not None:
                await reply.event(held)
            held = found
            if _is_no_response(held):
                await reply.event(held)
                held = None
    except asyncio.CancelledError:
        if not heartbeat.has_stopped_it():
            raise
    finally:
        await heartbeat.end()
    await reply.end(held)


class _Heartbeat:
    """Looks after an answer that is long on its way. Most are not, and cost a timer."""

    def __init__(self, reply: Reply, may_go_on: Callable[[], Awaitable[bool]]) -> None:
        self._reply = reply
        self._may_go_on = may_go_on
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.current_task()
        self._heard_at = self._loop.time()
        self._is_over = False
        self._beating: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(HEARTBEAT_S, self._begin)

    def heard(self) -> None:
        """The answer is not silent."""
        self._heard_at = self._loop.time()

    def has_stopped_it(self) -> bool:
        """Whether it was this that cancelled the answer, because it may not go on; it is not cancelled any more."""
        if self._is_over and self._sending is not None:
            self._sending.uncancel()
        return self._is_over

    async def end(self) -> None:
        self._timer.cancel()
        if self._beating is not None:
            await ended(self._beating)

    def _begin(self) -> None:
        self._beating = self._loop.create_task(self._beat(), name="mcp-heartbeat")

    async def _beat(self) -> None:
        while await self._may_go_on():
            if self._loop.time() - self._heard_at >= HEARTBEAT_S:
                await self._reply.comment()
                self.heard()
            await asyncio.sleep(self._heard_at + HEARTBEAT_S - self._loop.time())
        self._is_over = True
        if self._sending is not None:
            self._sending.cancel()


async def answer(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """The whole answer at once."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _is_no_response(body: bytes) -> bool:
    return "method" in message.object_of(body)
