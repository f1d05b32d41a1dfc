"""How a server is spoken to: over HTTP, in the era that it understands, in a session where it wants one.

Which era a server speaks is asked once. A session that it has forgotten is made anew, once and silently: a server
that does not know the session has not run the call.

Sources: the specification of MCP, "Transports" and "Lifecycle" of revision 2025-11-25, "Versioning" of 2026-07-28.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

import mno
from mno.mcp_gateway import message
from mno.mcp_gateway.eras import agreed_version, greeting, in_era, is_modern
from mno.mcp_gateway.events import Events
from mno.mcp_gateway.message import MODERN, Header, Object, Raw
from mno.mcp_gateway.servers.service import Ready
from mno.platform.errors import TooLarge, Unavailable
from mno.platform.principal import Principal
from mno.platform.upstream.connection import Answer, Broken
from mno.platform.upstream.pool import Pool

#: How long agreeing on an era may take, in seconds.
GREETING_TIMEOUT_S = 15.0
#: The answer of a server to our greeting, and any refusal, in bytes.
MAX_GREETING_BYTES = 256 * 1024
#: How long the end of a stream is awaited after its last message, in seconds: then its connection is used again.
DRAIN_S = 1.0
#: Servers whose way of speaking is remembered.
MAX_LINKS = 10_000


class ServerTrouble(Unavailable):
    """The server cannot be reached, hangs, refuses the hub or does not keep to the protocol."""


class ServerSilent(ServerTrouble):
    """The server did not answer in time."""


class _ForgottenError(Exception):
    """The server does not know the session, or not the era, any more."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a server. `name` is what it is about, for the header; `headers` come on top of our own.
    `principal` is who asks; None where the hub asks for itself.
    """

    method: str
    params: Object
    name: str | None
    timeout_s: float
    answer_bytes: int
    headers: tuple[Header, ...] = ()
    principal: Principal | None = None


@dataclass(slots=True)
class Link:
    """The way to one server: empty `version` where nobody has asked yet."""

    ready: Ready
    version: str = ""
    session: bytes = b""
    asked: int = 0
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_settled(self) -> bool:
        return bool(self.version)


class Links:
    """The ways to all servers; for one event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[UUID, Link] = {}
        self._draining: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for task in self._draining:
            task.cancel()
        self._pool.close()

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        return self._link(ready).version

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """Notifications about this request as they come, then its response, which has `result` or `error`.

        `ServerTrouble` when it does not come, `TooLarge` for more than `answer_bytes`.
        """
        link = self._link(ready)
        deadline = asyncio.get_running_loop().time() + question.timeout_s
        for is_last in (False, True):
            try:
                await self._settle(link, min(question.timeout_s, GREETING_TIMEOUT_S))
                async with contextlib.aclosing(self._messages(link, question, deadline)) as messages:
                    async for one in messages:
                        yield one
                return
            except _ForgottenError:
                link.version, link.session = "", b""
                if is_last:
                    raise ServerTrouble(
                        f"'{ready.server.name}' forgets its session as soon as it has made it."
                    ) from None

    # — era and session —

    def _link(self, ready: Ready) -> Link:
        link = self._known.get(ready.server.id)
        if link is None or link.ready != ready:
            if len(self._known) >= MAX_LINKS:
                self._known.clear()
            link = self._known[ready.server.id] = Link(ready)
        return link

    async def _settle(self, link: Link, timeout_s: float) -> None:
        """Finds out the era, and makes a session where it is the older one."""
        if link.is_settled():
            return
        async with link.settling:
            if link.is_settled():  # somebody else has found it out meanwhile
                return
            if await self._is_modern(link, timeout_s):
                link.version = MODERN
            else:
                await self._initialize(link, timeout_s)

    async def _is_modern(self, link: Link, timeout_s: float) -> bool:
        link.version = MODERN
        try:
            response = await self._response(link, "server/discover", {}, timeout_s)
        except _ForgottenError:
            return False
        finally:
            link.version = ""
        return is_modern(response)

    async def _initialize(self, link: Link, timeout_s: float) -> None:
        response = await self._response(link, "initialize", greeting(), timeout_s)
        try:
            link.version = agreed_version(response)
        except ValueError as error:
            raise ServerTrouble(f"'{link.ready.server.name}' {error}") from None
        body = message.encoded({"jsonrpc": "2.0", "method": "notifications/initialized"})
        answer = await self._posted(link, body, "notifications/initialized", None, ())
        await answer.head(timeout_s)
        self._leave(answer)

    async def _response(self, link: Link, method: str, params: Object, timeout_s: float) -> Object:
        question = Question(method, params, None, timeout_s, MAX_GREETING_BYTES)
        deadline = asyncio.get_running_loop().time() + timeout_s
        return await response_in(self._messages(link, question, deadline))

    # — one exchange —

    async def _messages(self, link: Link, question: Question, deadline: float) -> AsyncGenerator[Object]:
        link.asked += 1
        own_id = b"%d" % link.asked
        params = in_era(question.params, link.version)
        body = message.encoded({"jsonrpc": "2.0", "id": Raw(own_id), "method": question.method, "params": params})
        name = link.ready.server.name
        try:
            answer = await self._posted(link, body, question.method, question.name, question.headers)
            try:
                await answer.head(_left(deadline))
                async with contextlib.aclosing(self._read(link, answer, question, deadline)) as read:
                    async for found in read:
                        if _is_notification(found):
                            yield found
                        elif _is_response(found, own_id):
                            yield found
                            return
                raise ServerTrouble(f"'{name}' ended its answer without a response.")
            finally:
                self._leave(answer)
        except Broken as error:
            if error.timed_out:
                raise ServerSilent(f"'{name}' did not answer within {question.timeout_s:g} seconds.") from None
            raise ServerTrouble(f"'{name}' cannot be asked: {error}") from None

    async def _posted(
        self, link: Link, body: bytes, method: str, name: str | None, headers: tuple[Header, ...]
    ) -> Answer:
        ready = link.ready
        lines = [
            b"POST %b HTTP/1.1" % ready.target.encode(),
            b"host: %b" % ready.host.encode(),
            b"content-type: application/json",
            b"accept: application/json, text/event-stream",
            b"accept-encoding: identity",
            b"user-agent: mno/%b" % mno.__version__.encode(),
            b"content-length: %d" % len(body),
        ]
        own = [*headers]
        if link.version:
            own.append((b"mcp-protocol-version", link.version.encode()))
        if link.version == MODERN:
            own.append((b"mcp-method", method.encode()))
            if name is not None:
                own.append((b"mcp-name", message.header_value(name)))
        if link.session:
            own.append((b"mcp-session-id", link.session))
        if ready.credential:
            own.append(ready.credential)
        lines += [b"%b: %b" % one for one in own]
        return await self._pool.ask(ready.origin, b"\r\n".join(lines) + b"\r\n\r\n", body)

    async def _read(self, link: Link, answer: Answer, question: Question, deadline: float) -> AsyncGenerator[Object]:
        """The messages of an answer, whichever of both forms it has."""
        _check_status(link, answer.status)
        kind = next((value for name, value in answer.headers if name == b"content-type"), b"").lower()
        if question.method == "initialize":
            link.session = next((value for name, value in answer.headers if name == b"mcp-session-id"), b"")
        pieces = _pieces(link.ready.server.name, answer, question.answer_bytes, deadline)
        if kind.startswith(b"text/event-stream"):
            events = Events()
            async with contextlib.aclosing(pieces):
                async for piece in pieces:
                    for data in events.feed(piece):
                        yield _object(link.ready.server.name, data)
            return
        whole = b"".join([piece async for piece in pieces])
        if answer.status >= 400 and not kind.startswith(b"application/json"):
            _refused(link, question, answer.status)
        found = _object(link.ready.server.name, whole)
        if answer.status >= 400 and link.version == MODERN and _is_forgetful(found):
            raise _ForgottenError
        yield found

    def _leave(self, answer: Answer) -> None:
        """Lets the connection come back where the answer is over in a moment; nobody waits for it."""
        if not answer.is_over:
            task = asyncio.get_running_loop().create_task(_drained(answer))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)


async def response_in(messages: AsyncGenerator[Object]) -> Object:
    """The last message, which is the response, where nobody listens to what comes before."""
    response: Object = {}
    async with contextlib.aclosing(messages):
        async for one in messages:
            response = one
    return response


async def _drained(answer: Answer) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            while not answer.is_over and await answer.piece(DRAIN_S):
                pass
    except (Broken, TimeoutError):
        pass
    finally:
        answer.abort()


async def _pieces(name: str, answer: Answer, limit: int, deadline: float) -> AsyncGenerator[bytes]:
    size = 0
    while piece := await answer.piece(_left(deadline)):
        size += len(piece)
        if size > limit:
            answer.abort()
            raise TooLarge(f"The answer of '{name}' has more than {limit} bytes, which is the limit.")
        yield piece


def _left(deadline: float) -> float:
    left = deadline - asyncio.get_running_loop().time()
    if left <= 0:
        raise Broken("The provider did not answer in time.", timed_out=True)
    return left


def _check_status(link: Link, status: int) -> None:
    """`ServerTrouble` for what is no answer of the protocol, `_ForgottenError` for a lost session."""
    name = link.ready.server.name
    if status in (401, 403):
        raise ServerTrouble(f"'{name}' refuses the credential that the hub has for it (HTTP {status}).")
    if 300 <= status < 400:
        raise ServerTrouble(f"'{name}' sends the hub to another address (HTTP {status}); redirects are not followed.")
    if status >= 500 or status == 429:
        raise ServerTrouble(f"'{name}' answers with HTTP {status}.")
    if status == 404 and link.session:
        raise _ForgottenError
    if status in (202, 204):
        raise ServerTrouble(f"'{name}' answers a request with nothing (HTTP {status}).")


def _refused(link: Link, question: Question, status: int) -> None:
    if question.method == "server/discover":
        raise _ForgottenError
    raise ServerTrouble(f"'{link.ready.server.name}' answers with HTTP {status} and no message.")


def _object(name: str, data: bytes) -> Object:
    try:
        return message.object_of(data)
    except ValueError:
        raise ServerTrouble(f"'{name}' answers with what is no JSON-RPC message.") from None


def _is_notification(found: Object) -> bool:
    return "method" in found and "id" not in found


def _is_response(found: Object, own_id: bytes) -> bool:
    """Ours, or an error about a request whose id the server could not read."""
    if "method" in found:
        return False
    given = bytes(found.get("id", b"null"))
    return (given == own_id and ("result" in found or "error" in found)) or (given == b"null" and "error" in found)


def _is_forgetful(found: Object) -> bool:
    return message.error_code(found) == message.UNSUPPORTED_VERSION
