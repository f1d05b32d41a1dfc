"""One connection of the older transport: what the server says comes on a stream, what it is told is posted.

Source: the specification of MCP, revision 2024-11-05, "HTTP with SSE".
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import mno
from mno.mcp_gateway.protocol.events import Events
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.duplex.lines import Overlong
from mno.mcp_gateway.ways.duplex.lives import message_bytes_of
from mno.platform.ending import ended
from mno.platform.upstream.connection import Answer, Broken
from mno.platform.upstream.pool import Origin, Pool

#: How long the server may take to say where it is posted to, and to take what is posted, in seconds.
ANSWER_TIMEOUT_S = 15.0
#: How long a stream may be silent before it counts as broken, in seconds.
MAX_SILENCE_S = 3_600.0

_log = logging.getLogger(__name__)


class ForgottenStream(ServerTrouble):
    """The server does not know the stream any more, so it has not done what it was told."""


class Stream:
    """A `Channel` over one stream; for one event loop."""

    def __init__(
        self, ready: Ready, pool: Pool, line: Callable[[bytes | Overlong], None], gone: Callable[[str], None]
    ) -> None:
        self._ready = ready
        self._pool = pool
        self._line = line
        self._gone = gone
        self._name = ready.server.name
        self._target = ""
        self._found = asyncio.Event()
        self._answer: Answer | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """`ServerTrouble` where there is no stream, or it does not say where it is posted to."""
        try:
            head = self._head(f"GET {self._ready.target} HTTP/1.1", "accept: text/event-stream")
            answer = self._answer = await self._pool.ask(self._ready.origin, head, b"")
            await answer.head(ANSWER_TIMEOUT_S)
        except Broken as error:
            raise ServerTrouble(f"'{self._name}' cannot be asked: {error}") from None
        kind = next((value for name, value in answer.headers if name == b"content-type"), b"").lower()
        if answer.status != 200 or not kind.startswith(b"text/event-stream"):
            self.end()
            raise ServerTrouble(f"'{self._name}' answers with HTTP {answer.status} and no stream of events.")
        self._reading = asyncio.get_running_loop().create_task(self._read(answer))
        try:
            await asyncio.wait_for(self._found.wait(), ANSWER_TIMEOUT_S)
        except TimeoutError:
            self.end()
            raise ServerTrouble(f"'{self._name}' does not say where it is told anything.") from None
        if not self._target:
            raise ServerTrouble(f"'{self._name}' ended its stream, or sends the hub to another place.")

    async def write(self, message: bytes) -> None:
        """Posts one message; `ForgottenStream` where the server does not know the stream."""
        head = self._head(
            f"POST {self._target} HTTP/1.1", "content-type: application/json", f"content-length: {len(message)}"
        )
        try:
            answer = await self._pool.ask(self._ready.origin, head, message)
            try:
                await answer.head(ANSWER_TIMEOUT_S)
                while await answer.piece(ANSWER_TIMEOUT_S):
                    pass
            finally:
                answer.abort()
        except Broken as error:
            raise ServerTrouble(f"'{self._name}' cannot be told: {error}") from None
        if answer.status in (400, 404, 410):
            raise ForgottenStream(f"'{self._name}' does not know its stream any more (HTTP {answer.status}).")
        if not 200 <= answer.status < 300:
            raise ServerTrouble(f"'{self._name}' answers with HTTP {answer.status}.")

    def end(self) -> None:
        if self._answer is not None:
            self._answer.abort()

    async def ended(self) -> None:
        self.end()
        if self._reading is not None:
            await ended(self._reading)

    # — parts —

    def _head(self, first: str, *lines: str) -> bytes:
        own = [
            f"host: {self._ready.host}",
            "accept-encoding: identity",
            f"user-agent: mno/{mno.__version__}",
            *lines,
        ]
        head = "\r\n".join([first, *own]).encode()
        if self._ready.credential:
            head += b"\r\n%b: %b" % self._ready.credential
        return head + b"\r\n\r\n"

    async def _read(self, answer: Answer) -> None:
        events, why, limit = Events(), "ended its stream", message_bytes_of(self._ready.server)
        try:
            while piece := await answer.piece(MAX_SILENCE_S):
                for name, data in events.named(piece):
                    self._take(name, data)
                if events.waiting_bytes > limit:
                    why = "says more in one event than is taken"
                    break
        except Broken as error:
            why = f"broke its stream off ({error})"
        finally:
            with contextlib.suppress(Broken):
                answer.abort()
            self._found.set()
            self._gone(why)

    def _take(self, name: bytes, data: bytes) -> None:
        if name == b"endpoint":
            self._target = self._target or _within(self._ready, data)
            self._found.set()
        elif name == b"message":
            self._line(data)


def _within(ready: Ready, said: bytes) -> str:
    """Where the server is posted to; empty where that is not the server itself: the credential goes nowhere else."""
    try:
        parts = urlsplit(urljoin(ready.server.address, said.decode("ascii").strip()))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except (UnicodeDecodeError, ValueError):
        return ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_plain = target.isprintable() and " " not in target
    there = Origin(parts.scheme == "https", parts.hostname or "", port)
    if not is_plain or there != ready.origin:
        _log.warning("The MCP server '%s' names another place than its own.", ready.server.name)
        return ""
    return target
