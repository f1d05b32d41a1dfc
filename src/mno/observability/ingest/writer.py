"""The block writer: deliveries gather to a group, and a group becomes one block in the span store, whatever happens.

Gathering decides what is new and what counts (admission); from then on a span can be found (spans/fresh.py). Writing
adds the restatements that follow from it and inserts everything at once; the usage rollups learn of several blocks
together (`settle`). It also makes good what a crash left behind.

Two threads: one alone gathers, the other alone does the rest, so that a group grows while the one before is inserted.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mno.observability.ingest.admission import Admission, Admitted
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.spans.columns import block
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.model import Owner, Span
from mno.observability.spans.restatement import Restatements
from mno.observability.spans.store import SpanStore, joined, stretches
from mno.platform.errors import LimitExceeded, Unavailable

#: Spans in one block.
BLOCK_SPANS = 10_000
#: Between two attempts to store a block, in seconds.
RETRY_S = 1.0
#: Attempts of one block before its deliveries are tried one by one.
PATIENCE = 3

Deliveries = Sequence[tuple[Owner, list[Span]]]

log = logging.getLogger(__name__)


class CommitListener(Protocol):
    """Hears of every group on the store thread, and must not block."""

    def committed(self, deliveries: Deliveries) -> None:
        """These spans can be queried."""

    def settled(self) -> None:
        """The usage rollups know of everything that was committed."""


@dataclass(slots=True)
class _Gathered:
    """One group: what came, and the verdict on it, unless that failed or may be wrong."""

    deliveries: list[tuple[Owner, list[Span]]] = field(default_factory=list)
    spans: int = 0
    admitted: Admitted = field(default_factory=Admitted)
    judged: bool = True


class BlockWriter:
    """Alone in writing spans; `recover` comes first. `gather` belongs to one thread, everything else to another."""

    def __init__(
        self,
        journal: Journal,
        store: SpanStore,
        meters: Meters,
        listener: CommitListener,
        fresh: FreshSpans | None = None,
    ) -> None:
        self._journal = journal
        self._store = store
        self._restatements = Restatements(store)
        self._meters = meters
        self._listener = listener
        self._fresh = fresh or FreshSpans()
        self._admission: Admission
        #: Held while verdicts change; told when a group has been written.
        self._turn = threading.Condition()
        #: The group that grows. The one before it may still be on its way.
        self._gathering = _Gathered()
        self._writing = False
        #: A group could not be written: until it is, or is given up, no other begins.
        self._failing = False
        #: Somebody waits for all groups to be written.
        self.awaited = False

    def recover(self) -> int:
        """Inserts what an earlier run left in the journal; returns the spans that were not in the store.

        The rollups come first: usage that was remembered died with the process, and a block that was killed between
        its rows and its rollups would be taken for new, because admission finds a trace through its rollup.
        """
        for touched in _grouped(self._journal.left_over()):
            self._doubt(touched)
        self._store.settle()
        self._admission = Admission(self._store.known_spans, self._store.horizon_us())
        recovered = sum(self._insert(self._admission.admit(group)) for group in _grouped(self._journal.left_over()))
        self._store.settle()
        self._store.sync()
        self._journal.forget_all()
        return recovered

    @property
    def settled(self) -> bool:
        """Whether the rollups know of every group written so far."""
        return self._store.settled

    def settle(self) -> bool:
        """Tells the rollups of the groups written so far; False when they have to be told once more."""
        try:
            self._store.settle()
        except Exception:
            log.exception("The usage rollups lag behind the spans; they will be recounted.")
            return False
        self._listener.settled()
        return True

    def sync(self) -> None:
        """Returns when every group written so far is on the disk; from any thread."""
        self._store.sync()

    @property
    def gathered_spans(self) -> int:
        """Spans in the group that the next `write` takes."""
        return self._gathering.spans

    def gather(self, deliveries: Deliveries) -> None:
        """Adds to the group that the next `write` takes. The spans can be found when this returns.

        Waits for the groups before when it has to ask the store, and as long as one of them cannot be written.
        """
        with self._turn:
            while self._failing or (self._in_flight() and self._admission.forgotten(deliveries)):
                self.awaited = True
                self._turn.wait()
            self.awaited = False
            group = self._gathering
            if not group.deliveries:
                self._fresh.enter(group.admitted)
            group.deliveries.extend(deliveries)
            group.spans += sum(len(spans) for _, spans in deliveries)
            if group.judged:
                try:
                    self._admission.admit(deliveries, group.admitted)
                except Exception:
                    log.exception("A delivery could not be judged; it will be tried again.")
                    group.judged = False

    def write(self, give_up: Callable[[], bool]) -> tuple[int, bool]:
        """Stores what has gathered: the number of deliveries, and whether the journal may forget them.

        It must keep them when they could not be stored before `give_up`. A store that does not answer is asked again
        and again. Where it refuses the data, the deliveries are tried one by one, and the one at fault is set aside,
        loudly.
        """
        group = self._taken()
        try:
            forgettable = self._written(group, give_up)
            return len(group.deliveries), forgettable
        finally:
            with self._turn:
                self._fresh.leave(group.admitted)
                self._writing = self._failing = False
                self._turn.notify_all()

    def _in_flight(self) -> bool:
        return self._writing or bool(self._gathering.deliveries)

    def _taken(self) -> _Gathered:
        with self._turn:
            group, self._gathering = self._gathering, _Gathered()
            self._writing = True
            return group

    def _written(self, group: _Gathered, give_up: Callable[[], bool]) -> bool:
        refusals = 0
        attempts = 0
        while refusals < PATIENCE:
            try:
                if not group.judged:
                    self._judge_again(group)
                self._insert(group.admitted)
                return True
            except (Unavailable, LimitExceeded) as error:
                log.error("The span store takes no block; it will be tried again: %s", error)  # noqa: TRY400
            except Exception:
                refusals += 1
                log.exception("A block of spans was refused; it will be tried again.")
            attempts += 1
            group.judged = False
            if attempts >= PATIENCE and give_up():
                return False
            time.sleep(RETRY_S)
        self._forget(group.deliveries)
        outcomes = [self._write_or_set_aside(delivery) for delivery in group.deliveries]
        return all(outcomes)

    def _judge_again(self, group: _Gathered) -> None:
        """After a write that may or may not have happened, the store is asked rather than the memory.

        What gathered meanwhile was judged by that memory, so it joins the group.
        """
        with self._turn:
            self._failing = True
            later, self._gathering = self._gathering, _Gathered()
            group.deliveries.extend(later.deliveries)
            self._fresh.leave(later.admitted)
            self._fresh.leave(group.admitted)
            self._forget(group.deliveries)
        self._store.settle()  # the rows may be there and a rollup not; see `recover`
        group.admitted = self._admission.admit(group.deliveries)
        group.judged = True
        self._fresh.enter(group.admitted)

    def _write_or_set_aside(self, delivery: tuple[Owner, list[Span]]) -> bool:
        try:
            self._store.settle()
            self._insert(self._admission.admit([delivery]))
        except Exception:
            log.exception("%d spans cannot be stored; they are set aside.", len(delivery[1]))
            self._forget([delivery])
            self._meters.set_aside(len(delivery[1]))
            try:
                self._journal.set_aside(*delivery)
            except Exception:
                log.exception("They could not be set aside either; the journal keeps them.")
                return False
        return True

    def _insert(self, admitted: Admitted) -> int:
        started = time.perf_counter()
        now_us = time.time_ns() // 1000
        blocks = [block(admitted.deliveries, now_us)] if admitted.deliveries else []
        for counted in (False, True):
            if keys := admitted.corrected(counted=counted):
                blocks.extend(self._restatements.recount(keys, counted=counted))
        if blocks:
            self._store.insert(joined(blocks))
            if admitted.reach_other_traces():
                self._store.settle()  # a start after a crash recounts the traces of the journal, and not those
        self._meters.committed(admitted.spans, admitted.duplicates, time.perf_counter() - started)
        if admitted.deliveries:
            self._listener.committed(admitted.deliveries)
        return admitted.spans

    def _forget(self, deliveries: Deliveries) -> None:
        """Drops the memory of what was admitted; the store is asked about everything up to the last of it."""
        ends = ((span.start_ns + span.duration_ns) // 1000 for _, spans in deliveries for span in spans)
        self._admission.forget(max(ends))

    def _doubt(self, group: Deliveries) -> None:
        """Has the rollups recounted wherever these spans lie."""
        touched: dict[tuple[str, str], list[int]] = {}
        for owner, spans in group:
            touched.setdefault((owner.team_id, owner.project_id), []).extend(span.start_ns // 1000 for span in spans)
        for owned, starts in touched.items():
            for stretch in stretches(starts):
                self._store.doubt(*owned, *stretch)


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
