"""The live tail: spans on their way to open browsers, at most one event a second each.

The store thread publishes what it has just committed and never waits: without subscribers that is one
look-up, with them one hop into the event loop. An event leaves once the usage rollups know of its spans, because
pages ask their figures again when they hear it. A subscriber keeps the newest spans of its second and counts
the rest, so a slow reader costs no more than a fast one. Before every event it is asked whether the reader may
still read: a key can be revoked and a session ended while a stream is open.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import orjson

from mno.observability.spans.filters import StreamFilter
from mno.observability.spans.model import Owner, Span
from mno.observability.spans.queries import Tenant
from mno.platform import money
from mno.platform.errors import LimitExceeded
from mno.platform.time_range import from_microseconds, shown

#: Open streams of one process.
MAX_SUBSCRIBERS = 100
#: Spans in one event; the others of its second are counted as skipped.
MAX_SPANS_PER_EVENT = 200
#: Spans of this long travel in one event.
EVENT_INTERVAL_S = 1.0
#: A silent stream says so this often that it is alive.
PING_INTERVAL_S = 15.0
#: A stream ends after this long and the browser opens it again, so that no connection lasts for ever.
MAX_STREAM_S = 900.0
_RECONNECT_AFTER_MS = 1000

_OPENING = b"retry: %d\n: spans follow\n\n" % _RECONNECT_AFTER_MS
_PING = b"event: ping\ndata: {}\n\n"

#: Whether the reader may still be told anything; asked before every event and ping.
MayRead = Callable[[], Awaitable[bool]]


class Subscription:
    """What one reader has not been sent yet; lives in the event loop."""

    def __init__(self, asked: StreamFilter) -> None:
        self.asked = asked
        self.closed = asyncio.Event()
        self.stirred = asyncio.Event()
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

    def close(self) -> None:
        self.closed.set()
        self.stirred.set()

    def take(self) -> bytes:
        """Everything since the last event, as one `StreamedSpans` event; empty when there is nothing."""
        if self._total == 0:
            return b""
        spans, total = list(self._newest), self._total
        self._newest.clear()
        self._total = 0
        self.stirred.clear()
        event = {"items": [_streamed(span) for span in spans], "skipped": total - len(spans), "total": total}
        return b"event: spans\ndata: " + orjson.dumps(event) + b"\n\n"


class SpanFeed:
    """Publishes committed spans to subscribers of the same project."""

    def __init__(self, max_subscribers: int = MAX_SUBSCRIBERS) -> None:
        self._max_subscribers = max_subscribers
        self._subscriptions: dict[Tenant, list[Subscription]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def subscribers(self) -> int:
        return sum(map(len, self._subscriptions.values()))

    def committed(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> None:
        """Publishes a whole group."""
        for owner, spans in deliveries:
            self.publish(owner.team_id, owner.project_id, spans)

    def publish(self, team_id: str, project_id: str, spans: Sequence[Span]) -> None:
        """Hands over spans that can be queried now. From any thread; never blocks, never fails.

        They are sent after `settled`. The spans and their sequence must not be changed afterwards.
        """
        if not self._subscriptions:
            return
        tenant = Tenant(team_id, project_id)
        if tenant not in self._subscriptions:
            return
        self._call(self._deliver, tenant, spans)

    def settled(self) -> None:
        """Every figure knows of the spans published so far. From any thread; never blocks, never fails."""
        if self._subscriptions:
            self._call(self._stir)

    def check_room(self) -> None:
        """`LimitExceeded` when no further stream may be opened."""
        if self.subscribers >= self._max_subscribers:
            raise LimitExceeded(
                f"{self._max_subscribers} live streams are open, which is the limit. Close one and try again.",
                retry_after_s=5,
            )

    async def subscribe(self, tenant: Tenant, asked: StreamFilter, may_read: MayRead) -> AsyncIterator[bytes]:
        """Server-sent events until the reader leaves or may not read, `close` is called or MAX_STREAM_S have passed.

        `LimitExceeded` at the first step when there are too many readers.
        """
        self.check_room()
        self._loop = asyncio.get_running_loop()
        subscription = Subscription(asked)
        self._subscriptions.setdefault(tenant, []).append(subscription)
        try:
            if not self._closed:
                async for event in _events(subscription, may_read):
                    yield event
        finally:
            self._forget(tenant, subscription)

    def close(self) -> None:
        """Ends every stream; from the event loop, before the server waits for its connections to end."""
        self._closed = True
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()

    def _call(self, work: Callable[..., None], *given: object) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(work, *given)
        except RuntimeError:  # the loop has ended, and so has every reader
            return

    def _stir(self) -> None:
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.stir()

    def _deliver(self, tenant: Tenant, spans: Sequence[Span]) -> None:
        matching: dict[StreamFilter, Sequence[Span]] = {}
        for subscription in self._subscriptions.get(tenant, ()):
            asked = subscription.asked
            if asked not in matching:
                matching[asked] = spans if asked.asks_nothing() else [span for span in spans if asked.matches(span)]
            if matching[asked]:
                subscription.offer(matching[asked])

    def _forget(self, tenant: Tenant, subscription: Subscription) -> None:
        remaining = [other for other in self._subscriptions[tenant] if other is not subscription]
        if remaining:
            self._subscriptions[tenant] = remaining
        else:
            del self._subscriptions[tenant]


async def _events(subscription: Subscription, may_read: MayRead) -> AsyncIterator[bytes]:
    yield _OPENING
    ends_at = time.monotonic() + MAX_STREAM_S
    while not subscription.closed.is_set() and time.monotonic() < ends_at:
        stirred = await _set_within(subscription.stirred, PING_INTERVAL_S)
        if not await may_read():
            return
        if not stirred:
            yield _PING
            continue
        if event := subscription.take():
            yield event
            await _set_within(subscription.closed, EVENT_INTERVAL_S)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


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
