"""Alarms of single hours gathered to stretches: what people see as one anomaly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mno.observability.anomalies.detection import Examination, Mask
from mno.observability.anomalies.model import LEARNED_AFTER, MAX_GAP_HOURS


@dataclass(slots=True)
class Stretch:
    """Hours with an alarm, from `first` to before `last`, none further apart than MAX_GAP_HOURS.

    `begun` is the hour in which the first of its windows began; `score` the worst.
    """

    begun: int
    first: int
    last: int
    score: float
    reach: int


def gather(stretches: list[Stretch], found: Examination, end: int) -> None:
    """Adds the fresh hours' alarms to stretches in the order of time; `end` is the hour after the last."""
    first = end - len(found.scores)
    for place in np.flatnonzero(np.abs(found.scores) >= 1.0):
        _add(stretches, first + int(place), float(found.scores[place]), int(found.reach[place]))


def _add(stretches: list[Stretch], hour: int, score: float, reach: int) -> None:
    newest = stretches[-1] if stretches else None
    if newest is not None and (score < 0) == (newest.score < 0):
        if hour - newest.last < MAX_GAP_HOURS:
            newest.last = hour + 1
            if abs(score) > abs(newest.score):
                newest.score, newest.reach = score, reach
            return
        if hour - reach + 1 < newest.last:
            # an echo: the mean reaches back into what has been told already
            return
    stretches.append(Stretch(hour - reach + 1, hour, hour + 1, score, reach))


def mark(strange: Mask, stretches: Sequence[Stretch]) -> None:
    """Hours of anomalies teach nothing, unless they have lasted so long that this is how things are now."""
    learned = int(LEARNED_AFTER.total_seconds() // 3600)
    for stretch in stretches:
        first, last = max(stretch.begun, 0), max(stretch.last, 0)
        strange[first:last] = stretch.last - stretch.begun <= learned
