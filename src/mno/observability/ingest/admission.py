"""Admission: is this span new, and does it count?

Two questions must have one answer whatever the order and the batches in which spans arrive: has this span
been here before (an exporter's retry), and is its usage that of a call of its own or a repetition of its
descendants' (the Vercel AI SDK's parents, `invoke_agent`). Both are answered from a bounded memory of recent
traces. What is older than the memory reaches back is looked up in the span store, so forgetting costs time,
never correctness.

The rule of counting: a span with usage counts unless a descendant of it has usage. Arrivals only ever add
descendants, so a span can change from counted to not counted, once, and never back.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mno.observability.spans.model import NO_PARENT, KnownSpan, Owner, Span, SpanKey, TraceKey, UsageKind

#: Spans remembered over all traces, about 250 bytes each.
MEMORY_SPANS = 200_000


@dataclass(slots=True)
class Admitted:
    """The verdict on one group: what to insert, and which rows of before count no longer."""

    deliveries: list[tuple[Owner, list[Span]]] = field(default_factory=list)
    uncounted: list[SpanKey] = field(default_factory=list)
    duplicates: int = 0

    @property
    def spans(self) -> int:
        return sum(len(spans) for _, spans in self.deliveries)


class TraceMemory:
    """The tree of one trace, as far as it has arrived."""

    __slots__ = ("counted", "covered", "known_after_us", "last_end_us", "parents")

    def __init__(self, known_after_us: int) -> None:
        #: Spans that ended later than this are here if they were ever admitted.
        self.known_after_us = known_after_us
        self.last_end_us = 0
        self.parents: dict[bytes, bytes] = {}
        #: Counted spans, with their start.
        self.counted: dict[bytes, int] = {}
        #: Ids of spans, arrived or not, that have a descendant with usage.
        self.covered: set[bytes] = set()

    def place(self, span_id: bytes, parent_id: bytes, start_us: int, end_us: int, *, has_usage: bool) -> list[bytes]:
        """Adds a span and returns the ids of those that it keeps from counting (never its own).

        Afterwards `span_id in self.counted` tells whether the span itself counts.
        """
        covered = span_id in self.covered
        if parent_id == span_id or (covered and self._is_ancestor(span_id, parent_id)):
            parent_id = NO_PARENT  # a circle is no tree: cut it where it closes
        self.parents[span_id] = parent_id
        if end_us > self.last_end_us:
            self.last_end_us = end_us
        if has_usage and not covered:
            self.counted[span_id] = start_us
        if has_usage or covered:
            return self._cover(parent_id)
        return []

    def _cover(self, span_id: bytes) -> list[bytes]:
        uncounted = []
        while span_id != NO_PARENT and span_id not in self.covered:
            self.covered.add(span_id)
            if span_id in self.counted:
                uncounted.append(span_id)
            span_id = self.parents.get(span_id, NO_PARENT)
        return uncounted

    def _is_ancestor(self, span_id: bytes, of: bytes) -> bool:
        while of != NO_PARENT:
            if of == span_id:
                return True
            of = self.parents.get(of, NO_PARENT)
        return False


#: Reads what the store knows of these traces; a trace that it does not know is absent.
Lookup = Callable[[Sequence[TraceKey]], Iterable[tuple[TraceKey, KnownSpan]]]


class Admission:
    """The memory of recent traces; used by one thread.

    `horizon_us` is the latest end of any span that the store holds and this memory does not.
    """

    def __init__(self, lookup: Lookup, horizon_us: int, memory_spans: int = MEMORY_SPANS) -> None:
        self._lookup = lookup
        self._horizon_us = horizon_us
        self._limit = memory_spans
        self._remembered = 0
        self._traces: OrderedDict[TraceKey, TraceMemory] = OrderedDict()

    def forget(self, horizon_us: int) -> None:
        """Drops the memory, after a write that may or may not have happened."""
        self._traces.clear()
        self._remembered = 0
        self._horizon_us = max(self._horizon_us, horizon_us)

    def admit(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> Admitted:
        """Sorts a group of deliveries into new spans, repetitions and corrections."""
        self._recall(deliveries)
        admitted = Admitted()
        fresh: dict[tuple[TraceKey, bytes], Span] = {}
        for owner, spans in deliveries:
            kept = [span for span in spans if self._admit(owner, span, fresh, admitted)]
            admitted.duplicates += len(spans) - len(kept)
            if kept:
                admitted.deliveries.append((owner, kept))
        self._evict()
        return admitted

    def _admit(self, owner: Owner, span: Span, fresh: dict[tuple[TraceKey, bytes], Span], admitted: Admitted) -> bool:
        key = TraceKey(owner.team_id, owner.project_id, span.trace_id)
        trace = self._traces.get(key)
        if trace is None:
            trace = self._traces[key] = TraceMemory(self._horizon_us)
        else:
            self._traces.move_to_end(key)
        span_id = span.span_id
        if span_id in trace.parents:
            return False
        start_us = span.start_ns // 1000
        end_us = start_us + span.duration_ns // 1000
        has_usage = span.usage_kind is not UsageKind.NONE
        covered = trace.place(span_id, span.parent_span_id, start_us, end_us, has_usage=has_usage)
        self._remembered += 1
        span.counted = span_id in trace.counted
        if span.counted:
            fresh[key, span_id] = span
        for ancestor_id in covered:
            ancestor_start_us = trace.counted.pop(ancestor_id)
            ancestor = fresh.get((key, ancestor_id))
            if ancestor is not None:
                ancestor.counted = False
            else:
                admitted.uncounted.append(SpanKey(key, ancestor_id, ancestor_start_us))
        return True

    def _recall(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> None:
        """Brings back the traces of spans that are old enough to have been forgotten."""
        horizon_us = self._horizon_us
        forgotten: dict[TraceKey, None] = {}
        for owner, spans in deliveries:
            for span in spans:
                if span.start_ns // 1000 <= horizon_us:
                    key = TraceKey(owner.team_id, owner.project_id, span.trace_id)
                    trace = self._traces.get(key)
                    if trace is None or span.start_ns // 1000 <= trace.known_after_us:
                        forgotten[key] = None
        if forgotten:
            self._reload(list(forgotten))

    def _reload(self, keys: list[TraceKey]) -> None:
        for key in keys:
            gone = self._traces.pop(key, None)
            self._remembered -= len(gone.parents) if gone else 0
            self._traces[key] = TraceMemory(known_after_us=-1)
        for key, known in self._lookup(keys):
            trace = self._traces[key]
            trace.place(known.span_id, known.parent_span_id, known.start_us, known.end_us, has_usage=known.has_usage)
            if not known.counted:
                trace.counted.pop(known.span_id, None)
            self._remembered += 1

    def _evict(self) -> None:
        while self._remembered > self._limit and len(self._traces) > 1:
            _, trace = self._traces.popitem(last=False)
            self._remembered -= len(trace.parents)
            self._horizon_us = max(self._horizon_us, trace.last_end_us)
