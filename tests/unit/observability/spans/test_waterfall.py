from hypothesis import given
from hypothesis import strategies as st

from mno.observability.spans.waterfall import Place, waterfall

#: Few names, so that orphans, duplicates and circles are common.
names = st.integers(0, 8)
traces = st.lists(st.tuples(names, st.one_of(st.none(), names)), max_size=40)


def order(*spans: tuple[object, object]) -> list[Place]:
    return waterfall([span_id for span_id, _ in spans], [parent for _, parent in spans])


def test_children_stand_below_their_parent_by_start() -> None:
    assert order(("a", None), ("b", "a"), ("c", "b"), ("d", "a")) == [(0, 0), (1, 1), (2, 2), (3, 1)]


def test_a_child_that_starts_before_its_parent_still_stands_below_it() -> None:
    assert order(("child", "parent"), ("parent", None)) == [(1, 0), (0, 1)]


def test_a_span_whose_parent_is_missing_stands_at_the_top() -> None:
    assert order(("a", None), ("b", "gone"), ("c", "b")) == [(0, 0), (1, 0), (2, 1)]


def test_children_of_a_repeated_id_go_to_the_first() -> None:
    assert order(("a", None), ("a", None), ("b", "a")) == [(0, 0), (2, 1), (1, 0)]


def test_a_circle_is_cut_above_its_first_span() -> None:
    assert order(("tail", "a"), ("b", "a"), ("a", "b")) == [(1, 0), (2, 1), (0, 2)]


def test_a_span_that_is_its_own_parent_stands_at_the_top() -> None:
    assert order(("a", "a"), ("b", "a")) == [(0, 0), (1, 1)]


def test_a_chain_of_100_000_does_not_overflow() -> None:
    chain = [(number, number - 1) for number in range(100_000)]
    assert order(*chain)[-1] == (99_999, 99_999)


@given(traces)
def test_every_span_has_exactly_one_place(spans: list[tuple[int, int | None]]) -> None:
    assert sorted(place.span for place in order(*spans)) == list(range(len(spans)))


@given(traces)
def test_a_deeper_span_follows_its_parent(spans: list[tuple[int, int | None]]) -> None:
    path: list[int] = []
    for index, depth in order(*spans):
        assert depth <= len(path)
        if depth:
            assert spans[path[depth - 1]][0] == spans[index][1]
        path = [*path[:depth], index]


@given(traces)
def test_siblings_stand_by_start(spans: list[tuple[int, int | None]]) -> None:
    path: list[int] = []
    last: dict[tuple[int, ...], int] = {}
    for index, depth in order(*spans):
        above = tuple(path[:depth])
        assert last.get(above, -1) < index
        last[above] = index
        path = [*path[:depth], index]


@given(traces)
def test_a_span_stands_at_the_top_only_when_nothing_is_above_it(spans: list[tuple[int, int | None]]) -> None:
    first = {span_id: index for index, (span_id, _) in reversed(list(enumerate(spans)))}
    for index, depth in order(*spans):
        parent = spans[index][1]
        if depth == 0 and parent in first:
            walked, node = {index}, first[parent]
            while node != index and node not in walked:
                walked.add(node)
                above = spans[node][1]
                assert above in first, "an ancestor is missing, so this span was no part of a circle"
                node = first[above]
            assert node == index
