"""Forecasts of the past, judged by what came: MASE, and how often the intervals held.

From origins spread over a series, each with four weeks of history at least, the next day to two weeks are forecast
and compared. The mean absolute scaled error is that of the hours (Hyndman and Koehler, 2006): the error over the
mean absolute error of the seasonal-naive forecast (the same hour of the week before) within the history. A second
figure divides by the error that the seasonal-naive forecast makes of the same hours. Coverage is counted for the
hours and for the sum up to the end, which is what a budget is held against.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Projection, Series
from mno.observability.forecast.projection import projected
from mno.observability.forecast.shape import DAY, WEEK

#: Days that are forecast, by turns.
HORIZONS_DAYS = (1, 3, 7, 14)
#: History before the first origin, in hours.
FIRST_ORIGIN = 4 * WEEK
#: Hours between two origins: not a whole day, so that forecasts begin at all times of it.
STRIDE = 41

Method = Callable[[Series, Calendar, int], Projection | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One forecast and what came. Coverages are shares of the hours, and for the sum 0 or 1."""

    name: str
    days: int
    scaled_error: float
    error: float
    naive_error: float
    total_error: float
    naive_total_error: float
    hours_in_80: float
    hours_in_95: float
    total_in_80: bool
    total_in_95: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Means over all forecasts; coverages in percent."""

    forecasts: int
    mase: float
    against_naive: float
    total_against_naive: float
    hours_80: float
    hours_95: float
    total_80: float
    total_95: float


def outcomes(
    series: Series, calendar: Calendar, method: Method = projected, *, stride: int = STRIDE
) -> Iterator[Outcome]:
    """Every forecast that the length of the series allows."""
    last = len(series.values)
    for number, origin in enumerate(range(FIRST_ORIGIN, last - DAY, stride)):
        days = HORIZONS_DAYS[number % len(HORIZONS_DAYS)]
        if origin + days * DAY > last:
            continue
        history, came = series.until(origin), series.values[origin : origin + days * DAY]
        found = method(history, calendar, len(came))
        if found is not None and np.any(history.values[-WEEK:] > 0):
            yield _judged(series.name, days, history.values, came, found)


def _judged(name: str, days: int, history: Floats, came: Floats, found: Projection) -> Outcome:
    scale = float(np.mean(np.abs(history[WEEK:] - history[:-WEEK])))
    naive = np.resize(history[-WEEK:], len(came))
    error = float(np.mean(np.abs(found.hourly.middle - came)))
    total = float(came.sum())
    hourly, whole = found.hourly, found.total
    return Outcome(
        name=name,
        days=days,
        scaled_error=error / max(scale, 1e-12),
        error=error,
        naive_error=float(np.mean(np.abs(naive - came))),
        total_error=abs(float(whole.middle[-1]) - total) / max(total, 1e-12),
        naive_total_error=abs(float(naive.sum()) - total) / max(total, 1e-12),
        hours_in_80=float(np.mean((came >= hourly.low_80) & (came <= hourly.high_80))),
        hours_in_95=float(np.mean((came >= hourly.low_95) & (came <= hourly.high_95))),
        total_in_80=bool(whole.low_80[-1] <= total <= whole.high_80[-1]),
        total_in_95=bool(whole.low_95[-1] <= total <= whole.high_95[-1]),
    )


def verdict(found: Iterable[Outcome]) -> Verdict | None:
    """All outcomes in one line; None without any."""
    rows = list(found)
    if not rows:
        return None

    def mean(name: str) -> float:
        return float(np.mean([getattr(row, name) for row in rows]))

    relative = [row.error / max(row.naive_error, 1e-12) for row in rows]
    return Verdict(
        forecasts=len(rows),
        mase=mean("scaled_error"),
        against_naive=float(np.mean(relative)),
        total_against_naive=mean("total_error") / max(mean("naive_total_error"), 1e-12),
        hours_80=100 * mean("hours_in_80"),
        hours_95=100 * mean("hours_in_95"),
        total_80=100 * mean("total_in_80"),
        total_95=100 * mean("total_in_95"),
    )
