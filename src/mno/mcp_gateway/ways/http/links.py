"""How a server is spoken to: over HTTP, in the era that it understands, in a session where it wants one.

Which era a server speaks is asked once. A session that it has forgotten is made anew, once and silently: a server
that does not know the session has not run the call.

Sources: the specification of MCP, "Transports" and "Lifecycle" of revision 2025-11-25, "Versioning" of 2026-07-28.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import partial
from typing import Any

from mno.mcp_gateway.protocol import levels, message
from mno.mcp_gateway.protocol.eras import agreed_version, greeting, in_era, is_modern
from mno.mcp_gateway.protocol.message import MODERN, Object, Raw
from mno.mcp_gateway.protocol.question import (
    ASKABLE,
    INPUT_TIMEOUT_S,
    MAX_GREETING_BYTES,
    Question,
    ServerQuestion,
    ServerSilent,
    ServerTrouble,
    addresses_in,
    response_in,
)
from mno.mcp_gateway.servers.service import Ready, ServerKey
from mno.mcp_gateway.ways.http.aside import Aside, merged
from mno.mcp_gateway.ways.http.exchange import Deadline, ForgottenError, Link, Wire, is_response
from mno.mcp_gateway.ways.http.turns import Turns
from mno.platform.errors import MnoError
from mno.platform.upstream.connection import Broken
from mno.platform.upstream.pool import Pool

__all__ = ["Links", "Question", "ServerSilent", "ServerTrouble", "response_in"]

#: How long agreeing on an era may take, in seconds.
GREETING_TIMEOUT_S = 15.0
#: Servers whose way of speaking is remembered.
MAX_LINKS = 10_000
#: Answers to servers, and word of cancelled calls, that are under way at one time; more are left out.
MAX_ERRANDS = 1_000
#: How long the stream of a session is read before it is begun anew, in seconds.
LISTENED_S = 3_600.0
#: What may come on it in that time, in bytes.
MAX_SAID_BYTES = 16 * 1024 * 1024

#: Of the newer era; what it opens an older server sends on the stream of its session.
_LISTEN = "subscriptions/listen"
#: In the middle of which a server may ask its client.
_MAY_ASK = frozenset({"tools/call", "prompts/get", "resources/read"})


class Links:
    """The ways to all servers; for one event loop."""

    def __init__(self, pool: Pool) -> None:
        self._wire = Wire(pool)
        self._known: dict[ServerKey, Link] = {}
        self._turns = Turns()
        self._errands: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for link in (*self._known.values(), *self._turns):
            _forget_stream(link)
        for task in self._errands:
            task.cancel()
        self._wire.close()

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        return self._link(ready).version

    def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """Notifications about this request and questions of the server (`ServerQuestion`) as they come, then its
        response, which has `result` or `error`. To `subscriptions/listen` an older server answers with what it says on
        its own, and without a response.

        `ServerTrouble` when it does not come, `TooLarge` for more than `answer_bytes`.
        """
        link = self._link(ready)
        asks_beside = link.aside is not None and link.aside.asks
        return (
            self._asked_in_turn(ready, question)
            if asks_beside and _can_be_asked(question)
            else self._asked_at(link, question)
        )

    async def _asked_in_turn(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        async with (
            self._turns.taken(ready, question.timeout_s) as link,
            contextlib.aclosing(self._asked_at(link, question)) as messages,
        ):
            async for one in messages:
                yield one

    async def _asked_at(self, link: Link, question: Question) -> AsyncGenerator[Object]:
        ready, deadline = link.ready, Deadline(question.timeout_s)
        for is_last in (False, True):
            try:
                await self._settle(link, min(question.timeout_s, GREETING_TIMEOUT_S))
                ask = self._messages if link.version == MODERN else self._as_older
                async with contextlib.aclosing(ask(link, question, deadline)) as messages:
                    async for one in messages:
                        yield one
                return
            except ForgottenError:
                link.version, link.session, link.level = "", b"", ""
                _forget_stream(link)
                if is_last:
                    raise ServerTrouble(
                        f"'{ready.server.name}' forgets its session as soon as it has made it."
                    ) from None

    # — era and session —

    def _link(self, ready: Ready) -> Link:
        link = self._known.get(ready.key)
        if link is None or link.ready != ready:
            if len(self._known) >= MAX_LINKS:
                self._known.clear()
            if link is not None:
                _forget_stream(link)
            link = self._known[ready.key] = Link(ready)
        return link

    async def _settle(self, link: Link, timeout_s: float) -> None:
        """Finds out the era, and makes a session where it is the older one."""
        if link.is_settled():
            return
        async with link.settling:
            if link.is_settled():  # somebody else has found it out meanwhile
                return
            # found out beside: nobody may ask before it is known
            fresh = Link(link.ready, asked=link.asked)
            if not await self._is_modern(fresh, timeout_s):
                await self._initialize(fresh, timeout_s)
            link.asked, link.session, link.level = fresh.asked, fresh.session, ""
            link.version = fresh.version

    async def _is_modern(self, link: Link, timeout_s: float) -> bool:
        for is_last in (False, True):
            link.version = MODERN
            try:
                if is_modern(await self._response(link, "server/discover", {}, timeout_s)):
                    return True
            except ForgottenError as error:
                if not is_last and MODERN in error.supported:
                    continue  # one that names it is asked again
            break
        link.version = ""
        return False

    async def _initialize(self, link: Link, timeout_s: float) -> None:
        response = await self._response(link, "initialize", greeting(asks=True), timeout_s)
        try:
            link.version = agreed_version(response)
        except ValueError as error:
            raise ServerTrouble(f"'{link.ready.server.name}' {error}") from None
        body = message.encoded({"jsonrpc": "2.0", "method": "notifications/initialized"})
        await self._wire.told(link, body, timeout_s)

    async def _response(self, link: Link, method: str, params: Object, timeout_s: float) -> Object:
        question = Question(method, params, None, timeout_s, MAX_GREETING_BYTES)
        return await response_in(self._messages(link, question, Deadline(timeout_s)))

    # — one exchange —

    async def _as_older(self, link: Link, question: Question, deadline: Deadline) -> AsyncGenerator[Object]:
        await self._set_level(link, question, deadline)
        aside = self._aside(link)
        if question.method == _LISTEN:
            messages = self._said(link, aside, question)
        elif link.session and aside.is_there and question.method in _MAY_ASK and _can_be_asked(question):
            messages = self._asked_beside(link, aside, question, deadline)
        else:
            messages = self._messages(link, question, deadline)
        may_ask = question.method in _MAY_ASK
        aside.running += may_ask
        try:
            async with contextlib.aclosing(messages):
                async for one in messages:
                    yield one
        finally:
            aside.running -= may_ask

    async def _asked_beside(
        self, link: Link, aside: Aside, question: Question, deadline: Deadline
    ) -> AsyncGenerator[Object]:
        """An answer, and questions about it that the server asks on the stream of its session."""
        async with (
            aside.asked() as inbox,
            contextlib.aclosing(merged(self._messages(link, question, deadline), inbox)) as messages,
        ):
            async for one in messages:
                if isinstance(one, ServerQuestion) or "method" not in one or "id" not in one:
                    yield one
                elif (asked := self._asked_back(link, one, question, deadline)) is not None:
                    yield asked

    async def _messages(self, link: Link, question: Question, deadline: Deadline) -> AsyncGenerator[Object]:
        link.asked += 1
        own_id = b"%d" % link.asked
        params = in_era(question.params, link.version)
        body = message.encoded({"jsonrpc": "2.0", "id": Raw(own_id), "method": question.method, "params": params})
        name = link.ready.server.name
        messages = self._wire.messages(link, own_id, body, question, deadline)
        try:
            async with contextlib.aclosing(messages):
                async for found in messages:
                    if is_response(found, own_id):
                        yield found
                        return
                    if "method" not in found:
                        continue  # an answer that nobody asked for
                    if "id" not in found:
                        yield found
                    elif (asked := self._asked_back(link, found, question, deadline)) is not None:
                        yield asked
            raise ServerTrouble(f"'{name}' ended its answer without a response.")
        except Broken as error:
            if error.timed_out:
                self._cancel(link, own_id, question)
                raise ServerSilent(f"'{name}' did not answer within {question.timeout_s:g} seconds.") from None
            raise ServerTrouble(f"'{name}' cannot be asked: {error}") from None
        except (asyncio.CancelledError, GeneratorExit):
            self._cancel(link, own_id, question)
            raise

    async def _said(self, link: Link, aside: Aside, question: Question) -> AsyncGenerator[Object]:
        """What an older server says on its own, the resources that the question names among it."""
        for address in addresses_in(question.params):
            params = {"uri": Raw(message.encoded(address))}
            await self._response(link, "resources/subscribe", params, GREETING_TIMEOUT_S)
        async with aside.heard() as inbox:
            while (found := await inbox.get()) is not None:
                assert not isinstance(found, BaseException)
                yield found

    async def _events(self, link: Link, opened: Callable[[], None]) -> AsyncGenerator[Object]:
        """What comes on the stream of a session, for a long time."""
        question = Question(_LISTEN, {}, None, LISTENED_S, MAX_SAID_BYTES)
        try:
            async with contextlib.aclosing(self._wire.events(link, question, Deadline(LISTENED_S), opened)) as events:
                async for found in events:
                    yield found
        except (Broken, ForgottenError) as error:
            raise ServerTrouble(f"'{link.ready.server.name}' cannot be listened to: {error}") from None

    def _aside(self, link: Link) -> Aside:
        if link.aside is None:

            def refuse(found: Object) -> None:
                self._asked_back(link, found, None, Deadline(GREETING_TIMEOUT_S))

            link.aside = Aside(partial(self._events, link), refuse)
        return link.aside

    async def _set_level(self, link: Link, question: Question, deadline: Deadline) -> None:
        """Lets an older server send what the client of this request wants to read; each still gets only its own."""
        level = levels.wanted(question.params)
        if level and levels.is_below(level, link.level):
            link.level = level
            params = {"level": Raw(message.encoded(level))}
            await self._response(link, "logging/setLevel", params, min(GREETING_TIMEOUT_S, deadline.left()))

    def _asked_back(
        self, link: Link, found: Object, question: Question | None, deadline: Deadline
    ) -> ServerQuestion | None:
        """What the server asks; None for what is answered at once, or not for a client of this request."""
        method = message.text_of(found["method"]) or ""

        async def send(response: Object) -> None:
            reply = message.encoded({"jsonrpc": "2.0", "id": found["id"], **response})
            if question is not None:
                deadline.at = asyncio.get_running_loop().time() + question.timeout_s
            with contextlib.suppress(Broken, MnoError):  # its own stream says what becomes of the request
                await self._wire.told(link, reply, GREETING_TIMEOUT_S)

        if link.version == MODERN:
            return None  # such a server may not ask so
        asked = ServerQuestion(found, send)
        if method == "ping":
            self._errand(asked.answer({"result": Raw(b"{}")}))
        elif method not in ASKABLE or question is None:
            self._errand(asked.refuse(f"The gateway does not pass on '{method[:80]}' here."))
        else:
            deadline.extend(INPUT_TIMEOUT_S)
            return asked
        return None

    def _cancel(self, link: Link, own_id: bytes, question: Question) -> None:
        """Tells a server of the older era that nobody waits any more; in the newer one the closed stream says it."""
        if link.version and link.version != MODERN and question.method != "initialize":
            params = {"requestId": Raw(own_id), "reason": "The client gave up."}
            body = message.encoded({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
            self._errand(self._told(link, body))

    async def _told(self, link: Link, body: bytes) -> None:
        with contextlib.suppress(Broken, MnoError):  # nobody is left to hear of it
            await self._wire.told(link, body, GREETING_TIMEOUT_S)

    def _errand(self, what: Coroutine[Any, Any, None]) -> None:
        """Does it while nobody waits; not at all where a server floods us with what would be answered so."""
        if len(self._errands) >= MAX_ERRANDS:
            what.close()
            return
        task = asyncio.get_running_loop().create_task(what, name="mcp-errand")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


def _forget_stream(link: Link) -> None:
    if link.aside is not None:
        link.aside.close()


def _can_be_asked(question: Question) -> bool:
    """Whether the client behind a question says that it answers something."""
    if b"clientCapabilities" not in bytes(question.params.get("_meta", b"")):
        return False
    try:
        meta = message.object_of(question.params["_meta"])
        declared = message.object_of(meta.get(message.CAPABILITIES_KEY, Raw(b"{}")))
    except ValueError:
        return False
    return any(capability in declared for capability in ASKABLE.values())
