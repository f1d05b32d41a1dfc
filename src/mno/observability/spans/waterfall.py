"""The order of a trace on screen: every parent above its children, siblings by start, all in one list.

A trace comes from the outside, so nothing about it is certain: parents may be missing (their children stand
at the top level), ids may repeat (children go to the first), spans may be their own ancestors (the circle is
cut above its first span). Every span has exactly one place. Nothing here recurses, so a chain may be as deep
as the trace is long.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

_UNSEEN, _ON_WALK, _SETTLED = 0, 1, 2
_NO_PARENT = -1


class Place(NamedTuple):
    """Which span (its index in what was given) and how deep it stands; 0 is the top level."""

    span: int
    depth: int


def waterfall(span_ids: Sequence[Hashable], parent_ids: Sequence[Hashable]) -> list[Place]:
    """Depth-first order of spans that are given by start time.

    `parent_ids[i]` names the parent of span i; an unknown name, such as that of no parent, is the top level.
    """
    parents = _parents(span_ids, parent_ids)
    _cut_circles(parents)
    children: list[list[int] | None] = [None] * len(parents)
    roots = []
    for index, parent in enumerate(parents):
        if parent == _NO_PARENT:
            roots.append(index)
        elif (siblings := children[parent]) is None:
            children[parent] = [index]
        else:
            siblings.append(index)
    return _depth_first(roots, children)


def _parents(span_ids: Sequence[Hashable], parent_ids: Sequence[Hashable]) -> list[int]:
    first: dict[Hashable, int] = {}
    for index, span_id in enumerate(span_ids):
        first.setdefault(span_id, index)
    return [first.get(parent_id, _NO_PARENT) for parent_id in parent_ids]


def _cut_circles(parents: list[int]) -> None:
    state = bytearray(len(parents))
    for start, parent in enumerate(parents):
        if parent == _NO_PARENT or state[parent] == _SETTLED:  # nearly always: parents start first
            state[start] = _SETTLED
            continue
        walked = []
        node = start
        while node != _NO_PARENT and state[node] == _UNSEEN:
            state[node] = _ON_WALK
            walked.append(node)
            node = parents[node]
        if node != _NO_PARENT and state[node] == _ON_WALK:
            parents[min(walked[walked.index(node) :])] = _NO_PARENT
        for index in walked:
            state[index] = _SETTLED


def _depth_first(roots: list[int], children: list[list[int] | None]) -> list[Place]:
    depths = [0] * len(children)
    order = []
    waiting = roots[::-1]
    while waiting:
        span = waiting.pop()
        depth = depths[span]
        order.append(Place(span, depth))
        if below := children[span]:
            for child in below:
                depths[child] = depth + 1
            waiting.extend(reversed(below))
    return order
