"""A call from the door to the books: planned, limited, reserved, passed on, settled, written down.

Whatever happens on the way, one span is recorded and the reservation is settled or released: both stand in a
`finally` that needs nothing of the client, and settling goes on by itself.
"""

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from mno.llm_gateway.breaker import Breakers
from mno.llm_gateway.cache import Cache, Remembered, key_of
from mno.llm_gateway.headers import check_path
from mno.llm_gateway.limits import Limits, Ticket
from mno.llm_gateway.model import MAX_CALL_TAGS, MAX_DIMENSION_CHARACTERS, Amounts, Call, Caller, Usage
from mno.llm_gateway.passage import PIECE_TIMEOUT_S, Client, Passage, Request
from mno.llm_gateway.plan import Plan, Route, planned, upstream_of
from mno.llm_gateway.ports import Budgets, Spans
from mno.llm_gateway.providers.asked import Asked, Dialect
from mno.llm_gateway.providers.reading import Reading
from mno.llm_gateway.setup.service import Setups
from mno.llm_gateway.upstream.pool import Guard, Pool
from mno.llm_gateway.usage import part
from mno.platform import clock
from mno.platform.errors import MnoError
from mno.platform.ids import shown
from mno.platform.principal import Principal

_log = logging.getLogger(__name__)

#: How long a reservation outlives the longest wait of its call, in seconds.
LEASE_GRACE_S = 60.0
#: How often a settlement is tried.
SETTLE_ATTEMPTS = 8
#: What has text for output, so that what came can be estimated.
_TEXTUAL = frozenset({"chat", "text_completion", "generate_content", "embeddings"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request at the door. `path` begins below the provider's name."""

    method: str
    provider: str
    path: bytes
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    trace_id: bytes
    parent_span_id: bytes

    def header(self, name: bytes) -> str:
        value = next((value for header, value in self.headers if header == name), b"")
        return value.decode("latin-1").strip()[:MAX_DIMENSION_CHARACTERS]


class Calls:
    """Everything that calls share; `running` waits at the end until all are settled."""

    def __init__(self, setups: Setups, guard: Guard, spans: Spans, budgets: Budgets) -> None:
        self._setups = setups
        self._spans = spans
        self._budgets = budgets
        self._pool = Pool(guard)
        self.breakers = Breakers(time.monotonic)
        self._limits = Limits(time.monotonic)
        self._cache = Cache(time.monotonic)
        self._settling: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._pool.close()
            if self._settling:
                await asyncio.wait(self._settling, timeout=LEASE_GRACE_S)

    async def dialect_of(self, team_id: UUID, provider: str) -> Dialect | None:
        """How the client of this provider reads errors; None where there is no such provider."""
        upstream = (await self._setups.of(team_id)).upstreams.get(provider)
        return upstream.dialect if upstream else None

    async def run(self, principal: Principal, incoming: Incoming, client: Client) -> None:
        """Answers the client, or raises one of our errors before anything was sent."""
        self._spans.check_room()
        setup = await self._setups.of(principal.team_id)
        upstream = upstream_of(setup, incoming.provider, principal.project_id, setup.policies.get(principal.id))
        asked = upstream.dialect.asked(check_path(incoming.path), incoming.body)
        caller = caller_of(principal, incoming, asked)
        plan = planned(setup, upstream, asked, caller, principal.id, incoming.method, random.random())  # noqa: S311 - a share, no secret
        call = _begun(caller, plan, incoming)
        expected = Usage(input_tokens=len(incoming.body) // 4) if asked.operation.metered else Usage()
        with self._limits.admitted(plan.policy, principal.name, expected.input_tokens) as ticket:
            if await self._from_cache(call, plan, incoming, client):
                ticket.used(0)
                return
            held = _Held(self._budgets)

            async def reserve(route: Route) -> None:
                await held.move(call, self._bound(call, plan, route), _lease_s(route))

            request = Request(incoming.method, incoming.query, incoming.headers)
            passage = Passage(plan, request, client, self._pool, self.breakers, reserve)
            try:
                await passage.go()
            except MnoError as error:
                passage.reading.trouble = passage.reading.trouble or str(error)
                raise
            finally:
                self._finish(call, plan, passage, held, ticket, incoming)

    # — before —

    def _bound(self, call: Call, plan: Plan, route: Route) -> Amounts:
        """The largest amounts that this target could take."""
        call.provider, call.model, call.request_model = route.upstream.provider.priced_as, route.model, route.model
        if not plan.asked.operation.metered:
            return Amounts(0, 0, 1)
        whole, output = plan.asked.input_bound(), plan.output_bound()
        costs = [self._spans.cost_of(call, usage) for usage in _dearest(plan.asked.body, whole, output)]
        known = [cost for cost in costs if cost is not None]
        return Amounts(max(known) if len(known) == len(costs) else None, whole + output, 1)

    async def _from_cache(self, call: Call, plan: Plan, incoming: Incoming, client: Client) -> bool:
        provider = plan.routes[0].upstream.provider
        if not provider.cache_s or not plan.asked.is_deterministic():
            return False
        found = self._cache.get(_cache_key(call, plan, incoming))
        if found is None:
            return False
        call.cached, call.usage = True, found.usage
        call.provider, call.model, call.request_model = provider.priced_as, found.model, plan.asked.model
        call.finish_reason = found.finish_reason
        call.attributes["mno.gateway.cache"] = "hit"
        call.duration_ns = clock.now_ns() - call.start_ns
        self._spans.record(call)
        await client.start(200, [*found.headers, (b"x-mno-cache", b"hit")])
        await client.send(found.body, more=False)
        return True

    # — after —

    def _finish(
        self, call: Call, plan: Plan, passage: Passage, held: "_Held", ticket: Ticket, incoming: Incoming
    ) -> None:
        estimated = _conclude(call, plan, passage)
        used = (call.usage.input_tokens + call.usage.output_tokens) if call.usage else 0
        ticket.used(used)
        if call.usage is not None or (passage.is_complete and passage.status < 400):
            cost = self._spans.cost_of(call, call.usage or Usage()) if call.metered else 0
            settling = held.settle(Amounts(cost, used, 1), estimated=estimated)
        else:
            settling = held.release()
        self._spans.record(call)
        task = asyncio.get_running_loop().create_task(settling)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        self._remember(call, plan, passage, passage.reading, incoming)

    def _remember(self, call: Call, plan: Plan, passage: Passage, reading: Reading, incoming: Incoming) -> None:
        cache_s = passage.route.upstream.provider.cache_s
        if not cache_s or passage.whole is None or passage.status != 200 or not passage.is_complete:
            return
        if passage.route is not plan.routes[0] or not plan.asked.is_deterministic():
            return
        body, headers = passage.whole
        kept = [(name, value) for name, value in headers if name in (b"content-type", b"content-encoding")]
        kept.append((b"content-length", b"%d" % len(body)))
        answer = Remembered(
            body, kept, call.model, reading.response_id, reading.finish_reason, reading.usage, until=0.0
        )
        self._cache.put(_cache_key(call, plan, incoming), answer, cache_s)


def caller_of(principal: Principal, incoming: Incoming, asked: Asked) -> Caller:
    """Who calls: the key, and what its application says of its own user, session and agent."""
    document = asked.document or {}
    user = incoming.header(b"x-mno-user")
    for value in (
        document.get("safety_identifier"),
        document.get("user"),
        part(document.get("metadata"), "user_id"),
    ):
        if not user and type(value) is str:
            user = value[:MAX_DIMENSION_CHARACTERS]
    tags = next((value for name, value in incoming.headers if name == b"x-mno-tags"), b"").decode("latin-1")
    return Caller(
        team_id=principal.team_id,
        project_id=principal.project_id,
        key=shown("key", principal.id),
        key_name=principal.name,
        user=user,
        session=incoming.header(b"x-mno-session"),
        agent=principal.agent or incoming.header(b"x-mno-agent"),
        environment=incoming.header(b"x-mno-environment"),
        tags=tuple(unquote(tag.strip())[:MAX_DIMENSION_CHARACTERS] for tag in tags.split(",")[:MAX_CALL_TAGS] if tag),
    )


def dimensions_of(call: Call) -> Mapping[str, str]:
    """What a budget can be kept for; only what is known."""
    caller = call.caller
    found = {
        "user": caller.user,
        "session": caller.session,
        "agent": caller.agent,
        "api_key": caller.key,
        "provider": call.provider,
        "model": call.request_model,
        "environment": caller.environment,
    }
    for tag in caller.tags:
        name, _, value = tag.partition("=")
        found[f"tag:{name}"] = value or "true"
    return {name: value for name, value in found.items() if value}


def _begun(caller: Caller, plan: Plan, incoming: Incoming) -> Call:
    provider = plan.routes[0].upstream.provider
    return Call(
        caller=caller,
        trace_id=incoming.trace_id,
        span_id=os.urandom(8),
        parent_span_id=incoming.parent_span_id,
        start_ns=clock.now_ns(),
        operation=plan.asked.operation.name,
        metered=plan.asked.operation.metered,
        provider=provider.priced_as,
        request_model=plan.routes[0].model,
        model=plan.routes[0].model,
        attributes={"mno.gateway.path": plan.asked.path},
    )


def _conclude(call: Call, plan: Plan, passage: Passage) -> bool:
    """Writes into the call what became of it; whether its usage is an estimate."""
    reading, route = passage.reading, passage.route
    call.duration_ns = clock.now_ns() - call.start_ns
    if plan.asked.stream and passage.first_piece_ns:
        call.time_to_first_token_ns = max(0, passage.first_piece_ns - call.start_ns)
    call.provider, call.request_model = route.upstream.provider.priced_as, route.model
    call.model = reading.model or route.model
    call.response_id, call.finish_reason = reading.response_id, reading.finish_reason
    call.service_tier = reading.service_tier
    call.failed = passage.status >= 400 or passage.status == 0 or passage.was_cut
    call.status_message = reading.trouble if call.failed else ""
    estimated = _charge(call, plan, passage)
    call.attributes.update(
        {
            "http.response.status_code": passage.status,
            "gen_ai.request.stream": plan.asked.stream,
            "mno.gateway.provider": route.upstream.provider.name,
            "mno.gateway.attempts": passage.attempts,
            **({"mno.gateway.alias": plan.alias} if plan.alias else {}),
            **({"mno.gateway.cut": True} if passage.was_cut else {}),
            **({"mno.gateway.estimated": True} if estimated else {}),
        }
    )
    return estimated


def _charge(call: Call, plan: Plan, passage: Passage) -> bool:
    """The provider's own figures; where it told none, or its stream was cut, what came of it is estimated."""
    reading = passage.reading
    answered = passage.status < 400 and passage.status != 0
    if not call.metered or not answered:
        return False
    if reading.usage is not None and (reading.is_final or passage.is_complete):
        call.usage = reading.usage
        return False
    if call.operation not in _TEXTUAL:
        return False
    known = reading.usage or Usage(input_tokens=max(1, len(plan.asked.body) // 4))
    call.usage = known._replace(output_tokens=max(known.output_tokens, reading.generated))
    return True


def _dearest(body: bytes, whole: int, output: int) -> list[Usage]:
    """The input in the dearest of the buckets that this request can fill."""
    found = [Usage(input_tokens=whole, output_tokens=output)]
    if b"cache_control" in body:
        found.append(Usage(input_tokens=whole, cache_write_5m_tokens=whole, output_tokens=output))
        found.append(Usage(input_tokens=whole, cache_write_1h_tokens=whole, output_tokens=output))
    if b"audio" in body:
        found.append(
            Usage(input_tokens=whole, input_audio_tokens=whole, output_tokens=output, output_audio_tokens=output)
        )
    return found


def _cache_key(call: Call, plan: Plan, incoming: Incoming) -> bytes:
    provider = plan.routes[0].upstream.provider
    return key_of(call.caller.project_id, provider.id, plan.asked.path, incoming.query, incoming.body)


def _lease_s(route: Route) -> float:
    """Longer than a call to this target can be waited for."""
    provider = route.upstream.provider
    return provider.timeout_s * (1 + provider.retries) + PIECE_TIMEOUT_S + LEASE_GRACE_S


class _Held:
    """What one call holds of its budgets: of one target at a time."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._reservation: UUID | None = None

    async def move(self, call: Call, bound: Amounts, lease_s: float) -> None:
        """Reserves for the next target and lets the last one's go; a `LimitExceeded` leaves nothing held."""
        await self.release()
        self._reservation = await self._budgets.reserve(
            call.caller.team_id, call.caller.project_id, dimensions_of(call), bound, lease_s
        )

    async def settle(self, actual: Amounts, *, estimated: bool) -> None:
        held, self._reservation = self._reservation, None
        if held is not None:
            await _surely(lambda: self._budgets.settle(held, actual, estimated=estimated))

    async def release(self) -> None:
        held, self._reservation = self._reservation, None
        if held is not None:
            await _surely(lambda: self._budgets.release(held))


async def _surely(settling: Callable[[], Awaitable[None]]) -> None:
    """Again and again for a while; what cannot be settled at all ends with its lease."""
    for attempt in range(SETTLE_ATTEMPTS):
        try:
            await settling()
            return
        except MnoError:
            await asyncio.sleep(0.1 * 2**attempt)
    _log.error("A reservation could not be settled; it ends with its lease.")
