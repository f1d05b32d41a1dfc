"""One connection to a provider: HTTP/1.1 over asyncio, parsed by the parser that the hub's own server uses.

An answer's pieces are handed on as they come. When nobody takes them the connection stops reading, so a slow client
holds up its provider and not our memory.
"""

import asyncio
from collections import deque
from typing import Any, cast

import httptools

from mno.platform.errors import Unavailable

#: What waits of one answer before the provider is held up.
MAX_WAITING_BYTES = 256 * 1024
#: Headers of one answer, names and values together.
MAX_ANSWER_HEADER_BYTES = 64 * 1024


class Broken(Unavailable):
    """The provider hung, hung up, or answered with what is no HTTP."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class Answer:
    """What one exchange brings: the head once, then pieces until an empty one."""

    __slots__ = (
        "_connection", "_deadline", "_ended", "_pieces", "_size", "_trouble", "_waiter", "has_head", "headers",
        "status", "touched",
    )  # fmt: skip

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._trouble: Broken | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.has_head = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        #: The loop's time of the last sign of life.
        self.touched = 0.0

    async def head(self, timeout_s: float) -> None:
        """Returns when status and headers are there; `Broken` when they do not come."""
        await self._until(lambda: self.has_head, timeout_s, "did not begin to answer")

    async def piece(self, timeout_s: float) -> bytes:
        """The next bytes of the body, empty at its end; `Broken` when it is cut short."""
        await self._until(lambda: bool(self._pieces) or self._ended, timeout_s, "stopped in the middle of its answer")
        if not self._pieces:
            return b""
        if len(self._pieces) == 1:
            piece = self._pieces.popleft()
        else:
            piece = b"".join(self._pieces)
            self._pieces.clear()
        self._size = 0
        self._connection.resume()
        return piece

    @property
    def is_over(self) -> bool:
        """Whether everything has come and been taken."""
        return self._ended and not self._pieces

    def abort(self, trouble: str = "The call was given up.") -> None:
        """Gives the rest up, and with it the connection, unless everything has come."""
        if not self._ended and self._trouble is None:
            self.fail(Broken(trouble))
            self._connection.close()

    async def _until(self, met: Any, timeout_s: float, what: str) -> None:
        if met():
            return
        loop = asyncio.get_running_loop()
        self.touched = loop.time()
        self._deadline = loop.call_later(timeout_s, self._look, timeout_s, what)
        try:
            while not met():
                if self._trouble is not None:
                    raise self._trouble
                self._waiter = loop.create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
        finally:
            # nothing that refers to itself is left behind: the search for such garbage holds everybody up
            self._deadline.cancel()
            self._deadline = None

    def _look(self, timeout_s: float, what: str) -> None:
        """Whether there was a sign of life within that time."""
        loop = asyncio.get_running_loop()
        left = self.touched + timeout_s - loop.time()
        if left > 0:
            self._deadline = loop.call_later(left, self._look, timeout_s, what)
        else:
            self.fail(Broken(f"The provider {what} within {timeout_s:g} seconds.", timed_out=True))
            self._connection.close()

    # — the connection's side —

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def add(self, piece: bytes) -> bool:
        """Takes a piece; whether enough waits now."""
        self._pieces.append(piece)
        self._size += len(piece)
        self.wake()
        return self._size > MAX_WAITING_BYTES

    def end(self) -> None:
        if self._trouble is None:
            self._ended = True
            self.wake()

    def fail(self, trouble: Broken) -> None:
        if not self._ended and self._trouble is None:
            self._trouble = trouble
            self.wake()


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. `on_idle` is told when it is free again, `on_gone` when it is over."""

    def __init__(self, on_idle: Any, on_gone: Any) -> None:
        self._on_idle = on_idle
        self._on_gone = on_gone
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._answer: Answer | None = None
        self._header_bytes = 0
        self._has_length = False
        self._is_interim = False
        self._is_paused = False
        self.opened_at = 0.0
        self.idle_at = 0.0

    def ask(self, head: bytes, body: bytes) -> Answer:
        """Sends a request; the connection must be idle."""
        assert self._transport is not None
        assert self._answer is None
        self._answer = answer = Answer(self)
        self._parser = httptools.HttpResponseParser(self)
        self._header_bytes, self._has_length = 0, False
        if len(body) < 65_536:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return answer

    @property
    def is_usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and self._answer is None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def resume(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    # — asyncio —

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            self.close()  # nobody asked
            return
        answer.touched = asyncio.get_running_loop().time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._lost("The provider wants to speak another protocol.")
        except (httptools.HttpParserError, Broken) as error:
            self._lost(f"The provider answered with what is no HTTP ({str(error)[:80]}).")

    def eof_received(self) -> None:
        answer = self._answer
        if answer is not None and answer.has_head and not self._has_length:
            answer.end()  # a body without a length ends with its connection
            self._answer = None

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if error is None:
            self.eof_received()
        if self._answer is not None:
            self._answer.fail(Broken("The provider closed the connection before its answer was complete."))
            self._answer = None
        self._on_gone(self)

    def _lost(self, why: str) -> None:
        if self._answer is not None:
            self._answer.fail(Broken(why))
        self.close()

    # — httptools —

    def on_status(self, status: bytes) -> None:
        """The reason is nobody's business."""

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer is None:
            raise Broken("it goes on after its end")
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_ANSWER_HEADER_BYTES:
            raise Broken("its headers are too large")
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._has_length = True
        self._answer.headers.append((name, value))

    def on_headers_complete(self) -> None:
        answer = self._answer
        if answer is None:
            raise Broken("it goes on after its end")
        answer.status = self._parser.get_status_code()
        self._is_interim = 100 <= answer.status < 200
        if self._is_interim:
            answer.headers.clear()
            self._has_length = False
            return
        answer.has_head = True
        answer.wake()

    def on_body(self, body: bytes) -> None:
        if self._answer is not None and self._answer.add(body) and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._is_interim or self._answer is None:
            return
        answer, self._answer = self._answer, None
        keeps = self._parser.should_keep_alive()
        answer.end()
        self.resume()
        if keeps:
            self._on_idle(self)
        else:
            self.close()
