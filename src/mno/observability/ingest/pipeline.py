"""The pipeline behind every way in: journal, acknowledge, insert.

Two threads. The journal thread makes whatever waits durable and acknowledges it; the store thread takes
whatever has been acknowledged since, decides what is new and what counts, and inserts one block. So an
answer costs one `fdatasync`, a block is as large as the load makes it, and one thread alone ever reads and
restates rows. The backlog between the two is bounded: when it is full, new deliveries are refused with a
`Retry-After`, and nothing that was accepted is dropped.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

from mno.observability.ingest.admission import Admission
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.spans.columns import block
from mno.observability.spans.model import Owner, Span
from mno.observability.spans.recount import Recount
from mno.observability.spans.restatement import Restatements
from mno.observability.spans.store import SpanStore, joined
from mno.observability.system.model import IngestSnapshot
from mno.platform.errors import LimitExceeded, TooLarge, Unavailable

#: Spans that may be acknowledged and not yet inserted.
BACKLOG_SPANS = 100_000
#: Bytes of the same.
BACKLOG_BYTES = 256 * 1024 * 1024
#: Spans in one block.
BLOCK_SPANS = 10_000
#: The store thread rests this long between blocks, so that blocks are not tiny.
REST_S = 0.015
#: Above this rate, in spans a second, it rests until a block is worth its cost, or this much longer: a block of
#: a thousand spans costs the engine twice as much a span, merges included, as one of five thousand.
BUSY_RATE = 8_000
BUSY_BLOCK_SPANS = 5_000
BUSY_REST_S = 0.25
RETRY_S = 1.0
#: Failures of one block before its deliveries are tried one by one.
PATIENCE = 3

Outcome = TypeVar("Outcome")

log = logging.getLogger(__name__)


class CommitListener(Protocol):
    """Hears of every group once it can be queried; called on the store thread, must not block."""

    def __call__(self, deliveries: Sequence[tuple[Owner, list[Span]]]) -> None: ...


@dataclass(slots=True)
class _Delivery:
    owner: Owner
    spans: list[Span]
    record: bytes
    loop: asyncio.AbstractEventLoop
    acknowledged: "asyncio.Future[None]"
    segment: int = 0
    size: int = 0


class Pipeline:
    """Takes decoded and priced spans to the store; `start` and `stop` are called once."""

    def __init__(
        self, journal: Journal, store: SpanStore, recount: Recount, meters: Meters, listener: CommitListener
    ) -> None:
        self._journal = journal
        self._store = store
        self._recount = recount
        self._restatements = Restatements(store)
        self._meters = meters
        self._listener = listener
        self._lock = threading.Condition()
        self._arrived: deque[_Delivery] = deque()
        self._durable: deque[_Delivery] = deque()
        self._errands: deque[Callable[[], None]] = deque()
        self._backlog_spans = 0
        self._backlog_bytes = 0
        self._stopping = False
        self._left_behind = False
        self._threads: list[threading.Thread] = []
        self._admission: Admission

    @property
    def backlog_spans(self) -> int:
        """Spans acknowledged and not yet stored."""
        return self._backlog_spans

    def snapshot(self) -> IngestSnapshot:
        """The ingest's figures for the System page; from any thread."""
        return self._meters.snapshot(queue_spans=self._backlog_spans, queue_limit=BACKLOG_SPANS)

    def start(self) -> int:
        """Brings back what an earlier run left in its journal, then begins; returns the spans brought back."""
        self._journal.open()
        recovered = self._recover()
        for target, name in ((self._run_journal, "ingest-journal"), (self._run_store, "ingest-store")):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return recovered

    def stop(self) -> None:
        """Inserts what waits and leaves an empty journal; what cannot be inserted stays in the journal."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(timeout=60)
        if self._backlog_spans == 0 and not self._left_behind:
            self._journal.forget_all()
        self._journal.close()

    async def accept(self, owner: Owner, spans: list[Span], record: bytes) -> None:
        """Returns when the spans are durable.

        Raises LimitExceeded while the backlog is full, TooLarge for a delivery that can never fit, and
        Unavailable while the program stops.
        """
        if not spans:
            return
        loop = asyncio.get_running_loop()
        delivery = _Delivery(owner, spans, record, loop, loop.create_future(), size=len(record))
        with self._lock:
            self._check_room(len(spans), len(record))
            self._backlog_spans += len(spans)
            self._backlog_bytes += len(record)
            self._arrived.append(delivery)
            self._lock.notify_all()
        await delivery.acknowledged

    async def run(self, errand: Callable[[], Outcome]) -> Outcome:
        """Runs `errand` on the store thread, between two blocks."""
        outcome: Future[Outcome] = Future()

        def work() -> None:
            try:
                outcome.set_result(errand())
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller, who awaits it
                outcome.set_exception(error)

        with self._lock:
            if self._stopping:
                raise Unavailable("The hub is stopping.")
            self._errands.append(work)
            self._lock.notify_all()
        return await asyncio.wrap_future(outcome)

    def _check_room(self, spans: int, size: int) -> None:
        if self._stopping:
            raise Unavailable("The hub is stopping; send the same again in a moment.", retry_after_s=5)
        if spans > BACKLOG_SPANS or size > BACKLOG_BYTES:
            raise TooLarge(f"One delivery may hold at most {BACKLOG_SPANS} spans.")
        if self._backlog_spans + spans > BACKLOG_SPANS or self._backlog_bytes + size > BACKLOG_BYTES:
            self._meters.refused()
            raise LimitExceeded(
                f"{self._backlog_spans} spans wait to be stored, the limit is {BACKLOG_SPANS}; send again later.",
                retry_after_s=1,
            )

    # --- the journal thread ---

    def _run_journal(self) -> None:
        while True:
            with self._lock:
                while not self._arrived and not self._stopping:
                    self._lock.wait()
                group = list(self._arrived)
                self._arrived.clear()
            if not group:
                return
            try:
                segment = self._journal.append([delivery.record for delivery in group])
            except OSError as error:
                log.exception("The journal cannot be written.")
                self._drop(group)
                _answer(group, Unavailable(f"The journal cannot be written ({error.strerror}); try again later."))
                continue
            for delivery in group:
                delivery.segment = segment
                delivery.record = b""
            with self._lock:
                self._durable.extend(group)
                self._lock.notify_all()
            _answer(group, None)

    def _drop(self, group: Sequence[_Delivery]) -> None:
        with self._lock:
            for delivery in group:
                self._backlog_spans -= len(delivery.spans)
                self._backlog_bytes -= delivery.size

    # --- the store thread ---

    def _run_store(self) -> None:
        began = time.monotonic()
        while True:
            group, errands, finished = self._next_work()
            now = time.monotonic()
            rate = sum(len(delivery.spans) for delivery in group) / (now - began)
            began = now
            for errand in errands:
                errand()
            if group:
                self._insert_stubbornly(group)
                self._drop(group)
                self._journal.forget(self._oldest_needed(group))
            if finished:
                return
            self._rest(rate)

    def _rest(self, rate: float) -> None:
        """Lets deliveries gather: a moment for freshness, longer for throughput when they come fast."""
        until = time.monotonic() + (BUSY_REST_S if rate > BUSY_RATE else REST_S)
        enough = BUSY_BLOCK_SPANS if rate > BUSY_RATE else BLOCK_SPANS
        with self._lock:
            while not self._stopping and not self._errands and self._backlog_spans < enough:
                remaining = until - time.monotonic()
                if remaining <= 0 or not self._lock.wait(remaining):
                    return

    def _next_work(self) -> tuple[list[_Delivery], list[Callable[[], None]], bool]:
        with self._lock:
            while not (self._durable or self._errands or self._nothing_follows()):
                self._lock.wait(timeout=0.1 if self._stopping else None)
            errands = list(self._errands)
            self._errands.clear()
            group: list[_Delivery] = []
            waiting = 0
            while self._durable and (not group or waiting + len(self._durable[0].spans) <= BLOCK_SPANS):
                delivery = self._durable.popleft()
                waiting += len(delivery.spans)
                group.append(delivery)
            return group, errands, not self._durable and self._nothing_follows()

    def _nothing_follows(self) -> bool:
        return self._stopping and not self._arrived and not self._threads[0].is_alive()

    def _oldest_needed(self, stored: Sequence[_Delivery]) -> int:
        """The first segment that holds a delivery which is not in the store."""
        with self._lock:
            return self._durable[0].segment if self._durable else stored[-1].segment

    def _insert_stubbornly(self, group: list[_Delivery]) -> None:
        """Tries until the group is stored; a delivery that can never be is set aside, loudly.

        While the program stops it gives up sooner, and the journal keeps the group for the next start.
        """
        deliveries = [(delivery.owner, delivery.spans) for delivery in group]
        failures = 0
        while True:
            try:
                if failures:
                    self._repair(deliveries)  # the rows may be there and a rollup not; see `_recover`
                self._insert(deliveries)
                return
            except Exception as error:  # nothing acknowledged may be lost, whatever is wrong
                failures += 1
                self._admission.forget(max(_end_us(span) for _, spans in deliveries for span in spans))
                if failures >= PATIENCE and not isinstance(error, Unavailable):
                    break
                log.exception("A block of spans was not stored; it will be tried again.")
                if self._stopping and failures >= PATIENCE:
                    self._left_behind = True
                    return
                time.sleep(RETRY_S)
        for delivery in deliveries:
            try:
                self._repair([delivery])
                self._insert([delivery])
            except Exception:
                self._admission.forget(max(_end_us(span) for span in delivery[1]))
                self._meters.set_aside(len(delivery[1]))
                log.exception("%d spans cannot be stored and were set aside", len(delivery[1]))
                self._journal.set_aside(*delivery)

    def _insert(self, deliveries: Sequence[tuple[Owner, list[Span]]]) -> int:
        started = time.perf_counter()
        admitted = self._admission.admit(deliveries)
        now_us = time.time_ns() // 1000
        blocks = [block(admitted.deliveries, now_us)] if admitted.deliveries else []
        for counted in (False, True):
            if keys := admitted.corrected(counted=counted):
                blocks.extend(self._restatements.recount(keys, counted=counted))
        if blocks:
            self._store.insert(joined(blocks))
        self._meters.committed(admitted.spans, admitted.duplicates, time.perf_counter() - started)
        if admitted.deliveries:
            self._listener(admitted.deliveries)
        return admitted.spans

    # --- the start after a crash ---

    def _recover(self) -> int:
        """Inserts what may not be in the store.

        The rollups come first: a block that was killed between its rows and its rollups would otherwise be taken
        for new, because admission finds a trace in the store through its rollup.
        """
        for touched in _grouped(self._journal.left_over()):
            self._repair(touched)
        self._admission = Admission(self._store.known_spans, self._store.horizon_us())
        recovered = sum(self._insert(group) for group in _grouped(self._journal.left_over()))
        self._journal.forget_all()
        return recovered

    def _repair(self, deliveries: Sequence[tuple[Owner, list[Span]]]) -> None:
        """Makes the rollups whole wherever these spans lie."""
        touched: dict[tuple[str, str], list[int]] = {}
        for owner, spans in deliveries:
            touched.setdefault((owner.team_id, owner.project_id), []).extend(span.start_ns // 1000 for span in spans)
        for (team_id, project_id), starts in touched.items():
            for first, last in _stretches(starts):
                self._recount.repair(team_id, project_id, first, last)


def _grouped(deliveries: Iterable[tuple[Owner, list[Span]]]) -> Iterator[list[tuple[Owner, list[Span]]]]:
    """Deliveries in their order, as many at a time as fit one block."""
    group: list[tuple[Owner, list[Span]]] = []
    size = 0
    for owner, spans in deliveries:
        if group and size + len(spans) > BLOCK_SPANS:
            yield group
            group, size = [], 0
        group.append((owner, spans))
        size += len(spans)
    if group:
        yield group


def _stretches(starts_us: Sequence[int], gap_us: int = 3_600_000_000) -> list[tuple[int, int]]:
    """Ranges that hold all of these moments, split where nothing lies for an hour."""
    ordered = sorted(starts_us)
    cuts = [index for index, (before, after) in enumerate(pairwise(ordered), 1) if after - before > gap_us]
    edges = [0, *cuts, len(ordered)]
    return [(ordered[first], ordered[last - 1]) for first, last in pairwise(edges)]


def _end_us(span: Span) -> int:
    return (span.start_ns + span.duration_ns) // 1000


def _answer(group: Sequence[_Delivery], error: Exception | None) -> None:
    """Resolves the futures of a group, one hop into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for delivery in group:
        by_loop.setdefault(delivery.loop, []).append(delivery.acknowledged)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, futures, error)
        except RuntimeError:
            log.warning("An event loop ended before its deliveries were acknowledged.")


def _resolve(futures: Sequence["asyncio.Future[None]"], error: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
