"""What one call holds of its budgets: an upper bound for one target at a time, settled or given back at the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from mno.llm_gateway.incoming import dimensions_of
from mno.llm_gateway.model import Amounts, Call, Usage
from mno.llm_gateway.passage import PIECE_TIMEOUT_S
from mno.llm_gateway.plan import Plan, Route
from mno.llm_gateway.ports import NOTHING_HELD, Budgets, Spans
from mno.llm_gateway.settlements import Settlements
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: How long a reservation outlives the longest wait of its call, in seconds.
LEASE_GRACE_S = 60.0
#: How often a settlement is tried.
SETTLE_ATTEMPTS = 8


class Reservation:
    """`move_to` before a target is asked, then `settle` or `release` once."""

    def __init__(self, budgets: Budgets, spans: Spans, call: Call, plan: Plan, settlements: Settlements) -> None:
        self._budgets = budgets
        self._spans = spans
        self._call = call
        self._plan = plan
        self._settlements = settlements
        self._held: UUID | None = None

    async def move_to(self, route: Route) -> None:
        """Reserves for the next target and lets the last one's go; a `LimitExceeded` leaves nothing held."""
        await self.release()
        call, provider = self._call, route.upstream.provider
        call.provider, call.model, call.request_model = provider.priced_as, route.model, route.model
        self._settlements.hand_on()
        held = await self._budgets.reserve(
            call.caller.team_id,
            call.caller.project_id,
            dimensions_of(call),
            self._bound(),
            lease_s(route),
            started_at=datetime.fromtimestamp(call.start_ns / 1e9, UTC),
        )
        self._held = None if held == NOTHING_HELD else held

    @property
    def is_held(self) -> bool:
        """Whether there is anything to settle or to release."""
        return self._held is not None

    async def settle(self, actual: Amounts, *, estimated: bool) -> None:
        held, self._held = self._held, None
        if held is not None:
            await _surely(lambda: self._budgets.settle(held, actual, estimated=estimated))

    async def release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await _surely(lambda: self._budgets.release(held))

    def _bound(self) -> Amounts:
        """The largest amounts that the call could take at the target for which it stands now."""
        asked = self._plan.asked
        if not asked.operation.metered:
            return Amounts(0, 0, 0)
        whole, output = asked.input_bound(), self._plan.output_bound()
        costs = [self._spans.cost_of(self._call, usage) for usage in dearest(asked.body, whole, output)]
        known = [cost for cost in costs if cost is not None]
        return Amounts(max(known) if len(known) == len(costs) else None, whole + output, 1)


def lease_s(route: Route) -> float:
    """Longer than a call to this target can be waited for."""
    provider = route.upstream.provider
    return provider.timeout_s * (1 + provider.retries) + PIECE_TIMEOUT_S + LEASE_GRACE_S


def dearest(body: bytes, whole: int, output: int) -> list[Usage]:
    """The input in each of the buckets that this request can fill, of which one is the dearest."""
    found = [Usage(input_tokens=whole, output_tokens=output)]
    if b"cache_control" in body:
        found.append(Usage(input_tokens=whole, cache_write_5m_tokens=whole, output_tokens=output))
        found.append(Usage(input_tokens=whole, cache_write_1h_tokens=whole, output_tokens=output))
    if b"audio" in body:
        found.append(Usage(whole, input_audio_tokens=whole, output_tokens=output, output_audio_tokens=output))
    return found


async def _surely(settling: Callable[[], Awaitable[None]]) -> None:
    """Again and again for a while; what cannot be settled at all ends with its lease."""
    for attempt in range(SETTLE_ATTEMPTS):
        try:
            await settling()
            return
        except MnoError:
            await asyncio.sleep(0.1 * (1 << attempt))
    _log.error("A reservation could not be settled; it ends with its lease.")
