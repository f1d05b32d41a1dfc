"""A call from the door to the books: planned, limited, reserved, passed on, settled, written down.

Whatever happens on the way, one span is recorded and the reservation is settled or released: both stand in a
`finally` that needs nothing of the client, and settling goes on by itself.
"""

import contextlib
import random
import time
from collections.abc import AsyncIterator
from uuid import UUID

from mno.llm_gateway.cache import Cache, Remembered, key_of
from mno.llm_gateway.headers import check_path
from mno.llm_gateway.incoming import Incoming, caller_of
from mno.llm_gateway.model import Amounts, Call, Caller, Usage
from mno.llm_gateway.outcome import conclude, expected_input
from mno.llm_gateway.pace.limits import Ticket
from mno.llm_gateway.passage import Client, Passage, Request
from mno.llm_gateway.plan import Plan, planned, upstream_of
from mno.llm_gateway.ports import Budgets, Paces, RulesOf, Spans
from mno.llm_gateway.providers.asked import Dialect
from mno.llm_gateway.reservation import Reservation, lease_s
from mno.llm_gateway.settlements import Settlements
from mno.llm_gateway.setup.service import Setups
from mno.platform import clock
from mno.platform.breaker import Breakers
from mno.platform.errors import MnoError
from mno.platform.ids import new_span_id
from mno.platform.principal import Principal
from mno.platform.upstream.pool import Guard, Pool


class Calls:
    """Everything that calls share; `running` waits at the end until all are settled."""

    def __init__(
        self, setups: Setups, guard: Guard, spans: Spans, budgets: Budgets, paces: Paces, rules_of: RulesOf
    ) -> None:
        self._setups = setups
        self._rules_of = rules_of
        self._spans = spans
        self._budgets = budgets
        self._pool = Pool(guard)
        self.breakers = Breakers(time.monotonic)
        self._paces = paces
        self._cache = Cache(time.monotonic)
        self._settlements = Settlements()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._pool.close()
            await self._settlements.ended()
            await self._paces.close()

    async def dialect_of(self, team_id: UUID, provider: str) -> Dialect | None:
        """How the client of this provider reads errors; None where there is no such provider."""
        upstream = (await self._setups.of(team_id)).upstreams.get(provider)
        return upstream.dialect if upstream else None

    async def run(self, principal: Principal, incoming: Incoming, client: Client) -> None:
        """Answers the client, or raises one of our errors before anything was sent."""
        self._spans.check_room()
        setup = await self._setups.of(principal.team_id)
        rules, policy = self._rules_of(principal.team_id, principal.project_id), setup.policies.get(principal.id)
        upstream = upstream_of(setup, incoming.provider, principal.project_id, policy, rules)
        asked = upstream.dialect.asked(incoming.method, check_path(incoming.path), incoming.body)
        caller = caller_of(principal, incoming, asked)
        chance = random.random()  # noqa: S311 - a share, no secret
        plan = planned(setup, upstream, asked, caller, principal.id, incoming.method, chance, rules)
        call = _begun(caller, plan, incoming)
        expected = expected_input(incoming.body) if asked.operation.metered else 0
        ticket = await self._paces.admit(plan.policy, principal.name, expected, lease_s(plan.routes[0]))
        try:
            await self._pass(call, plan, incoming, client, ticket)
        finally:
            ticket.end()

    async def _pass(self, call: Call, plan: Plan, incoming: Incoming, client: Client, ticket: Ticket) -> None:
        if await self._from_cache(call, plan, incoming, client):
            ticket.used(0)
            return
        held = Reservation(self._budgets, self._spans, call, plan, self._settlements)
        request = Request(incoming.method, incoming.query, incoming.headers)
        passage = Passage(plan, request, client, self._pool, self.breakers, held.move_to)
        try:
            await passage.go()
        except MnoError as error:
            passage.reading.trouble = passage.reading.trouble or str(error)
            raise
        finally:
            self._finish(call, plan, passage, held, ticket, incoming)

    async def _from_cache(self, call: Call, plan: Plan, incoming: Incoming, client: Client) -> bool:
        provider = plan.routes[0].upstream.provider
        if not provider.cache_s or not plan.asked.is_deterministic():
            return False
        found = self._cache.get(_cache_key(call, plan, incoming))
        if found is None:
            return False
        call.cached, call.usage = True, found.usage
        call.model = found.model
        call.finish_reason = found.finish_reason
        call.attributes["mno.gateway.cache"] = "hit"
        call.duration_ns = clock.now_ns() - call.start_ns
        self._spans.record(call)
        await client.start(200, [*found.headers, (b"x-mno-cache", b"hit")])
        await client.send(found.body, more=False)
        return True

    # — after —

    def _finish(
        self, call: Call, plan: Plan, passage: Passage, held: Reservation, ticket: Ticket, incoming: Incoming
    ) -> None:
        estimated = conclude(call, plan, passage)
        used = (call.usage.input_tokens + call.usage.output_tokens) if call.usage else 0
        ticket.used(used)
        self._spans.record(call)
        if held.is_held:
            self._settlements.add(self._settle(call, passage, held, used, estimated))
        self._remember(call, plan, passage, incoming)

    async def _settle(self, call: Call, passage: Passage, held: Reservation, used: int, estimated: bool) -> None:
        if call.usage is not None or (passage.is_complete and passage.status < 400):
            cost = self._spans.cost_of(call, call.usage or Usage())
            await held.settle(Amounts(cost, used, int(call.metered)), estimated=estimated)
        else:
            await held.release()

    def _remember(self, call: Call, plan: Plan, passage: Passage, incoming: Incoming) -> None:
        cache_s = passage.route.upstream.provider.cache_s
        if not cache_s or passage.whole is None or passage.status != 200 or not passage.is_complete:
            return
        if passage.route is not plan.routes[0] or not plan.asked.is_deterministic():
            return
        reading, (body, headers) = passage.reading, passage.whole
        kept = [(name, value) for name, value in headers if name in (b"content-type", b"content-encoding")]
        kept.append((b"content-length", b"%d" % len(body)))
        answer = Remembered(
            body, kept, call.model, reading.response_id, reading.finish_reason, reading.usage, until=0.0
        )
        self._cache.put(_cache_key(call, plan, incoming), answer, cache_s)


def _begun(caller: Caller, plan: Plan, incoming: Incoming) -> Call:
    route = plan.routes[0]
    return Call(
        caller=caller,
        trace_id=incoming.trace_id,
        span_id=new_span_id(),
        parent_span_id=incoming.parent_span_id,
        start_ns=clock.now_ns(),
        operation=plan.asked.operation.name,
        metered=plan.asked.operation.metered,
        provider=route.upstream.provider.priced_as,
        request_model=route.model,
        model=route.model,
        attributes={"mno.gateway.path": plan.asked.path},
    )


def _cache_key(call: Call, plan: Plan, incoming: Incoming) -> bytes:
    """Of what the provider is asked, so that another bound or another model is another question."""
    route = plan.routes[0]
    path, body = plan.dialect.rewritten(plan.asked, route.model, plan.output_tokens)
    return key_of(call.caller.project_id, route.upstream.provider.id, path, incoming.query, body)
