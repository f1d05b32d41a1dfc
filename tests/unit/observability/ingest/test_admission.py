"""Admission answers the same whatever the order and the batches in which spans arrive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.admission import Admission, Admitted
from mno.observability.spans.model import NO_PARENT, KnownSpan, Owner, Span, SpanKey, TraceKey, UsageKind

OWNER = Owner("team", "project", "otlp", "key")
TRACE = b"t" * 16
START_NS = 1_700_000_000_000_000_000


@dataclass
class Store:
    """What a span store would know: the admitted spans, and corrections as they come."""

    spans: dict[tuple[bytes, bytes], Span]
    lookups: int = 0

    def known_spans(self, keys: Sequence[TraceKey]) -> Iterable[tuple[TraceKey, KnownSpan]]:
        self.lookups += 1
        wanted = {key.trace_id: key for key in keys}
        for span in self.spans.values():
            if span.trace_id in wanted:
                start_us = span.start_ns // 1000
                yield (
                    wanted[span.trace_id],
                    KnownSpan(
                        span.trace_id,
                        span.span_id,
                        span.parent_span_id,
                        start_us,
                        start_us + span.duration_ns // 1000,
                        span.usage_kind is not UsageKind.NONE,
                        span.counted,
                        span.response_id,
                    ),
                )

    def apply(self, admitted: Admitted) -> None:
        for _, spans in admitted.deliveries:
            for span in spans:
                assert (span.trace_id, span.span_id) not in self.spans, "a span was admitted twice"
                self.spans[span.trace_id, span.span_id] = span
        for key, counted in admitted.corrections.items():
            span = self.spans[key.trace.trace_id, key.span_id]
            assert span.counted is not counted, "a correction that corrects nothing"
            span.counted = counted

    def counted(self) -> set[bytes]:
        return {span.span_id for span in self.spans.values() if span.counted}


def named(name: str) -> bytes:
    return name.encode().ljust(8, b"_")


def span(
    name: str,
    parent: str | None = None,
    usage: UsageKind = UsageKind.NONE,
    *,
    trace: bytes = TRACE,
    start: int = 0,
    milliseconds: int = 1,
    response: str = "",
) -> Span:
    return Span(
        trace_id=trace,
        span_id=named(name),
        parent_span_id=named(parent) if parent else NO_PARENT,
        start_ns=START_NS + start * 1_000_000,
        duration_ns=milliseconds * 1_000_000,
        name=name,
        usage_kind=usage,
        response_id=response if usage is UsageKind.CALL else "",
    )


def admitted(store: Store, *batches: list[Span], memory_spans: int = 1_000) -> Admission:
    admission = Admission(store.known_spans, horizon_us=-1, memory_spans=memory_spans)
    for batch in batches:
        store.apply(admission.admit([(OWNER, batch)]))
    return admission


def test_a_retry_of_the_exporter_is_admitted_once() -> None:
    store = Store({})
    admission = admitted(store, [span("call", usage=UsageKind.CALL)])
    again = admission.admit([(OWNER, [span("call", usage=UsageKind.CALL)])])
    assert (again.duplicates, again.deliveries) == (1, [])


def test_a_retry_is_recognised_after_its_trace_was_forgotten() -> None:
    store = Store({})
    others = [span("x", trace=bytes([number]) * 16, start=number) for number in range(20)]
    admission = admitted(store, [span("call", usage=UsageKind.CALL)], *([other] for other in others), memory_spans=5)
    again = admission.admit([(OWNER, [span("call", usage=UsageKind.CALL)])])
    assert again.duplicates == 1
    assert store.lookups > 0


def test_the_same_ids_in_another_project_are_another_span() -> None:
    admission = admitted(Store({}), [span("call")])
    other = admission.admit([(OWNER._replace(project_id="other"), [span("call")])])
    assert other.spans == 1


def test_a_parent_does_not_count_beside_its_child_in_one_batch() -> None:
    store = Store({})
    admitted(store, [span("agent", usage=UsageKind.AGGREGATE), span("call", "agent", UsageKind.CALL)])
    assert store.counted() == {named("call")}


def test_a_parent_that_counted_is_restated_when_its_child_arrives() -> None:
    store = Store({})
    admission = admitted(store, [span("agent", usage=UsageKind.AGGREGATE)])
    assert store.counted() == {named("agent")}
    late = admission.admit([(OWNER, [span("call", "agent", UsageKind.CALL)])])
    assert late.corrections == {SpanKey(TraceKey("team", "project", TRACE), named("agent"), START_NS // 1000): False}


def test_the_link_between_a_parent_and_its_descendant_may_arrive_last() -> None:
    store = Store({})
    agent, call = span("agent", None, UsageKind.AGGREGATE), span("call", "step", UsageKind.CALL)
    admitted(store, [agent], [call], [span("step", "agent")])
    assert store.counted() == {named("call")}


def test_an_agent_without_calls_beneath_counts_itself() -> None:
    store = Store({})
    admitted(store, [span("agent", usage=UsageKind.AGGREGATE), span("tool", "agent")])
    assert store.counted() == {named("agent")}


def test_a_circle_of_parents_still_counts_something() -> None:
    store = Store({})
    admitted(store, [span("a", "b", UsageKind.CALL)], [span("b", "a")])
    assert store.counted() == {named("a")}
    store = Store({})
    admitted(store, [span("self", "self", UsageKind.CALL)])
    assert store.counted() == {named("self")}


def test_one_call_told_by_two_siblings_counts_once_as_the_inner_one_tells_it() -> None:
    outer = span("outer", "flow", UsageKind.CALL, milliseconds=5, response="msg_1")
    inner = span("inner", "flow", UsageKind.CALL, start=1, response="msg_1")
    for batches in ([[outer, inner]], [[inner], [outer]], [[outer], [inner]]):
        store = Store({})
        admitted(store, *([span_copy(one) for one in batch] for batch in batches))
        assert store.counted() == {named("inner")}


def told_in_two_traces(response: str) -> set[bytes]:
    """Who counts of two spans that overlap, each in a trace of its own."""
    store = Store({})
    outer = span("outer", usage=UsageKind.CALL, milliseconds=5, response=response)
    admitted(store, [outer], [span("inner", usage=UsageKind.CALL, trace=b"u" * 16, start=1, response=response)])
    return store.counted()


def test_one_call_told_in_two_traces_counts_once() -> None:
    assert told_in_two_traces("msg_01XFDUDYJgAACzvnptvVoYEL") == {named("inner")}


def test_calls_side_by_side_are_two_though_ollama_drew_one_id_for_both() -> None:
    assert told_in_two_traces("chatcmpl-123") == {named("outer"), named("inner")}


def test_calls_one_after_the_other_are_two_though_their_answers_have_one_id() -> None:
    store = Store({})
    first = span("first", usage=UsageKind.CALL, response="chatcmpl-7")
    admitted(store, [first, span("second", usage=UsageKind.CALL, start=2, response="chatcmpl-7")])
    assert store.counted() == {named("first"), named("second")}


def test_a_call_of_another_project_is_another_call() -> None:
    store = Store({})
    admission = admitted(store, [span("outer", usage=UsageKind.CALL, response="msg_1")])
    inner = span("inner", usage=UsageKind.CALL, response="msg_1")
    other = admission.admit([(OWNER._replace(project_id="other"), [inner])])
    assert (inner.counted, other.corrections) == (True, {})


@st.composite
def forests(draw: st.DrawFn) -> list[list[Span]]:
    """Trees over up to twelve spans in two traces, in any order, cut into any batches, some of them repeated."""
    size = draw(st.integers(1, 12))
    spans = []
    for number in range(size):
        parent = draw(st.one_of(st.none(), st.integers(0, number - 1))) if number else None
        usage = draw(st.sampled_from(UsageKind))
        above = None if parent is None else f"s{parent}"
        response = draw(st.sampled_from(["", "", "a", "b"]))
        milliseconds = draw(st.integers(1, 4))
        spans.append(span(f"s{number}", above, usage, start=number, milliseconds=milliseconds, response=response))
    arrivals = draw(st.permutations(spans))
    arrivals += draw(st.lists(st.sampled_from(spans), max_size=4))
    cuts = sorted(draw(st.lists(st.integers(0, len(arrivals)), max_size=4)))
    edges = [0, *cuts, len(arrivals)]
    copies = [span_copy(one) for one in arrivals]
    return [copies[first:last] for first, last in pairwise(edges)]


def span_copy(one: Span) -> Span:
    parent = None if one.parent_span_id == NO_PARENT else one.parent_span_id.decode().rstrip("_")
    copy = span(one.span_id.decode().rstrip("_"), parent, one.usage_kind)
    copy.start_ns, copy.duration_ns, copy.response_id = one.start_ns, one.duration_ns, one.response_id
    return copy


def leaves_with_usage(spans: Iterable[Span]) -> set[bytes]:
    """The rule, written naively: usage, and no descendant with usage."""
    by_id = {one.span_id: one for one in spans}
    with_usage = {span_id for span_id, one in by_id.items() if one.usage_kind is not UsageKind.NONE}
    covered = set()
    for span_id in with_usage:
        one = by_id[span_id]
        parent = one.parent_span_id
        while parent in by_id:
            covered.add(parent)
            parent = by_id[parent].parent_span_id
    return with_usage - covered


def nearest_tellings(spans: Iterable[Span], leaves: set[bytes]) -> set[bytes]:
    """The other rule, written naively: no other leaf of the same answer overlaps and began later."""
    told = [one for one in {one.span_id: one for one in spans}.values() if one.span_id in leaves]
    return {
        one.span_id
        for one in told
        if not any(
            one.response_id
            and one.response_id == other.response_id
            and (one.start_ns, one.span_id) < (other.start_ns, other.span_id)
            and other.start_ns <= one.start_ns + one.duration_ns
            for other in told
        )
    }


@given(forests(), st.sampled_from([1, 3, 1_000]))
def test_who_counts_depends_neither_on_order_nor_batches_nor_memory(batches: list[list[Span]], memory: int) -> None:
    store = Store({})
    admitted(store, *batches, memory_spans=memory)
    everything = [one for batch in batches for one in batch]
    assert set(store.spans) == {(one.trace_id, one.span_id) for one in everything}
    assert store.counted() == nearest_tellings(everything, leaves_with_usage(everything))
