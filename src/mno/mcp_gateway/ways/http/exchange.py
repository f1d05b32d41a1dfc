"""One exchange with a server over streamable HTTP: a request sent, its answer read as messages in either of both forms.

A stream that ends early is taken up again where the server gave its events an id (2025-11-25).
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

import mno
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.events import Events
from mno.mcp_gateway.protocol.message import MODERN, Header, Object
from mno.mcp_gateway.protocol.question import CredentialRefused, Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.http.aside import Aside
from mno.platform.errors import TooLarge
from mno.platform.upstream.connection import Answer, Broken
from mno.platform.upstream.pool import Pool

#: How long the end of a stream is awaited after its last message, in seconds: then its connection is used again.
DRAIN_S = 1.0
#: How often one answer is taken up again.
MAX_RESUMPTIONS = 20
#: After how long it is, where the server does not say, in seconds.
RESUME_AFTER_S = 1.0
#: And the longest that a server may say, in seconds.
MAX_RESUME_AFTER_S = 30.0

_SCOPE = re.compile(r'scope="([\x21\x23-\x5b\x5d-\x7e ]{1,500})"')
_BOTH = b"application/json, text/event-stream"


class ForgottenError(Exception):
    """The server does not know the session, or not the era, any more; `supported` are the revisions that it names."""

    def __init__(self, supported: Sequence[str] = ()) -> None:
        super().__init__()
        self.supported = supported


@dataclass(slots=True)
class Link:
    """The way to one server: empty `version` where nobody has asked yet."""

    ready: Ready
    version: str = ""
    session: bytes = b""
    asked: int = 0
    #: The least severe level of log messages that it was asked for; empty: what it likes.
    level: str = ""
    #: The stream of its session, once somebody wants to hear it.
    aside: Aside | None = None
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_settled(self) -> bool:
        return bool(self.version)


class Deadline:
    """Until when an answer is awaited, by the loop's clock; later while a person is asked."""

    __slots__ = ("at",)

    def __init__(self, seconds: float) -> None:
        self.at = asyncio.get_running_loop().time() + seconds

    def extend(self, seconds: float) -> None:
        self.at = max(self.at, asyncio.get_running_loop().time() + seconds)

    def left(self) -> float:
        """Seconds; `Broken` when there are none."""
        left = self.at - asyncio.get_running_loop().time()
        if left <= 0:
            raise Broken("The provider did not answer in time.", timed_out=True)
        return left


class Wire:
    """Sends and reads, over connections that are kept."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._draining: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for task in self._draining:
            task.cancel()
        self._pool.close()

    async def messages(
        self, link: Link, own_id: bytes, body: bytes, question: Question, deadline: Deadline
    ) -> AsyncGenerator[Object]:
        """What the answer to a request brings, in its order, up to the response to `own_id`."""
        answer = await self.posted(link, body, question.method, question.name, question.headers)
        for _ in range(MAX_RESUMPTIONS):
            events, is_answered = Events(), False
            try:
                await answer.head(deadline.left())
                async with contextlib.aclosing(_read(link, answer, events, question, deadline)) as read:
                    async for found in read:
                        is_answered = is_response(found, own_id)
                        yield found
                        if is_answered:
                            break
            except Broken:
                if link.version == MODERN or not events.last_id:
                    raise
            finally:
                self._leave(answer, is_answered=is_answered)
            if is_answered or link.version == MODERN or not events.last_id:
                return
            wait_s = RESUME_AFTER_S if events.retry_ms is None else events.retry_ms / 1_000
            await asyncio.sleep(min(wait_s, MAX_RESUME_AFTER_S, deadline.left()))
            answer = await self.listened(link, (b"last-event-id", events.last_id))
        raise ServerTrouble(f"'{link.ready.server.name}' ends its answer again and again without a response.")

    async def events(
        self, link: Link, question: Question, deadline: Deadline, opened: Callable[[], None]
    ) -> AsyncGenerator[Object]:
        """What an older server says on its own; nothing where it has no stream for that. `opened` once it has begun."""
        answer = await self.listened(link)
        try:
            await answer.head(deadline.left())
            if answer.status == 405:
                return
            opened()
            async with contextlib.aclosing(_read(link, answer, Events(), question, deadline)) as read:
                async for found in read:
                    yield found
        finally:
            answer.abort()

    async def told(self, link: Link, body: bytes, timeout_s: float, method: str = "") -> None:
        """Sends what is not answered: a notification, or our answer to a question."""
        answer = await self.posted(link, body, method, None, ())
        await answer.head(timeout_s)
        self._leave(answer)

    async def posted(
        self, link: Link, body: bytes, method: str, name: str | None, headers: tuple[Header, ...]
    ) -> Answer:
        own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
        if link.version == MODERN:
            own.append((b"mcp-method", method.encode()))
            if name is not None:
                own.append((b"mcp-name", message.header_value(name)))
        return await self._pool.ask(link.ready.origin, _head(b"POST", link, _BOTH, own), body)

    async def listened(self, link: Link, *headers: Header) -> Answer:
        """The answer to a GET, which is a stream."""
        return await self._pool.ask(link.ready.origin, _head(b"GET", link, b"text/event-stream", [*headers]), b"")

    def _leave(self, answer: Answer, *, is_answered: bool = True) -> None:
        """Lets the connection come back where the answer is over in a moment; nobody waits for it. A request that is
        given up is ended at once: that cancels it at a server of the newer era.
        """
        if answer.is_over:
            return
        if not is_answered:
            answer.abort()
            return
        task = asyncio.get_running_loop().create_task(_drained(answer))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)


def is_response(found: Object, own_id: bytes) -> bool:
    """Ours, or an error about a request whose id the server could not read."""
    if "method" in found:
        return False
    given = bytes(found.get("id", b"null"))
    return (given == own_id and ("result" in found or "error" in found)) or (given == b"null" and "error" in found)


def _head(method: bytes, link: Link, accept: bytes, headers: list[Header]) -> bytes:
    ready = link.ready
    lines = [
        b"%b %b HTTP/1.1" % (method, ready.target.encode()),
        b"host: %b" % ready.host.encode(),
        b"accept: %b" % accept,
        b"accept-encoding: identity",
        b"user-agent: mno/%b" % mno.__version__.encode(),
    ]
    if link.version:
        headers.append((b"mcp-protocol-version", link.version.encode()))
    if link.session:
        headers.append((b"mcp-session-id", link.session))
    if ready.credential:
        headers.append(ready.credential)
    lines += [b"%b: %b" % one for one in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _read(
    link: Link, answer: Answer, events: Events, question: Question, deadline: Deadline
) -> AsyncGenerator[Object]:
    """The messages of an answer, whichever of both forms it has."""
    _check_status(link, answer)
    kind = next((value for name, value in answer.headers if name == b"content-type"), b"").lower()
    if question.method == "initialize":
        link.session = next((value for name, value in answer.headers if name == b"mcp-session-id"), b"")
    pieces = _pieces(link.ready.server.name, answer, question.answer_bytes, deadline)
    if kind.startswith(b"text/event-stream"):
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                for data in events.feed(piece):
                    if data:  # an event without data only says where to take up again
                        yield _object(link.ready.server.name, data)
        return
    whole = b"".join([piece async for piece in pieces])
    if answer.status >= 400 and not kind.startswith(b"application/json"):
        _refused(link, question, answer.status)
    found = _object(link.ready.server.name, whole)
    if answer.status >= 400 and link.version == MODERN and message.error_code(found) == message.UNSUPPORTED_VERSION:
        raise ForgottenError(_supported(found))
    yield found


def _supported(found: Object) -> Sequence[str]:
    try:
        data = message.object_of(message.object_of(found["error"])["data"])
        return message.texts_of(data["supported"])
    except (KeyError, ValueError):
        return ()


async def _drained(answer: Answer) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            while not answer.is_over and await answer.piece(DRAIN_S):
                pass
    except (Broken, TimeoutError):
        pass
    finally:
        answer.abort()


async def _pieces(name: str, answer: Answer, limit: int, deadline: Deadline) -> AsyncGenerator[bytes]:
    size = 0
    while piece := await answer.piece(deadline.left()):
        size += len(piece)
        if size > limit:
            answer.abort()
            raise TooLarge(f"The answer of '{name}' has more than {limit} bytes, which is the limit.")
        yield piece


def _check_status(link: Link, answer: Answer) -> None:
    """`ServerTrouble` for what is no answer of the protocol, `ForgottenError` for a lost session."""
    name, status = link.ready.server.name, answer.status
    if status == 403 and (scope := _wanted_scope(answer)):
        raise ServerTrouble(f"'{name}' wants access to more than the hub was given (scope: {scope}); connect it anew.")
    if status in (401, 403):
        kind = CredentialRefused if status == 401 else ServerTrouble
        raise kind(f"'{name}' refuses the credential that the hub has for it (HTTP {status}).")
    if 300 <= status < 400:
        raise ServerTrouble(f"'{name}' sends the hub to another address (HTTP {status}); redirects are not followed.")
    if status >= 500 or status == 429:
        raise ServerTrouble(f"'{name}' answers with HTTP {status}.")
    if status == 404 and link.session:
        raise ForgottenError
    if status in (202, 204):
        raise ServerTrouble(f"'{name}' answers a request with nothing (HTTP {status}).")


def _wanted_scope(answer: Answer) -> str:
    """What a server says that it takes besides (RFC 6750, 3.1); empty where it says nothing of the kind."""
    told = b" ".join(value for name, value in answer.headers if name == b"www-authenticate").decode("latin-1")
    found = _SCOPE.search(told)
    return found.group(1) if found and "insufficient_scope" in told else ""


def _refused(link: Link, question: Question, status: int) -> None:
    if question.method == "server/discover":
        raise ForgottenError
    raise ServerTrouble(f"'{link.ready.server.name}' answers with HTTP {status} and no message.")


def _object(name: str, data: bytes) -> Object:
    try:
        return message.object_of(data)
    except ValueError:
        raise ServerTrouble(f"'{name}' answers with what is no JSON-RPC message.") from None
