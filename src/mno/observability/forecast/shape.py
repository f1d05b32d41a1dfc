"""The shape of a series: what each hour of the week is to the mean of its week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mno.observability.forecast.model import Floats

#: Hours of a week and of a day; the holidays of a scope are like its Sundays.
WEEK = 168
DAY = 24
SUNDAY = 6
#: A week counts half as much as the one this many weeks after it.
_HALF_LIFE_WEEKS = 3.0
#: Weeks of history at which the shape is half its own, half day x hour.
_SHRINK_WEEKS = 2.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Mean 1 over a week. `own` are 168 factors, one for each hour of the week."""

    own: Floats

    def at(self, hours_of_week: NDArray[np.int64], holidays: NDArray[np.bool_]) -> Floats:
        seen = np.where(holidays, SUNDAY * DAY + hours_of_week % DAY, hours_of_week)
        return self.own[seen]


def shape_of(values: Floats, hours_of_week: NDArray[np.int64], holidays: NDArray[np.bool_]) -> Shape:
    """What each hour of the week is to the mean of its week."""
    level = _around(values)
    ratios = values / np.maximum(level, 1e-12)
    weights = 0.5 ** (np.arange(len(values))[::-1] / WEEK / _HALF_LIFE_WEEKS)
    usable = ~holidays & (level > 0)
    ratios = _tamed(ratios, hours_of_week, usable)
    weights = weights * usable
    sums = np.bincount(hours_of_week, weights * ratios, WEEK).astype(np.float64)
    known = np.bincount(hours_of_week, weights, WEEK).astype(np.float64)
    coarse = _day_by_hour(sums, known)
    # what the older weeks say counts less: `known` is how many weeks the mean is really made of
    own = (sums + _SHRINK_WEEKS * coarse) / (known + _SHRINK_WEEKS)
    return Shape(own / max(own.mean(), 1e-12))


def _day_by_hour(of_week: Floats, known_of_week: Floats) -> Floats:
    """Day of the week x hour of the day, hours apart for weekdays and weekends; a day never seen is its kind's mean."""
    sums, known = of_week.reshape(7, DAY), known_of_week.reshape(7, DAY)
    coarse = np.empty((7, DAY))
    overall = sums.sum() / max(known.sum(), 1e-12)
    for kind in (slice(0, 5), slice(5, 7)):
        hours = (sums[kind].sum(axis=0) + 0.02 * overall) / (known[kind].sum(axis=0) + 0.02)
        days_known = known[kind].sum(axis=1)
        expected = (known[kind] * hours).sum(axis=1)
        days = np.where(
            days_known > 0,
            (sums[kind].sum(axis=1) + 0.1 * hours.mean()) / np.maximum(expected + 0.1 * hours.mean(), 1e-12),
            1.0,
        )
        coarse[kind] = days[:, None] * hours[None, :]
    return coarse.reshape(-1)


def _around(values: Floats) -> Floats:
    """The mean of the week around each hour; at both ends, of what there is of it."""
    reach = min(WEEK, len(values) // DAY * DAY)
    summed = np.concatenate([[0.0], np.cumsum(values)])
    starts = np.clip(np.arange(len(values)) - reach // 2, 0, len(values) - reach)
    means: Floats = (summed[starts + reach] - summed[starts]) / reach
    return means


def _tamed(ratios: Floats, hours_of_week: NDArray[np.int64], usable: NDArray[np.bool_]) -> Floats:
    """The ratios without outliers: none above four times the 90 % quantile of its time of day."""
    tamed = ratios.copy()
    for hour in range(DAY):
        mine = hours_of_week % DAY == hour
        seen = ratios[mine & usable]
        if len(seen):
            tamed[mine] = np.minimum(ratios[mine], 4.0 * max(float(np.quantile(seen, 0.9)), 1e-9))
    return tamed
