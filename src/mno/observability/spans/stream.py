"""The live tail: spans on their way to open browsers (platform/live.py), at most one event a second each.

The store thread publishes what it has just committed. An event leaves once the usage rollups know of its spans, because
pages ask their figures again when they hear it. A subscriber keeps the newest spans of its second and counts the rest.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence

import orjson

from mno.observability.spans.filters import StreamFilter
from mno.observability.spans.model import Owner, Span
from mno.observability.spans.queries import Tenant
from mno.platform import money
from mno.platform.live import MAX_READERS, Audience, MayRead, Reader
from mno.platform.time_range import from_microseconds, shown

#: Spans in one event; the others of its second are counted as skipped.
MAX_SPANS_PER_EVENT = 200


class Subscription(Reader):
    """What one reader has not been sent yet."""

    def __init__(self, asked: StreamFilter) -> None:
        super().__init__()
        self.asked = asked
        self._newest: deque[Span] = deque(maxlen=MAX_SPANS_PER_EVENT)
        self._total = 0
        #: The same of spans that the figures do not know of yet.
        self._next: deque[Span] = deque(maxlen=MAX_SPANS_PER_EVENT)
        self._next_total = 0

    def offer(self, spans: Sequence[Span]) -> None:
        self._next.extend(spans[-MAX_SPANS_PER_EVENT:])
        self._next_total += len(spans)

    def stir(self) -> None:
        """Lets go what was offered."""
        if self._next_total == 0:
            return
        self._newest.extend(self._next)
        self._total += self._next_total
        self._next.clear()
        self._next_total = 0
        self.stirred.set()

    async def take(self) -> bytes:
        """Everything since the last event, as one `StreamedSpans` event; empty when there is nothing."""
        self.stirred.clear()
        if self._total == 0:
            return b""
        spans, total = list(self._newest), self._total
        self._newest.clear()
        self._total = 0
        event = {"items": [_streamed(span) for span in spans], "skipped": total - len(spans), "total": total}
        return b"event: spans\ndata: " + orjson.dumps(event) + b"\n\n"


class SpanFeed:
    """Publishes committed spans to subscribers of the same project."""

    def __init__(self, max_subscribers: int = MAX_READERS) -> None:
        self._audience: Audience[Tenant, Subscription] = Audience(max_subscribers)
        self.check_room = self._audience.check_room
        self.close = self._audience.close

    @property
    def subscribers(self) -> int:
        return len(self._audience)

    def committed(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> None:
        """Publishes a whole group."""
        for owner, spans in deliveries:
            self.publish(owner.team_id, owner.project_id, spans)

    def publish(self, team_id: str, project_id: str, spans: Sequence[Span]) -> None:
        """Hands over spans that can be queried now. From any thread; never blocks, never fails.

        They are sent after `settled`. The spans and their sequence must not be changed afterwards.
        """
        if not self._audience:
            return
        tenant = Tenant(team_id, project_id)
        if tenant in self._audience:
            self._audience.call(self._deliver, tenant, spans)

    def settled(self) -> None:
        """Every figure knows of the spans published so far. From any thread; never blocks, never fails."""
        if self._audience:
            self._audience.call(self._stir)

    def subscribe(self, tenant: Tenant, asked: StreamFilter, may_read: MayRead) -> AsyncIterator[bytes]:
        """Server-sent events for as long as `Audience.attend` says."""
        return self._audience.attend(tenant, Subscription(asked), may_read)

    def _stir(self) -> None:
        for subscription in self._audience.everyone():
            subscription.stir()

    def _deliver(self, tenant: Tenant, spans: Sequence[Span]) -> None:
        matching: dict[StreamFilter, Sequence[Span]] = {}
        for subscription in self._audience.of(tenant):
            asked = subscription.asked
            if asked not in matching:
                matching[asked] = spans if asked.asks_nothing() else [span for span in spans if asked.matches(span)]
            if matching[asked]:
                subscription.offer(matching[asked])


def _streamed(span: Span) -> dict[str, object]:
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "name": span.name,
        "start_time": shown(from_microseconds(span.start_ns // 1000)),
        "duration_ms": span.duration_ns / 1_000_000,
        "status": span.status,
        "operation": span.operation,
        "provider": span.provider,
        "model": span.model,
        "agent": span.agent,
        "user": span.user_id,
        "session": span.session_id,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        "cost": None if span.cost is None else money.shown(money.usd(span.cost)),
        "usage_kind": span.usage_kind.name.lower(),
        "counted": span.counted,
    }
