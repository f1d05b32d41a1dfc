"""One call on its way: target after target until one answers, then its answer to the client, read along.

Once the client has seen the first byte nothing is tried again. A client that leaves cuts a stream at its provider, so
that nothing more is generated; an answer in one piece is generated anyway, so it is read to its end and charged as it
is.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mno.llm_gateway.headers import Header, answer_headers, request_head
from mno.llm_gateway.plan import Plan, Route
from mno.llm_gateway.providers.reading import Reading, Stream, Whole
from mno.llm_gateway.routing import FAILING, RETRIED, pause_s
from mno.platform import clock
from mno.platform.breaker import Breakers
from mno.platform.errors import MnoError, Unavailable
from mno.platform.upstream.connection import Answer, Broken
from mno.platform.upstream.pool import Pool

#: A refusal of a provider, which is read whole before it is passed on.
MAX_REFUSAL_BYTES = 1024 * 1024
#: How long a provider may pause in the middle of an answer, in seconds.
PIECE_TIMEOUT_S = 300.0
#: What stands where a credential stood.
_HIDDEN = b"[credential of the hub]"


class Refused(Unavailable):
    """The provider does not take the hub's own credential: nothing that the client could change."""


class Client(Protocol):
    """Who asked."""

    @property
    def is_gone(self) -> bool: ...
    @property
    def has_started(self) -> bool:
        """Whether an answer has begun to be sent."""
        ...

    def watch(self) -> None:
        """Wants to know from now on when the client leaves."""
        ...

    def when_gone(self, call: Callable[[], None]) -> None:
        """Calls it once the client has left, now if it has already."""
        ...

    async def start(self, status: int, headers: Sequence[Header]) -> None: ...
    async def send(self, piece: bytes, *, more: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent, without what says who it is."""

    method: str
    query: str
    headers: list[Header]


#: Makes sure that a target fits into every budget, before it is asked.
Reserve = Callable[[Route], Awaitable[None]]


class Passage:
    """Holds what became of it, however it ended."""

    def __init__(
        self, plan: Plan, request: Request, client: Client, pool: Pool, breakers: Breakers, reserve: Reserve
    ) -> None:
        self._plan = plan
        self._reserve = reserve
        self._request = request
        self._client = client
        self._pool = pool
        self._breakers = breakers
        self.reading = Reading()
        #: Where it went in the end.
        self.route = plan.routes[0]
        self.status = 0
        self.attempts = 0
        self.first_piece_ns = 0
        #: Whether the client has got everything.
        self.is_complete = False
        #: Whether the provider broke off in the middle.
        self.was_broken = False
        #: Whether the client left before its provider had begun to answer: nobody knows what that was charged.
        self.was_left = False
        #: The body of a whole answer with its headers, for the cache.
        self.whole: tuple[bytes, list[Header]] | None = None

    @property
    def was_cut(self) -> bool:
        """Whether the answer ended in its middle: the client left, or the provider broke off."""
        return 0 < self.status < 400 and not self.is_complete

    @property
    def is_charged_all_the_same(self) -> bool:
        """Whether usage that an answer tells is that of a call, although its path is none of those that we know to call
        a model. A batch tells of what others were charged for.
        """
        return self._request.method == "POST" and "batch" not in self._plan.asked.path.lower()

    async def go(self) -> None:
        """Answers the client; raises before anything was sent, when no target can be had."""
        if self._plan.asked.stream:
            self._client.watch()
        answer = await self._answer()
        try:
            if answer.status >= 400:
                await self._pass_refusal(answer)
            else:
                await self._pass(answer)
        except Broken as error:
            if not self._client.has_started:
                raise
            if not self._client.is_gone:
                self.was_broken = True
                self.reading.trouble = str(error)
                self._breakers.failed(self.route.breaker)
        finally:
            answer.abort()

    # — finding an answer —

    async def _answer(self) -> Answer:
        trouble: MnoError | None = None
        routes = self._passable()
        for index, route in enumerate(routes):
            self.route = route
            await self._reserve(route)
            for attempt in range(self._tries(route)):
                is_last = index == len(routes) - 1 and attempt == self._tries(route) - 1
                found = await self._try(route)
                if isinstance(found, Broken):
                    trouble, pause = found, pause_s(attempt, None, clock.now(), random.random)
                elif found.status in RETRIED and not is_last and not self._client.is_gone:
                    pause = pause_s(attempt, _retry_after(found), clock.now(), random.random)
                    if pause is None and index == len(routes) - 1:
                        return found  # the client is told for how long it has to wait
                    found.abort()
                else:
                    return found
                self._client.watch()
                if is_last or self._client.is_gone or attempt == self._tries(route) - 1 or pause is None:
                    break
                await asyncio.sleep(pause)
            if self._client.is_gone:
                break  # nobody else is asked for a client that has left
        raise trouble or Unavailable("No target of this call can be reached.")

    def _passable(self) -> list[Route]:
        routes = [route for route in self._plan.routes if self._breakers.lets_through(route.breaker)]
        if not routes:
            wait = min(self._breakers.wait_s(route.breaker) for route in self._plan.routes)
            name = self._plan.routes[0].upstream.provider.name
            raise Unavailable(
                f"The provider '{name}' failed again and again and is left alone for a moment.",
                retry_after_s=max(1, round(wait)),
            )
        return routes

    def _tries(self, route: Route) -> int:
        repeatable = self._plan.asked.operation.metered or self._request.method == "GET"
        return 1 + (route.upstream.provider.retries if repeatable else 0)

    async def _try(self, route: Route) -> Answer | Broken:
        upstream = route.upstream
        path, body = self._plan.dialect.rewritten(self._plan.asked, route.model, self._plan.output_tokens)
        target = upstream.prefix + path + (f"?{self._request.query}" if self._request.query else "")
        head = request_head(
            self._request.method, target, upstream.host, self._request.headers, upstream.headers, len(body)
        )
        self.attempts += 1
        self.status = 0
        self._breakers.begin(route.breaker)
        answer: Answer | None = None
        try:
            answer = await self._pool.ask(upstream.origin, head, body)
            if self._plan.asked.stream:
                self._client.when_gone(answer.abort)
            await answer.head(upstream.provider.timeout_s)
        except Broken as error:
            if self._client.is_gone:
                self.was_left = True
                self._breakers.undecided(route.breaker)
            else:
                self._breakers.failed(route.breaker)
            return error
        except BaseException:
            self._breakers.undecided(route.breaker)
            if answer is not None:
                answer.abort()
            raise
        self._breakers.failed(route.breaker) if answer.status in FAILING else self._breakers.worked(route.breaker)
        self.status = answer.status
        return answer

    # — passing it on —

    async def _pass(self, answer: Answer) -> None:
        asked, dialect = self._plan.asked, self._plan.dialect
        is_stream = _is_stream(answer)
        reader: Stream | Whole
        if is_stream:
            reader = Stream(dialect.read, self.reading, hides=asked.hides_usage)
        else:
            reader = Whole(dialect.read, self.reading)
        headers = answer_headers(answer.headers, keeps_length=not (is_stream and asked.hides_usage))
        await self._client.start(answer.status, headers)
        held = b""
        while piece := await answer.piece(PIECE_TIMEOUT_S):
            if not self.first_piece_ns:
                self.first_piece_ns = clock.now_ns()
            held = reader.feed(piece)
            if answer.is_over:
                break  # the last piece goes together with the end
            if held:
                await self._client.send(held, more=True)
                held = b""
        if isinstance(reader, Whole) and self.route.upstream.provider.cache_s:
            self.whole = (reader.body, headers)
        held += reader.end()
        self.is_complete = True
        await self._client.send(held, more=False)

    async def _pass_refusal(self, answer: Answer) -> None:
        """Nothing that the provider says of the hub's credential goes any further."""
        body = bytearray()
        while piece := await answer.piece(PIECE_TIMEOUT_S):
            body += piece
            if len(body) > MAX_REFUSAL_BYTES:
                answer.abort()
                break
        reader = Whole(self._plan.dialect.read, self.reading)
        reader.feed(bytes(body))
        reader.end()
        upstream = self.route.upstream
        if answer.status == 401:
            self.reading.trouble = "The provider does not take the hub's credential."
            raise Refused(
                f"The provider '{upstream.provider.name}' does not take the credential that is set for it here."
            )
        headers = answer_headers(answer.headers, keeps_length=False)
        content = bytes(body)
        if upstream.credential:
            secret = upstream.credential.encode()
            content = content.replace(secret, _HIDDEN)
            headers = [(name, value.replace(secret, _HIDDEN)) for name, value in headers]
            self.reading.trouble = self.reading.trouble.replace(upstream.credential, _HIDDEN.decode())
        await self._client.start(answer.status, [*headers, (b"content-length", b"%d" % len(content))])
        self.is_complete = True
        await self._client.send(content, more=False)


def _retry_after(answer: Answer) -> str | None:
    for name, value in answer.headers:
        if name == b"retry-after-ms" and value.isdigit():
            return str(int(value) / 1000)
    return next((value.decode("latin-1") for name, value in answer.headers if name == b"retry-after"), None)


def _is_stream(answer: Answer) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in answer.headers)
