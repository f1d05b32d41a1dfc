"""Admission: is this span new, and does it count?

Two questions must have one answer whatever the order and the batches in which spans arrive: has this span
been here before (an exporter's retry), and is its usage that of a call of its own or a repetition of its
descendants' (the Vercel AI SDK's parents, `invoke_agent`). Both are answered from a bounded memory of recent
traces. What is older than the memory reaches back is looked up in the span store, so forgetting costs time,
never correctness.

The rule of counting: a span with usage counts unless a descendant of it has usage, or it tells again of a
call of which another such span tells (tellings.py). Both can come to light later, so a span that is stored
may have to be taken out of the count, or put back.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from mno.observability.ingest.tellings import GATEWAY, Telling, Tellings, is_vague
from mno.observability.spans.model import NO_PARENT, KnownSpan, Owner, Span, SpanKey, TraceKey, UsageKind

#: Spans remembered over all traces, about 250 bytes each.
MEMORY_SPANS = 200_000


_TRACE_ID = attrgetter("trace_id")


@dataclass(slots=True)
class Admitted:
    """The verdict on one group: what to insert, and which rows of before must be corrected. It grows until it is
    inserted."""

    deliveries: list[tuple[Owner, list[Span]]] = field(default_factory=list)
    #: Spans of earlier groups whose verdict changed, and to what.
    corrections: dict[SpanKey, bool] = field(default_factory=dict)
    duplicates: int = 0
    #: The group's own spans that have usage and, when they came, no descendant with usage.
    open: dict[tuple[TraceKey, bytes], Span] = field(default_factory=dict)

    def corrected(self, *, counted: bool) -> list[SpanKey]:
        return [key for key, verdict in self.corrections.items() if verdict is counted]

    def reach_other_traces(self) -> bool:
        """Whether a span is corrected whose trace has no new span here."""
        if not self.corrections:
            return False
        arrived = {
            TraceKey(owner.team_id, owner.project_id, span.trace_id)
            for owner, spans in self.deliveries
            for span in spans
        }
        return any(key.trace not in arrived for key in self.corrections)

    @property
    def spans(self) -> int:
        return sum(len(spans) for _, spans in self.deliveries)


class TraceMemory:
    """The tree of one trace, as far as it has arrived."""

    __slots__ = ("covered", "ends", "known_after_us", "last_end_us", "parents", "tellings")

    def __init__(self, known_after_us: int) -> None:
        #: Spans that ended later than this are here if they were ever admitted.
        self.known_after_us = known_after_us
        self.last_end_us = 0
        self.parents: dict[bytes, bytes] = {}
        #: Spans with usage and no descendant with usage, with their start.
        self.ends: dict[bytes, int] = {}
        #: Those of them that name the provider's answer.
        self.tellings: dict[bytes, tuple[str, Telling]] = {}
        #: Ids of spans, arrived or not, that have a descendant with usage.
        self.covered: set[bytes] = set()

    def place(self, span_id: bytes, parent_id: bytes, start_us: int, end_us: int, *, has_usage: bool) -> list[bytes]:
        """Adds a span and returns the ids of those that now have a descendant with usage (never its own).

        Afterwards `span_id in self.ends` tells whether the span itself has usage and no such descendant.
        """
        covered = span_id in self.covered
        if parent_id == span_id or (covered and self._is_ancestor(span_id, parent_id)):
            parent_id = NO_PARENT  # a circle is no tree: cut it where it closes
        self.parents[span_id] = parent_id
        if end_us > self.last_end_us:
            self.last_end_us = end_us
        if has_usage and not covered:
            self.ends[span_id] = start_us
        if has_usage or covered:
            return self._cover(parent_id)
        return []

    def _cover(self, span_id: bytes) -> list[bytes]:
        newly_covered = []
        while span_id != NO_PARENT and span_id not in self.covered:
            self.covered.add(span_id)
            if span_id in self.ends:
                newly_covered.append(span_id)
            span_id = self.parents.get(span_id, NO_PARENT)
        return newly_covered

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
        self._tellings = Tellings()

    def forget(self, horizon_us: int) -> None:
        """Drops the memory, after a write that may or may not have happened of spans that end before the horizon."""
        ends = (trace.last_end_us for trace in self._traces.values())
        self._horizon_us = max(self._horizon_us, horizon_us, *ends)
        self._traces.clear()
        self._tellings = Tellings()
        self._remembered = 0

    def admit(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]], into: Admitted | None = None) -> Admitted:
        """Sorts deliveries into new spans, repetitions and corrections of a group: a new one, or `into`.

        Where there are `forgotten` traces among them, every group before must be in the store.
        """
        if forgotten := self.forgotten(deliveries):
            self._reload(forgotten)
        admitted = Admitted() if into is None else into
        for owner, spans in deliveries:
            kept = self._kept(owner, spans, admitted)
            admitted.duplicates += len(spans) - len(kept)
            if kept:
                admitted.deliveries.append((owner, kept))
        self._evict()
        return admitted

    def forgotten(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> list[TraceKey]:
        """The traces of spans that are old enough to have been forgotten: the store has to be asked about them."""
        horizon_us = self._horizon_us
        found: dict[TraceKey, None] = {}
        for owner, spans in deliveries:
            for span in spans:
                if span.start_ns // 1000 <= horizon_us:
                    key = TraceKey(owner.team_id, owner.project_id, span.trace_id)
                    trace = self._traces.get(key)
                    if trace is None or span.start_ns // 1000 <= trace.known_after_us:
                        found[key] = None
        return list(found)

    def _kept(self, owner: Owner, spans: Sequence[Span], admitted: Admitted) -> list[Span]:
        """Those that are new; spans of one trace come in a row, so their trace is looked up once."""
        kept: list[Span] = []
        is_wire = owner.source == GATEWAY
        for trace_id, in_a_row in groupby(spans, _TRACE_ID):
            key = TraceKey(owner.team_id, owner.project_id, trace_id)
            trace = self._traces.get(key)
            if trace is None:
                trace = self._traces[key] = TraceMemory(self._horizon_us)
            else:
                self._traces.move_to_end(key)
            kept += [span for span in in_a_row if self._admit(key, trace, span, admitted, is_wire=is_wire)]
        return kept

    def _admit(self, key: TraceKey, trace: TraceMemory, span: Span, admitted: Admitted, *, is_wire: bool) -> bool:
        span_id = span.span_id
        if span_id in trace.parents:
            return False
        start_us = span.start_ns // 1000
        end_us = start_us + span.duration_ns // 1000
        has_usage = span.usage_kind is not UsageKind.NONE
        newly_covered = trace.place(span_id, span.parent_span_id, start_us, end_us, has_usage=has_usage)
        self._remembered += 1
        span.counted = span_id in trace.ends
        if span.counted:
            admitted.open[key, span_id] = span
            if span.response_id:
                telling = Telling(key, span_id, start_us, end_us, is_wire, is_vague(span.response_id))
                trace.tellings[span_id] = (span.response_id, telling)
                span.counted, others = self._tellings.add(span.response_id, telling)
                _correct(others, admitted, counted=False)
        for ancestor_id in newly_covered:
            start_us = trace.ends.pop(ancestor_id)
            response_id, telling = trace.tellings.pop(ancestor_id, ("", Telling(key, ancestor_id, start_us, start_us)))
            counted = True
            if response_id:
                counted, others = self._tellings.remove(response_id, telling)
                _correct(others, admitted, counted=True)
            if counted:
                _correct([telling], admitted, counted=False)
        return True

    def _reload(self, keys: list[TraceKey]) -> None:
        for key in keys:
            gone = self._traces.pop(key, None)
            if gone is not None:
                self._forget_trace(gone)
            self._traces[key] = TraceMemory(known_after_us=-1)
        for key, known in self._lookup(keys):
            self._restore(key, self._traces[key], known)

    def _restore(self, key: TraceKey, trace: TraceMemory, known: KnownSpan) -> None:
        span_id, parent_id = known.span_id, known.parent_span_id
        covered = trace.place(span_id, parent_id, known.start_us, known.end_us, has_usage=known.has_usage)
        self._remembered += 1
        if known.response_id and span_id in trace.ends:
            is_wire = known.source == GATEWAY
            telling = Telling(key, span_id, known.start_us, known.end_us, is_wire, is_vague(known.response_id))
            trace.tellings[span_id] = (known.response_id, telling)
            self._tellings.add(known.response_id, telling)
        elif not known.counted:
            trace.ends.pop(span_id, None)
        for ancestor_id in covered:
            del trace.ends[ancestor_id]
            if told := trace.tellings.pop(ancestor_id, None):
                self._tellings.remove(*told)

    def _evict(self) -> None:
        while self._remembered > self._limit and len(self._traces) > 1:
            _, trace = self._traces.popitem(last=False)
            self._forget_trace(trace)
            self._horizon_us = max(self._horizon_us, trace.last_end_us)

    def _forget_trace(self, trace: TraceMemory) -> None:
        self._remembered -= len(trace.parents)
        for response_id, telling in trace.tellings.values():
            self._tellings.remove(response_id, telling)


def _correct(tellings: Iterable[Telling], admitted: Admitted, *, counted: bool) -> None:
    """Gives spans another verdict: in place where they are of this group, else as a correction of the store."""
    for telling in tellings:
        span = admitted.open.get((telling.trace, telling.span_id))
        if span is not None:
            span.counted = counted
            continue
        key = SpanKey(telling.trace, telling.span_id, telling.start_us)
        if admitted.corrections.pop(key, counted) is counted:  # else it is back to what is stored
            admitted.corrections[key] = counted
