"""Calls that the hub itself made for its callers: each is one span, priced, and durable a moment later.

Whoever reports a call waits for nothing and computes nothing. Calls gather for a moment; then they become spans and go
on together, because a delivery costs the same for one span as for a hundred. While the pipeline is full they wait here;
when too many wait, `check_room` says so before another call is begun, so nothing that was made is ever dropped.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

import orjson

from mno.observability.costs.pricing import Tokens
from mno.observability.ingest import redacting
from mno.observability.ingest.journal import record
from mno.observability.ingest.normalise import cleaned_tags
from mno.observability.ingest.providers import normalised
from mno.observability.ingest.service import Pricer, RulesOf
from mno.observability.ingest.tellings import GATEWAY
from mno.observability.spans.model import Owner, Span, UsageKind
from mno.platform.errors import LimitExceeded, MnoError
from mno.platform.money import shown, usd

#: Calls that may wait for the journal in memory.
MAX_WAITING_CALLS = 20_000
#: How long calls gather, in seconds.
GATHER_S = 0.02
#: Calls that become spans at once; others are answered before the next.
MAX_GATHERED_CALLS = 500
#: How long the journal is left alone when it takes nothing, in seconds.
RETRY_S = 0.25

log = logging.getLogger(__name__)


class Caller(Protocol):
    """Who made a call."""

    @property
    def team_id(self) -> UUID: ...
    @property
    def project_id(self) -> UUID: ...
    @property
    def key(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def tags(self) -> Sequence[str]: ...


class HubCall(Protocol):
    """One call that is over. Times in nanoseconds."""

    @property
    def caller(self) -> Caller: ...
    @property
    def trace_id(self) -> bytes: ...
    @property
    def span_id(self) -> bytes: ...
    @property
    def parent_span_id(self) -> bytes: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def duration_ns(self) -> int: ...
    @property
    def time_to_first_token_ns(self) -> int: ...
    @property
    def operation(self) -> str: ...
    @property
    def tool(self) -> str: ...
    @property
    def metered(self) -> bool: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def request_model(self) -> str: ...
    @property
    def failed(self) -> bool: ...
    @property
    def status_message(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...
    @property
    def service_tier(self) -> str: ...
    @property
    def response_id(self) -> str: ...
    @property
    def usage(self) -> Tokens | None: ...
    @property
    def cached(self) -> bool: ...
    @property
    def attributes(self) -> dict[str, Any]: ...


class CallPricer(Pricer, Protocol):
    """One project's prices."""

    def cost(
        self, provider: str, model: str, request_model: str, service_tier: str, at_ns: int, tokens: Tokens
    ) -> int | None:
        """In nano-dollars; None where nobody knows the price."""
        ...


class CallPricers(Protocol):
    """Every project has prices of its own."""

    def book(self, team_id: UUID, project_id: UUID) -> CallPricer: ...


class Deliveries(Protocol):
    """The pipeline, as far as it is needed here."""

    async def accept(self, owner: Owner, spans: list[Span], record: bytes) -> None:
        """Returns when the spans are durable; `LimitExceeded` or `Unavailable` while they cannot be."""
        ...


class HubCalls:
    """Where the gateways write their calls down, and asks what they cost."""

    def __init__(self, pipeline: Deliveries, pricers: CallPricers, rules_of: RulesOf) -> None:
        self._pipeline = pipeline
        self._pricers = pricers
        self._rules_of = rules_of
        #: Calls that are no spans yet, and spans that the journal has not taken.
        self._recorded: list[HubCall] = []
        self._waiting: dict[Owner, list[Span]] = {}
        #: Of both.
        self._count = 0
        self._arrived = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hands on what gathers; at the end everything that it has."""
        task = asyncio.create_task(self._run(), name="hub-calls")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            while self._recorded or self._waiting:
                waiting = self._count
                await self._hand_on()
                if self._count == waiting:  # the journal takes nothing any more
                    break

    def check_room(self) -> None:
        """`LimitExceeded` while so many calls wait that another might be lost."""
        if self._count >= MAX_WAITING_CALLS:
            raise LimitExceeded(
                f"{self._count} calls wait to be written down, the limit is {MAX_WAITING_CALLS}; try again later.",
                retry_after_s=1,
            )

    def record(self, call: HubCall) -> None:
        """Takes a call that is over and does not change any more. Never waits, never fails."""
        self._recorded.append(call)
        self._count += 1
        self._arrived.set()

    def cost_of(self, call: HubCall, usage: Tokens) -> int | None:
        """What these tokens cost for that call, in nano-dollars; None where nobody knows the price."""
        if not call.metered or (call.failed and not (usage.input_tokens or usage.output_tokens)):
            return 0
        book = self._pricers.book(call.caller.team_id, call.caller.project_id)
        provider = normalised(call.provider)
        return book.cost(provider, call.model, call.request_model, call.service_tier, call.start_ns, usage)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            self._arrived.clear()
            await self._hand_on()

    def _gather(self) -> None:
        """Makes spans of what was recorded, by their keys."""
        calls, self._recorded = self._recorded[:MAX_GATHERED_CALLS], self._recorded[MAX_GATHERED_CALLS:]
        if self._recorded:
            self._arrived.set()
        by_key: dict[str, list[HubCall]] = {}
        for call in calls:
            by_key.setdefault(call.caller.key, []).append(call)
        for key, made in by_key.items():
            caller = made[0].caller
            owner = Owner(str(caller.team_id), str(caller.project_id), GATEWAY, key)
            self._waiting.setdefault(owner, []).extend(self._spans_of(caller, made))

    def _spans_of(self, caller: Caller, calls: Iterable[HubCall]) -> list[Span]:
        book = self._pricers.book(caller.team_id, caller.project_id)
        spans = []
        for call in calls:
            span = span_of(call)
            book.price(span)
            if call.cached and call.usage is not None and (saved := self.cost_of(call, call.usage)) is not None:
                call.attributes["mno.gateway.saved_usd"] = shown(usd(saved))
            span.attributes = orjson.dumps({**_told(call), **call.attributes}).decode()
            spans.append(span)
        rules = self._rules_of(caller.team_id, caller.project_id)
        content = "\n".join([f"{span.attributes} {span.status_message}" for span in spans])
        if by := redacting.wanted(rules, content.encode(), escaped=True):
            redacting.redact(spans, by)
        return spans

    async def _hand_on(self) -> None:
        self._gather()
        for owner in list(self._waiting):
            spans = self._waiting[owner]
            # more may come while these are on their way
            self._waiting[owner] = []
            try:
                await self._pipeline.accept(owner, spans, record(owner, spans))
            except MnoError as error:
                log.warning("Calls wait to be written down: %s", error)
                self._waiting[owner] = spans + self._waiting[owner]
                self._arrived.set()
                await asyncio.sleep(RETRY_S)
            except BaseException:
                self._waiting[owner] = spans + self._waiting[owner]
                raise
            else:
                self._count -= len(spans)
                if not self._waiting[owner]:
                    del self._waiting[owner]


def span_of(call: HubCall) -> Span:
    """The call as a span without its attributes."""
    caller, tokens = call.caller, call.usage
    counts = call.metered and not call.cached
    span = Span(
        trace_id=call.trace_id,
        span_id=call.span_id,
        start_ns=call.start_ns,
        duration_ns=call.duration_ns,
        name=f"{call.operation or 'request'} {call.tool or call.model}".strip(),
        parent_span_id=call.parent_span_id,
        kind="client",
        status="error" if call.failed else "ok",
        status_message=call.status_message,
        scope="mno.gateway",
        convention="gateway",
        operation=call.operation,
        provider=normalised(call.provider),
        model=call.model,
        request_model=call.request_model,
        agent=caller.agent,
        tool=call.tool,
        user_id=caller.user,
        session_id=caller.session,
        environment=caller.environment,
        finish_reason=call.finish_reason,
        service_tier=call.service_tier,
        tags=cleaned_tags(list(caller.tags)) if caller.tags else (),
        usage_kind=UsageKind.CALL if counts else UsageKind.NONE,
        metered=counts and tokens is not None,
        time_to_first_token_ns=call.time_to_first_token_ns,
        response_id=call.response_id if counts else "",
    )
    if counts and tokens is not None:
        span.input_tokens, span.output_tokens = tokens.input_tokens, tokens.output_tokens
        span.cache_read_tokens = tokens.cache_read_tokens
        span.cache_write_5m_tokens = tokens.cache_write_5m_tokens
        span.cache_write_1h_tokens = tokens.cache_write_1h_tokens
        span.input_audio_tokens, span.output_audio_tokens = tokens.input_audio_tokens, tokens.output_audio_tokens
        span.reasoning_tokens = tokens.reasoning_tokens
    return span


def _told(call: HubCall) -> dict[str, Any]:
    """OpenTelemetry's names for it."""
    told = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.request_model,
        "gen_ai.response.model": call.model,
        "gen_ai.response.id": call.response_id,
    }
    return {name: value for name, value in told.items() if value}
