"""Requests side by side over one connection: answers find their request by its id, and nobody hears of another's.

All callers share the connection. So ids and progress tokens are the hub's own, and what the server says without naming
a request goes to nobody, unless it is that something of it has changed. A question that an older server asks back
belongs to the one call that is under way; where there are several, or one was just given up, nobody can tell, and it is
refused.

Sources: the specification of MCP, "Lifecycle", "Progress" and "Cancellation" of revision 2025-11-25, "Versioning" and
"stdio" of 2026-07-28.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from mno.mcp_gateway.protocol import message
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
from mno.platform.errors import MnoError, TooLarge

#: How long a server may leave the question which era it speaks unanswered, in seconds: then it is asked as an older.
PROBE_TIMEOUT_S = 10.0
#: For how long a call that was given up may still be what a server asks about, in seconds.
ABANDONED_S = 60.0
#: Notifications about one request that wait for their reader; the oldest are dropped.
MAX_WAITING_NOTIFICATIONS = 1_000

#: How long an older server may take to take note of a subscription, in seconds.
_SUBSCRIBE_S = 15.0
_PROGRESS = "notifications/progress"
_LISTEN = "subscriptions/listen"
_SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
#: What an older server says to whoever listens.
_CHANGES = frozenset(
    {
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
    }
)
_NOT_CANCELLED = frozenset({"initialize", "server/discover"})
_log = logging.getLogger(__name__)

#: Writes one message.
Send = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True)
class _Pending:
    """One request that waits. `token` is what its client calls its progress; `deadline` is by the loop's clock."""

    question: Question
    token: Raw | None
    deadline: float
    notices: deque[Object] = field(default_factory=lambda: deque(maxlen=MAX_WAITING_NOTIFICATIONS))
    response: Object | MnoError | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, notice: Object) -> None:
        self.notices.append(notice)
        self.arrived.set()

    def settle(self, outcome: Object | MnoError) -> None:
        if self.response is None:
            self.response = outcome
            self.arrived.set()


class Conversation:
    """With one server. Whoever reads hands each message to `take`, and calls `end` when no more will come."""

    def __init__(self, name: str, send: Send) -> None:
        self._name = name
        self._send = send
        self._asked = 0
        self._pending: dict[bytes, _Pending] = {}
        self._listening: set[bytes] = set()
        self._abandoned_at = float("-inf")
        self._sending: set[asyncio.Task[None]] = set()
        #: The revision that is spoken; empty until `settle` has found out.
        self.version = ""

    async def settle(self, timeout_s: float, *, probes: bool) -> None:
        """Agrees on an era; `probes`: the newer one is tried first. `ServerTrouble` where there is none."""
        if probes and await self._speaks_modern(min(timeout_s, PROBE_TIMEOUT_S)):
            self.version = MODERN
            return
        wish = Question("initialize", greeting(asks=True), None, timeout_s, MAX_GREETING_BYTES)
        response = await response_in(self.ask(wish))
        try:
            version = agreed_version(response)
        except ValueError as error:
            raise ServerTrouble(f"'{self._name}' {error}") from None
        await self._send(message.encoded({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        self.version = version

    async def ask(self, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`. A request that is given up is told to be cancelled."""
        if question.method == _LISTEN and self.version != MODERN:
            for address in addresses_in(question.params):
                wish = {"uri": Raw(message.encoded(address))}
                await response_in(
                    self.ask(Question("resources/subscribe", wish, None, _SUBSCRIBE_S, MAX_GREETING_BYTES))
                )
        self._asked += 1
        own_id = b"%d" % self._asked
        params, token = _with_token(in_era(question.params, self.version), own_id)
        deadline = asyncio.get_running_loop().time() + question.timeout_s
        pending = self._pending[own_id] = _Pending(question, token, deadline)
        body = message.encoded({"jsonrpc": "2.0", "id": Raw(own_id), "method": question.method, "params": params})
        only_listens = question.method == _LISTEN and self.version != MODERN
        try:
            if only_listens:
                self._listening.add(own_id)
            else:
                await self._within(self._send(body), pending)
            while True:
                while pending.notices:
                    yield pending.notices.popleft()
                if isinstance(pending.response, MnoError):
                    raise pending.response
                if pending.response is not None:
                    yield pending.response
                    return
                pending.arrived.clear()
                await self._within(pending.arrived.wait(), pending)
        finally:
            del self._pending[own_id]
            self._listening.discard(own_id)
            if pending.response is None and question.method not in _NOT_CANCELLED and not only_listens:
                self._abandoned_at = asyncio.get_running_loop().time()
                self._later(_notification("notifications/cancelled", {"requestId": Raw(own_id)}))

    def take(self, raw: bytes) -> None:
        """One message of the server; what is none is left alone."""
        try:
            found = message.object_of(raw)
        except ValueError:
            _log.debug("The MCP server '%s' wrote what is no message: %.200r", self._name, raw)
            return
        method = message.text_of(found.get("method"))
        if method is None:
            self._answered(bytes(found.get("id", b"")), found, len(raw))
        elif "id" in found:
            self._asked_back(method, found)
        else:
            self._noted(method, found)

    def refuse(self, own_id: bytes | None, size: int) -> None:
        """An answer that was too long to be read; None where nobody can tell whose."""
        pending = self._pending.get(own_id or b"")
        if pending is not None:
            pending.settle(self._too_large(size, pending.question.answer_bytes))

    def end(self, why: MnoError) -> None:
        """No message will come any more."""
        for pending in self._pending.values():
            pending.settle(why)
        for task in self._sending:
            task.cancel()

    # — parts —

    async def _speaks_modern(self, timeout_s: float) -> bool:
        question = Question("server/discover", {}, None, timeout_s, MAX_GREETING_BYTES)
        self.version = MODERN
        try:
            return is_modern(await response_in(self.ask(question)))
        except ServerSilent:
            return False  # some older servers leave unanswered what they do not know
        finally:
            self.version = ""

    def _answered(self, own_id: bytes, found: Object, size: int) -> None:
        pending = self._pending.get(own_id)
        if pending is None or not ("result" in found or "error" in found):
            return
        limit = pending.question.answer_bytes
        pending.settle(self._too_large(size, limit) if size > limit else found)

    def _asked_back(self, method: str, found: Object) -> None:
        loop = asyncio.get_running_loop()
        calls = [one for one in self._pending.values() if one.question.principal is not None]
        is_clear = len(calls) == 1 and loop.time() - self._abandoned_at > ABANDONED_S
        if method not in ASKABLE or self.version == MODERN or not is_clear:
            self._later(_reply(method, found["id"]))
            return
        (call,) = calls

        async def send(response: Object) -> None:
            call.deadline = loop.time() + call.question.timeout_s
            with contextlib.suppress(MnoError):  # the call itself says what becomes of it
                await self._send(message.encoded({"jsonrpc": "2.0", "id": found["id"], **response}))

        call.deadline = max(call.deadline, loop.time() + INPUT_TIMEOUT_S)
        call.note(ServerQuestion(found, send))

    def _noted(self, method: str, found: Object) -> None:
        try:
            params = message.object_of(found.get("params", Raw(b"{}")))
            meta = message.object_of(params.get("_meta", Raw(b"{}")))
        except ValueError:
            return
        if method == _PROGRESS:
            pending = self._pending.get(bytes(params.get("progressToken", b"")))
            if pending is not None and pending.token is not None:
                pending.note({**found, "params": Raw(message.encoded({**params, "progressToken": pending.token}))})
        elif _SUBSCRIPTION_KEY in meta:
            pending = self._pending.get(bytes(meta[_SUBSCRIPTION_KEY]).strip(b'"'))
            if pending is not None:
                pending.note(found)
        elif method in _CHANGES:
            for own_id in self._listening:
                self._pending[own_id].note(found)

    def _too_large(self, size: int, limit: int) -> TooLarge:
        return TooLarge(f"The answer of '{self._name}' has {size} bytes or more; {limit} is the limit.")

    async def _within(self, awaited: Awaitable[object], pending: _Pending) -> None:
        try:
            async with asyncio.timeout_at(pending.deadline):
                await awaited
        except TimeoutError:
            timeout_s = pending.question.timeout_s
            raise ServerSilent(f"'{self._name}' did not answer within {timeout_s:g} seconds.") from None

    def _later(self, body: bytes) -> None:
        """Sends without anybody waiting for it."""

        async def sent() -> None:
            try:
                await self._send(body)
            except MnoError:
                _log.debug("A message to the MCP server '%s' could not be sent.", self._name)

        task = asyncio.get_running_loop().create_task(sent())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


def _with_token(params: Object, own_id: bytes) -> tuple[Object, Raw | None]:
    """The parameters with a progress token of the hub's own, and the client's (None: it wants to hear of none)."""
    meta = message.object_of(params["_meta"]) if "_meta" in params else {}
    token = meta.get("progressToken")
    if token is None:
        return params, None
    meta["progressToken"] = Raw(own_id)
    return {**params, "_meta": Raw(message.encoded(meta))}, token


def _notification(method: str, params: Object) -> bytes:
    return message.encoded({"jsonrpc": "2.0", "method": method, "params": params})


def _reply(method: str, request_id: Raw) -> bytes:
    """To what a server asks of its client, where nobody can be asked."""
    if method == "ping":
        return message.encoded({"jsonrpc": "2.0", "id": request_id, "result": {}})
    told = {"code": message.METHOD_NOT_FOUND, "message": f"The gateway offers no {method[:80]} here."}
    return message.encoded({"jsonrpc": "2.0", "id": request_id, "error": told})
