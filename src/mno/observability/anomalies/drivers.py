"""Who drove an anomaly: the difference from the usual, divided among models, keys and agents.

Each combination of values has an amount in the anomalous hours and a usual one, the mean of the same hours of the
week before. A value's share is its difference over the whole difference. The value with the largest share leads; it
is named together with a value of another dimension where nearly all of its share came from there ("82 % from model X
on key Y"). What is explained is taken away, and the next largest follows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from mno.observability.anomalies.model import MAX_DRIVERS, Driver

#: A further dimension is named where so much of the driver's share came from one of its values.
_NEARLY_ALL = 0.9
#: A driver with less is not worth a word.
_LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """One combination of values of all dimensions."""

    values: tuple[str, ...]
    amount: float
    usual: float


def drivers(parts: Sequence[Part], dimensions: Sequence[str]) -> tuple[Driver, ...]:
    """The largest first; none where the whole does not differ."""
    whole = sum(part.amount - part.usual for part in parts)
    left = list(parts)
    found: list[Driver] = []
    while left and whole and len(found) < MAX_DRIVERS:
        chosen = _leading(left, len(dimensions), whole)
        if chosen is None:
            break
        explained = [part for part in left if _fits(part, chosen)]
        left = [part for part in left if not _fits(part, chosen)]
        amount, usual = sum(part.amount for part in explained), sum(part.usual for part in explained)
        named = {dimensions[place]: value for place, value in sorted(chosen.items())}
        found.append(Driver(named, round(100 * (amount - usual) / whole, 1), amount, usual))
    return tuple(found)


def _leading(parts: Sequence[Part], dimensions: int, whole: float) -> dict[int, str] | None:
    """Places of dimensions and their values: the value with the largest share, and what stands for nearly all of it."""
    singles = [({place: part.values[place]}) for part in parts for place in range(dimensions)]
    # an empty value says nothing; two dimensions that explain as much are settled by their order
    named = [single for single in singles if all(single.values())]
    if not named:
        return None
    best = max(named, key=lambda single: (round(_share(parts, single, whole), 6), -next(iter(single))))
    share = _share(parts, best, whole)
    if share < _LEAST_SHARE:
        return None
    for more in range(dimensions - 1, 0, -1):
        wider = list(_wider(parts, best, dimensions, more))
        if wider:
            finest = max(wider, key=lambda one: _share(parts, one, whole))
            if _share(parts, finest, whole) >= _NEARLY_ALL * share:
                return finest
    return best


def _wider(parts: Sequence[Part], single: Mapping[int, str], dimensions: int, more: int) -> Iterable[dict[int, str]]:
    others = [place for place in range(dimensions) if place not in single]
    for places in combinations(others, more):
        for part in parts:
            if _fits(part, single) and all(part.values[place] for place in places):
                yield {**single, **{place: part.values[place] for place in places}}


def _fits(part: Part, values: Mapping[int, str]) -> bool:
    return all(part.values[place] == value for place, value in values.items())


def _share(parts: Sequence[Part], values: Mapping[int, str], whole: float) -> float:
    return sum(part.amount - part.usual for part in parts if _fits(part, values)) / whole
