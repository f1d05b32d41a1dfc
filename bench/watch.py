"""Detection over a whole series, hour after hour as it would have been, and how well it found seeded faults.

The service looks at fresh hours only; this walks a series from its beginning with the same functions, so what is
measured is what runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from faults import Fault, Faulty
from mno.observability.anomalies.detection import examined
from mno.observability.anomalies.model import MIN_WATCHED_HOURS, Measure
from mno.observability.anomalies.stretches import Stretch, gather, mark
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Series
from mno.observability.forecast.shape import DAY, WEEK

#: How long after a fault its alarm may still come, in hours.
LATE_HOURS = 3


def watched(series: Series, calendar: Calendar, measure: Measure) -> list[Stretch]:
    """Every alarm from the first hour with enough history on, a day's hours at a time."""
    hours = len(series.values)
    strange = np.zeros(hours, dtype=bool)
    stretches: list[Stretch] = []
    for first in range(MIN_WATCHED_HOURS, hours, DAY):
        last = min(first + DAY, hours)
        found = examined(series.until(last), calendar, measure, strange[:last], last - first)
        if found is None:
            continue
        gather(stretches, found, last)
        mark(strange, stretches[-3:])
    return stretches


@dataclass(frozen=True, slots=True)
class Score:
    """How well faults were found. `false_a_week` are alarms without a fault, for each scope and week."""

    faults: int
    found: int
    alarms: int
    true_alarms: int
    false_a_week: float
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        return self.found / max(self.faults, 1)

    @property
    def precision(self) -> float:
        return self.true_alarms / max(self.alarms, 1)


def scored(scopes: Iterable[Faulty]) -> Score:
    """Watches every measure of every scope; an alarm is true when it touches a fault, or comes LATE_HOURS after it."""
    faults = found = alarms = true_alarms = 0
    weeks = 0.0
    missed = []
    for scope in scopes:
        touched: set[int] = set()
        for measure, series in scope.measures.items():
            for stretch in watched(series, scope.calendar, measure):
                hits = {n for n, fault in enumerate(scope.faults) if touches(stretch, fault)}
                touched |= hits
                alarms, true_alarms = alarms + 1, true_alarms + bool(hits)
        faults, found = faults + len(scope.faults), found + len(touched)
        missed += [fault.kind for n, fault in enumerate(scope.faults) if n not in touched]
        weeks += (len(next(iter(scope.measures.values())).values) - MIN_WATCHED_HOURS) / WEEK
    return Score(faults, found, alarms, true_alarms, (alarms - true_alarms) / max(weeks, 1e-9), tuple(missed))


def touches(stretch: Stretch, fault: Fault) -> bool:
    return stretch.first < fault.last + LATE_HOURS and stretch.last > fault.first
