"""Of a call that the gateway and a client's instrumentation tell of, the gateway's span counts, in whatever order."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.admission import Admission
from mno.observability.ingest.tellings import GATEWAY, MAX_CLOCK_OFFSET_US, Telling
from mno.observability.spans.model import NO_PARENT, KnownSpan, Owner, Span, TraceKey, UsageKind

CLIENT = Owner("team", "project", "otlp", "key_1")
HUB = Owner("team", "project", GATEWAY, "key_2")
START_NS = 1_700_000_000_000_000_000


def call(name: str, offset_ms: int, *, trace: str, parent: str = "", response: str = "answer") -> Span:
    return Span(
        trace_id=trace.encode().ljust(16, b"_"),
        span_id=name.encode().ljust(8, b"_"),
        parent_span_id=parent.encode().ljust(8, b"_") if parent else NO_PARENT,
        start_ns=START_NS + offset_ms * 1_000_000,
        duration_ns=50_000_000,
        name=name,
        usage_kind=UsageKind.CALL,
        response_id=response,
    )


class Store:
    """What the span store would know."""

    def __init__(self) -> None:
        self.spans: dict[tuple[bytes, bytes], tuple[Owner, Span]] = {}

    def known_spans(self, keys: Sequence[TraceKey]) -> Iterable[tuple[TraceKey, KnownSpan]]:
        wanted = {key.trace_id: key for key in keys}
        for owner, span in self.spans.values():
            if span.trace_id in wanted:
                start_us = span.start_ns // 1000
                end_us = start_us + span.duration_ns // 1000
                known = KnownSpan(
                    span.trace_id, span.span_id, span.parent_span_id, start_us, end_us, True, span.counted,
                    span.response_id, owner.source,
                )  # fmt: skip
                yield wanted[span.trace_id], known

    def admit(self, admission: Admission, owner: Owner, spans: list[Span]) -> None:
        admitted = admission.admit([(owner, spans)])
        for who, kept in admitted.deliveries:
            for span in kept:
                self.spans[span.trace_id, span.span_id] = who, span
        for key, counted in admitted.corrections.items():
            self.spans[key.trace.trace_id, key.span_id][1].counted = counted

    def counted(self) -> set[str]:
        return {span.name for _, span in self.spans.values() if span.counted}


def settled(*deliveries: tuple[Owner, Span]) -> set[str]:
    store = Store()
    admission = Admission(store.known_spans, horizon_us=-1)
    for owner, span in deliveries:
        store.admit(admission, owner, [span])
    return store.counted()


@pytest.mark.parametrize("offset_ms", [-4_000, -30, 0, 30, 4_000])
@pytest.mark.parametrize("trace", ["same", "other"])
@given(order=st.permutations([0, 1, 2]))
def test_the_gateway_wins_over_two_instrumentations_whatever_their_clocks(
    offset_ms: int, trace: str, order: list[int]
) -> None:
    told = [
        (HUB, call("gateway", 0, trace="same")),
        (CLIENT, call("sdk", offset_ms, trace=trace)),
        (CLIENT, call("wrapper", offset_ms - 5, trace=trace)),
    ]
    assert settled(*(told[index] for index in order)) == {"gateway"}


@given(order=st.permutations([0, 1]))
def test_a_parent_without_an_id_yields_to_the_gateway_below_it(order: list[int]) -> None:
    told = [
        (HUB, call("gateway", 0, trace="same", parent="sdk")),
        (CLIENT, call("sdk", -5, trace="same", response="")),
    ]
    assert settled(*(told[index] for index in order)) == {"gateway"}


@given(order=st.permutations([0, 1]))
def test_the_same_id_long_before_is_another_call(order: list[int]) -> None:
    told = [(HUB, call("gateway", 0, trace="same")), (CLIENT, call("sdk", -60_000, trace="other"))]
    assert settled(*(told[index] for index in order)) == {"gateway", "sdk"}


def test_every_call_of_the_gateway_counts_also_with_an_id_that_was_drawn_twice() -> None:
    told = [(HUB, call("one", 0, trace="same")), (HUB, call("two", 5, trace="other"))]
    assert settled(*told) == settled(*reversed(told)) == {"one", "two"}


times = st.integers(0, 20_000_000)


@given(st.lists(st.tuples(times, st.integers(1, 2_000_000), st.booleans()), min_size=1, max_size=6))
def test_somebody_always_counts(told: list[tuple[int, int, bool]]) -> None:
    tellings = [
        Telling(TraceKey("t", "p", bytes(16)), bytes([index]), start, start + length, is_wire)
        for index, (start, length, is_wire) in enumerate(told)
    ]
    for one in tellings:
        assert not one.yields_to(one)
        seen = {one}
        while better := next((other for other in tellings if one.yields_to(other)), None):
            assert better not in seen, "two yield to each other"
            seen.add(better)
            one = better
    assert MAX_CLOCK_OFFSET_US == 5_000_000
