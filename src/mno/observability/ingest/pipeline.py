"""The pipeline behind every way in: journal, acknowledge, gather, insert.

Four threads. The journal thread makes whatever waits durable and acknowledges it; the gather thread decides what of it
is new and counts; the store thread inserts what has gathered as one block (writer.py) and lets the usage rollups follow
a little later (`_settle`); the sync thread lets the journal forget. So an answer costs one write to the disk, a span
can be found as soon as it has gathered, a block is as large as the load makes it, and one thread alone ever restates
rows. The backlog is bounded: when it is full, new deliveries are refused with a `Retry-After`, and nothing that was
accepted is dropped.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.model import stopping
from mno.observability.ingest.promise import Promise, break_all, keep_all
from mno.observability.ingest.writer import BLOCK_SPANS, BlockWriter
from mno.observability.spans.model import Owner, Span
from mno.observability.system.model import IngestSnapshot
from mno.platform.errors import LimitExceeded, TooLarge, Unavailable

#: Spans that may be acknowledged and not yet inserted.
BACKLOG_SPANS = 100_000
#: Bytes of the same.
BACKLOG_BYTES = 256 * 1024 * 1024
#: The store thread rests between blocks as long as the last one took, within these bounds: many tiny blocks would keep
#: the engine busy with their fixed cost.
LEAST_REST_S = 0.01
MOST_REST_S = 0.1
#: Above this rate, in spans a second, it rests for so long: an insert costs the engine the same however little it
#: holds, and whoever sends spans one by one (the LLM gateway) pays for each.
STEADY_RATE = 100
STEADY_REST_S = 0.2
#: Above this rate, in spans a second, it rests until a block is full or nothing has come for QUIET_S, and so long at
#: most: with merges a span in a block of ten thousand costs the engine two thirds of one in a block of five thousand.
BUSY_RATE = 8_000
BUSY_REST_S = 0.5

#: The usage rollups follow a block after this long, in seconds, or as soon as nothing has come for QUIET_S. Above
#: BUSY_RATE it is longer: three rollups take the engine 50 ms for 10,000 spans, and 80 for four times as many.
SETTLE_S = 0.5
BUSY_SETTLE_S = 2.0
QUIET_S = 0.1
#: When they could not, they are tried again this much later.
SETTLE_AGAIN_S = 1.0

#: Between two syncs of the store to the disk, in seconds; each lets the journal forget.
SYNC_S = 2.0

Outcome = TypeVar("Outcome")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Delivery:
    owner: Owner
    spans: list[Span]
    record: bytes
    acknowledged: Promise[Any]
    segment: int = 0
    size: int = 0


class Pipeline:
    """Takes decoded and priced spans to the store; `start` and `stop` are called once."""

    def __init__(self, journal: Journal, writer: BlockWriter, meters: Meters) -> None:
        self._journal = journal
        self._writer = writer
        self._meters = meters
        self._lock = threading.Lock()
        #: Each thread hears only of what it waits for: one that is woken in vain takes the interpreter from the others.
        self._to_journal = threading.Condition(self._lock)
        self._to_gather = threading.Condition(self._lock)
        self._to_store = threading.Condition(self._lock)
        self._to_sync = threading.Condition(self._lock)
        self._arrived: deque[_Delivery] = deque()
        #: Acknowledged and not in the store yet, of which the first `_gathered` have been given to the writer.
        self._durable: deque[_Delivery] = deque()
        self._gathered = 0
        self._errands: deque[Callable[[], None]] = deque()
        self._backlog_spans = 0
        self._backlog_bytes = 0
        #: The backlog that ends the store thread's rest; 0 when it does not rest.
        self._enough = 0
        self._stopping = False
        self._left_behind = False
        #: All deliveries of the segments before this one are in `spans`; the rollups know of those before the second.
        self._written_before = 0
        self._stored_before = 0
        #: When the rollups are due, by the monotonic clock: at the latest (None: they know all), and if nothing comes.
        self._settle_at: float | None = None
        self._quiet_at = 0.0
        self._threads: list[threading.Thread] = []
        #: Names of those that have ended.
        self._ended: set[str] = set()

    @property
    def backlog_spans(self) -> int:
        """Spans acknowledged and not yet stored."""
        return self._backlog_spans

    @property
    def settled(self) -> bool:
        """Whether the usage rollups know of every span that was taken out of the backlog."""
        return self._settle_at is None

    def snapshot(self) -> IngestSnapshot:
        """The ingest's figures for the System page; from any thread."""
        return self._meters.snapshot(queue_spans=self._backlog_spans, queue_limit=BACKLOG_SPANS)

    def start(self) -> int:
        """Brings back what an earlier run left in its journal, then begins; returns the spans brought back."""
        self._journal.open()
        recovered = self._writer.recover()
        for target, name in (
            (self._run_journal, "ingest-journal"),
            (self._run_gather, "ingest-gather"),
            (self._run_store, "ingest-store"),
            (self._run_sync, "ingest-sync"),
        ):
            thread = threading.Thread(target=self._run, args=(target, name), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return recovered

    def stop(self) -> None:
        """Inserts what waits and leaves an empty journal; what cannot be inserted stays in the journal."""
        with self._lock:
            self._stopping = True
            self._wake_all()
        for thread in self._threads:
            thread.join(timeout=60)
        if self._backlog_spans == 0 and not self._left_behind:
            self._writer.sync()
            self._journal.forget_all()
        self._journal.close()

    async def accept(self, owner: Owner, spans: list[Span], record: bytes) -> None:
        """Returns when the spans are durable.

        Raises LimitExceeded while the backlog is full, TooLarge for a delivery that can never fit, and
        Unavailable while the program stops.
        """
        if spans:
            durable: Promise[None] = Promise(None)
            self.enter(owner, spans, record, durable)
            await durable.kept

    def enter(self, owner: Owner, spans: list[Span], record: bytes, durable: Promise[Any]) -> None:
        """Takes over spans, at least one, and keeps the promise when they are durable; from any thread.

        Raises as `accept` does, and then leaves the promise alone.
        """
        delivery = _Delivery(owner, spans, record, durable, size=len(record))
        with self._lock:
            self._check_room(len(spans), len(record))
            self._backlog_spans += len(spans)
            self._backlog_bytes += len(record)
            self._arrived.append(delivery)
            self._to_journal.notify()

    async def run(self, errand: Callable[[], Outcome]) -> Outcome:
        """Runs `errand` on the store thread, between two blocks."""
        outcome: Future[Outcome] = Future()

        def work() -> None:
            if not outcome.set_running_or_notify_cancel():
                return  # whoever wanted it has left
            try:
                outcome.set_result(errand())
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller, who awaits it
                outcome.set_exception(error)

        with self._lock:
            if self._stopping:
                raise Unavailable("The hub is stopping.")
            self._errands.append(work)
            self._to_store.notify()
        return await asyncio.wrap_future(outcome)

    def _check_room(self, spans: int, size: int) -> None:
        if self._stopping:
            raise stopping()
        if spans > BACKLOG_SPANS or size > BACKLOG_BYTES:
            raise TooLarge(f"One delivery may hold at most {BACKLOG_SPANS} spans.")
        if self._backlog_spans + spans > BACKLOG_SPANS or self._backlog_bytes + size > BACKLOG_BYTES:
            self._meters.refused()
            raise LimitExceeded(
                f"{self._backlog_spans} spans wait to be stored, the limit is {BACKLOG_SPANS}; send again later.",
                retry_after_s=1,
            )

    def _run(self, target: Callable[[], None], name: str) -> None:
        """Says to the thread behind that nothing more comes from this one."""
        try:
            target()
        finally:
            with self._lock:
                self._ended.add(name)
                self._wake_all()

    def _wake_all(self) -> None:
        for thread in (self._to_journal, self._to_gather, self._to_store, self._to_sync):
            thread.notify()

    # --- the journal thread ---

    def _run_journal(self) -> None:
        while True:
            with self._lock:
                while not self._arrived and not self._stopping:
                    self._to_journal.wait()
                group = list(self._arrived)
                self._arrived.clear()
            if not group:
                return
            try:
                segment = self._journal.append([delivery.record for delivery in group])
            except OSError as error:
                log.exception("The journal cannot be written.")
                self._drop(group)
                refusal = Unavailable(f"The journal cannot be written ({error.strerror}); try again later.")
                break_all([delivery.acknowledged for delivery in group], refusal)
                continue
            for delivery in group:
                delivery.segment = segment
                delivery.record = b""
            with self._lock:
                self._durable.extend(group)
                self._to_gather.notify()
                if self._writer.awaited:  # the gather thread waits for the store itself
                    self._to_store.notify()
            keep_all([delivery.acknowledged for delivery in group])

    def _drop(self, group: Sequence[_Delivery]) -> None:
        with self._lock:
            for delivery in group:
                self._backlog_spans -= len(delivery.spans)
                self._backlog_bytes -= delivery.size

    # --- the gather thread ---

    def _run_gather(self) -> None:
        while True:
            with self._lock:
                while not (self._can_gather() or self._all_is_durable()):
                    self._to_gather.wait()
                if not self._can_gather():
                    return
                group = self._next_to_gather()
            self._writer.gather([(delivery.owner, delivery.spans) for delivery in group])
            with self._lock:
                self._gathered += len(group)
                if self._backlog_spans >= self._enough:
                    self._to_store.notify()

    def _can_gather(self) -> bool:
        return len(self._durable) > self._gathered and self._writer.gathered_spans < BLOCK_SPANS

    def _all_is_durable(self) -> bool:
        return "ingest-journal" in self._ended and len(self._durable) == self._gathered

    def _next_to_gather(self) -> list[_Delivery]:
        room = BLOCK_SPANS - self._writer.gathered_spans
        group: list[_Delivery] = []
        for delivery in islice(self._durable, self._gathered, None):
            room -= len(delivery.spans)
            if group and room < 0:
                break
            group.append(delivery)
        return group

    # --- the store thread ---

    def _run_store(self) -> None:
        began = time.monotonic()
        while True:
            errands, finished = self._next_work()
            now = time.monotonic()
            for errand in errands:
                errand()
            spans = self._writer.gathered_spans
            rate = spans / (now - began)
            began = now
            if spans:
                self._store(busy=rate > BUSY_RATE)
            took_s = time.monotonic() - now
            self._settle(finished=finished)
            if finished:
                return
            self._rest(rate, took_s)

    def _store(self, *, busy: bool) -> None:
        count, forgettable = self._writer.write(lambda: self._stopping)
        self._left_behind = self._left_behind or not forgettable
        with self._lock:
            group = [self._durable.popleft() for _ in range(count)]
            self._gathered -= count
            if not self._left_behind:
                self._written_before = self._durable[0].segment if self._durable else group[-1].segment
            now = time.monotonic()
            self._quiet_at = now + QUIET_S
            if self._settle_at is None:
                self._settle_at = now + (BUSY_SETTLE_S if busy else SETTLE_S)
            self._to_gather.notify()
        self._drop(group)
        while group:  # to free ten thousand spans in one go would keep the interpreter for some milliseconds
            group.pop()

    def _settle(self, *, finished: bool) -> None:
        """Lets the rollups follow when they are due, and then the journal forget."""
        if self._settle_at is None and not self._writer.settled:  # an errand left something behind
            self._settle_at = time.monotonic()
        if self._settle_at is None or not (finished or self._settle_is_due()):
            return
        settled = self._writer.settle()
        self._left_behind = self._left_behind or (finished and not settled)
        with self._lock:
            self._settle_at = None if settled else time.monotonic() + SETTLE_AGAIN_S
            self._quiet_at = self._settle_at or 0.0
            if settled and not self._left_behind:
                self._stored_before = self._written_before
                self._to_sync.notify()

    def _settle_is_due(self) -> bool:
        return self._settle_at is not None and time.monotonic() >= min(self._settle_at, self._quiet_at)

    def _patience_s(self) -> float | None:
        """How long the store thread may wait for work."""
        if self._settle_at is None:
            return None
        return max(min(self._settle_at, self._quiet_at) - time.monotonic(), 0)

    def _rest(self, rate: float, took_s: float) -> None:
        """Lets deliveries gather: a moment for freshness, longer for throughput as long as they come fast."""
        rest_s = STEADY_REST_S if rate > STEADY_RATE else min(max(took_s, LEAST_REST_S), MOST_REST_S)
        until = time.monotonic() + (BUSY_REST_S if rate > BUSY_RATE else rest_s)
        with self._lock:
            self._enough = BLOCK_SPANS
            while not self._is_disturbed() and (remaining := until - time.monotonic()) > 0:
                before = self._backlog_spans
                self._to_store.wait(min(remaining, QUIET_S))
                if rate > BUSY_RATE and self._backlog_spans == before:
                    break
            self._enough = 0

    def _is_disturbed(self) -> bool:
        """Whether the store thread has something better to do than to rest."""
        enough = self._backlog_spans >= self._enough
        return self._stopping or bool(self._errands) or self._writer.awaited or enough

    def _next_work(self) -> tuple[list[Callable[[], None]], bool]:
        """Errands, as soon as there are any or something has gathered or is due; and whether this is the end."""
        with self._lock:
            while not (
                self._writer.gathered_spans or self._errands or self._settle_is_due() or self._all_is_gathered()
            ):
                self._to_store.wait(self._patience_s())
            errands = list(self._errands)
            self._errands.clear()
            return errands, self._all_is_gathered()

    def _all_is_gathered(self) -> bool:
        return "ingest-gather" in self._ended

    # --- the sync thread ---

    def _run_sync(self) -> None:
        """Forgets segments of the journal once what they hold is on the disk elsewhere."""
        forgotten = 0
        while True:
            with self._lock:
                while self._stored_before <= forgotten and not self._stopping:
                    self._to_sync.wait()
                if self._stopping:
                    return
                before = self._stored_before
            self._writer.sync()
            self._journal.forget(before)
            forgotten = before
            with self._lock:
                self._to_sync.wait_for(lambda: self._stopping, SYNC_S)
