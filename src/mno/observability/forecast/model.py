"""What a forecast is: an hourly series, a band around its future, totals with intervals, the run-out of a budget.

A forecast is an estimate, so its figures are floats until they leave the house; what was spent stays exact.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

#: Seconds of an hour.
HOUR = 3600
#: Hours of history that a forecast wants at least; below it there is none.
MIN_HISTORY_HOURS = 48
#: Days of history that a forecast looks at; what is older says little about next week.
MAX_HISTORY_DAYS = 84
#: How far a forecast reaches, in days: a quarter.
MAX_HORIZON_DAYS = 92
#: How long ago the period of a forecast may have begun, in days.
MAX_PERIOD_DAYS = 400
#: Points of the line and of the band in one answer; a longer period gets fewer a day.
MAX_FORECAST_POINTS = 400
#: The confidence of the two intervals.
CONFIDENCES = (0.80, 0.95)


@dataclass(frozen=True, slots=True)
class Series:
    """Hourly values from `start` (a whole hour in UTC) on, without gaps: an hour without usage is 0."""

    name: str
    start: datetime
    values: Floats

    @property
    def end(self) -> datetime:
        """The first hour after the last value."""
        return self.start + timedelta(hours=len(self.values))

    def until(self, hours: int) -> "Series":
        """Its first so many hours."""
        return Series(self.name, self.start, self.values[:hours])


@dataclass(frozen=True, slots=True)
class Band:
    """A middle and the bounds of the two intervals; arrays over the same steps."""

    middle: Floats
    low_80: Floats
    high_80: Floats
    low_95: Floats
    high_95: Floats

    def cut(self, first: int, last: int) -> "Band":
        return Band(*(getattr(self, name)[first:last] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Projection:
    """The future of one series. `hourly` is each coming hour, `total` the sum from the first of them to each."""

    start: datetime
    hourly: Band
    total: Band


@dataclass(frozen=True, slots=True)
class RunOut:
    """When an amount will be used up: probably at `likely`, with 80 % confidence between the other two.

    None: not within the forecast's reach.
    """

    earliest: datetime | None
    likely: datetime | None
    latest: datetime | None
