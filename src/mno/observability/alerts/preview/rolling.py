"""A measure as a rule would have read it, from sums of equal steps: each point is over the window that ends there.

Pure rules. A step divides the window, so that a window is whole steps.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mno.observability.alerts.evaluation.sums import reading_of
from mno.observability.alerts.machine import Change, Reading, Track, stepped, zone_of
from mno.observability.alerts.model import AlertComparison, Terms

#: Points of one line that are shown; of more, the worst of each stretch.
MAX_POINTS = 288
#: Steps of one line that are read.
MAX_STEPS = 1_500
_STEPS_S = (60, 120, 180, 240, 300, 600, 900)
_HOUR_S = 3600


@dataclass(slots=True)
class StepSums:
    """One step's: calls and errors, USD, tokens, and calls by latency bucket."""

    calls: int = 0
    errors: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    latency: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """The measure over the window that ends at `at`; None where there is nothing to measure."""

    at: datetime
    value: Decimal | None
    calls: int


def step_s(window_s: int, stretch_s: int, *, hours: bool) -> int:
    """The length of a step: the shortest that divides the window and makes no more than MAX_STEPS of the stretch, where
    there is one; an hour where hours are known.
    """
    if hours and window_s % _HOUR_S == 0:
        return _HOUR_S
    steps = [step for step in _STEPS_S if window_s % step == 0]
    return next((step for step in steps if stretch_s <= MAX_STEPS * step), steps[-1])


def rolled(terms: Terms, steps: Sequence[StepSums], end: datetime, length_s: int) -> list[Point]:
    """The points in order of time, the last at `end`. `steps` begin a window before the first point does."""
    wide = terms.window_s // length_s
    total, latency = StepSums(), Counter[int]()
    points = []
    for number, one in enumerate(steps):
        _add(total, latency, one, 1)
        if number >= wide:
            _add(total, latency, steps[number - wide], -1)
        if number < wide - 1:
            continue
        sums: dict[str, Any] = {
            "calls": total.calls, "errors": total.errors, "tokens": total.tokens, "cost": total.cost,
            "latency": latency,
        }  # fmt: skip
        reading = reading_of(terms, sums)
        at = end - timedelta(seconds=(len(steps) - 1 - number) * length_s)
        points.append(Point(at, reading.value, reading.calls))
    return points


def fired(terms: Terms, points: Sequence[Point]) -> int:
    """How often the rule would have fired."""
    track, count = Track(), 0
    for point in points:
        zone = zone_of(terms, Reading(point.value, point.calls))
        track, change = stepped(track, zone, point.at, terms)
        count += change is Change.FIRED
    return count


def thinned(terms: Terms, points: Sequence[Point]) -> list[Point]:
    """At most MAX_POINTS: of each stretch its worst, so that no breach is lost."""
    stretch = -(-len(points) // MAX_POINTS)
    return list(points) if stretch <= 1 else list(_worst(terms, points, stretch))


def _worst(terms: Terms, points: Sequence[Point], stretch: int) -> Iterator[Point]:
    for start in range(0, len(points), stretch):
        some = points[start : start + stretch]
        measured = [(point.value, point) for point in some if point.value is not None]
        if not measured:
            yield some[-1]
            continue
        chosen = max if terms.comparison is AlertComparison.ABOVE else min
        yield chosen(measured, key=lambda one: one[0])[1]


def _add(total: StepSums, latency: Counter[int], one: StepSums, sign: int) -> None:
    total.calls += sign * one.calls
    total.errors += sign * one.errors
    total.tokens += sign * one.tokens
    total.cost += sign * one.cost
    for bucket, calls in one.latency.items():
        latency[bucket] += sign * calls
