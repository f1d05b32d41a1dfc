"""The block writer: one group of deliveries becomes one block in the span store, whatever happens.

It decides what is new and what counts (admission), adds the restatements that follow from it, and inserts
everything at once; the usage rollups learn of several blocks together (`settle`). It also makes good what a crash
left behind. Everything here runs on one thread.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from mno.observability.ingest.admission import Admission
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.spans.columns import block
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

Group = Sequence[tuple[Owner, list[Span]]]

log = logging.getLogger(__name__)


class CommitListener(Protocol):
    """Hears of every group on the store thread, and must not block."""

    def committed(self, deliveries: Group) -> None:
        """These spans can be queried."""

    def settled(self) -> None:
        """The usage rollups know of everything that was committed."""


class BlockWriter:
    """Alone in writing spans; `recover` comes first."""

    def __init__(self, journal: Journal, store: SpanStore, meters: Meters, listener: CommitListener) -> None:
        self._journal = journal
        self._store = store
        self._restatements = Restatements(store)
        self._meters = meters
        self._listener = listener
        self._admission: Admission

    def recover(self) -> int:
        """Inserts what an earlier run left in the journal; returns the spans that were not in the store.

        The rollups come first: usage that was remembered died with the process, and a block that was killed between
        its rows and its rollups would be taken for new, because admission finds a trace through its rollup.
        """
        for touched in _grouped(self._journal.left_over()):
            self._doubt(touched)
        self._store.settle()
        self._admission = Admission(self._store.known_spans, self._store.horizon_us())
        recovered = sum(self._insert(group) for group in _grouped(self._journal.left_over()))
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

    def write(self, group: Group, give_up: Callable[[], bool]) -> bool:
        """Stores a group; False when it could not be stored before `give_up`, and the journal must keep it.

        A store that does not answer is asked again and again. Where it refuses the data, the deliveries are tried
        one by one, and the one at fault is set aside, loudly.
        """
        refusals = 0
        attempts = 0
        while refusals < PATIENCE:
            try:
                if attempts:
                    self._store.settle()  # the rows may be there and a rollup not; see `recover`
                self._insert(group)
                return True
            except (Unavailable, LimitExceeded) as error:
                log.error("The span store takes no block; it will be tried again: %s", error)  # noqa: TRY400
            except Exception:
                refusals += 1
                log.exception("A block of spans was refused; it will be tried again.")
            attempts += 1
            self._forget(group)
            if attempts >= PATIENCE and give_up():
                return False
            time.sleep(RETRY_S)
        outcomes = [self._write_or_set_aside(delivery) for delivery in group]
        return all(outcomes)

    def _write_or_set_aside(self, delivery: tuple[Owner, list[Span]]) -> bool:
        try:
            self._store.settle()
            self._insert([delivery])
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

    def _insert(self, group: Group) -> int:
        started = time.perf_counter()
        admitted = self._admission.admit(group)
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

    def _forget(self, group: Group) -> None:
        """After a write that may or may not have happened, the store is asked rather than the memory."""
        ends = ((span.start_ns + span.duration_ns) // 1000 for _, spans in group for span in spans)
        self._admission.forget(max(ends))

    def _doubt(self, group: Group) -> None:
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
