"""The forecast itself: pure functions from an hourly series to its future with intervals.

The series is taken apart into a shape (what each hour of the week is to the mean, a public holiday being the Sunday
of its scope) and a level (what is left, in blocks of 24 hours). The shape is a mean over the weeks, the older the
lighter, drawn towards "day of the week x hour of the day" as long as few weeks are known. The level is smoothed
exponentially; how quickly it follows is what would have forecast this very series best, and history before a
change of level is brought to the level after it. A trend goes on at half its slope and fades.

How wide the intervals are follows from the errors that this method made on this very series: it forecasts the
series' own past from every day that is left for it, and the errors, each divided by the spread that noise and a
wandering level would give at that reach, are the conformal scores whose quantile widens or narrows the band.
Decision 19 has the comparison with libraries, and the figures.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.intervals import hourly_band, total_band
from mno.observability.forecast.level import Level, drift, level_of
from mno.observability.forecast.model import (
    MAX_HISTORY_DAYS,
    MIN_HISTORY_HOURS,
    Band,
    Floats,
    Projection,
    RunOut,
    Series,
)
from mno.observability.forecast.shape import DAY, WEEK, Shape, shape_of


@dataclass(frozen=True, slots=True)
class Fit:
    """A series taken apart: shape, level, and what is subtracted again because days may be empty."""

    shape: Shape
    level: Level
    offset: float
    #: The shape over the hours of the history.
    shaped: Floats
    sums: Floats
    weights: Floats

    def ahead(self, hours_of_week: NDArray[np.int64], holidays: NDArray[np.bool_]) -> Floats:
        """What is expected of the coming hours."""
        days = -(-len(hours_of_week) // DAY)
        rates = np.exp(self.level.expected[-1] + drift(self.level.slope, days)) - self.offset
        coming = np.maximum(np.repeat(rates, DAY)[: len(hours_of_week)], 0.0)
        expected: Floats = coming * self.shape.at(hours_of_week, holidays)
        return expected

    def before(self) -> Floats:
        """What was expected of each hour of the history on the day before, all but its first day."""
        level = self.level
        rates = np.maximum(np.exp(level.expected[:-1] - level.moved[1:]) - self.offset, 0.0)
        expected: Floats = np.repeat(rates, DAY) * self.shaped[-len(rates) * DAY :]
        return expected


def fitted(values: Floats, hours_of_week: NDArray[np.int64], holidays: NDArray[np.bool_]) -> Fit:
    """Takes two days or more of hours apart."""
    shape = shape_of(values, hours_of_week, holidays)
    shaped = shape.at(hours_of_week, holidays)
    sums, weights = _blocks(values), _blocks(shaped)
    rates = sums / np.maximum(weights, 1e-9)
    # a day without usage has no logarithm
    offset = 0.02 * float(np.median(rates[-28:])) + 1e-12
    return Fit(shape, level_of(np.log(rates + offset)), offset, shaped, sums, weights)


def projected(series: Series, calendar: Calendar, hours: int) -> Projection | None:
    """The next `hours` hours of the series; None with less than MIN_HISTORY_HOURS of history."""
    used = series.values[-MAX_HISTORY_DAYS * DAY :]
    if len(used) < MIN_HISTORY_HOURS or hours < 1:
        return None
    if not np.any(used[-4 * WEEK :] > 0):
        nothing = np.zeros(hours)
        band = Band(nothing, nothing, nothing, nothing, nothing)
        return Projection(series.end, band, band)
    start = series.end - timedelta(hours=len(used))
    fit = fitted(used, calendar.hours_of_week(start, len(used)), calendar.holidays(start, len(used)))
    hourly = fit.ahead(calendar.hours_of_week(series.end, hours), calendar.holidays(series.end, hours))
    sums = fit.sums * np.exp(fit.level.moved)
    return Projection(
        series.end,
        hourly_band(hourly, used, fit.shaped, fit.level),
        total_band(hourly, sums, fit.weights, fit.level),
    )


def _blocks(values: Floats) -> Floats:
    """Sums of 24 hours, counted back from the end; the rest at the beginning is left out."""
    whole = len(values) // DAY * DAY
    sums: Floats = values[len(values) - whole :].reshape(-1, DAY).sum(axis=1)
    return sums


def library() -> str:
    """What forecasts are made with, for those who compare."""
    return f"none: a robust seasonal method of our own over numpy {np.__version__}"


def run_out(projection: Projection, left: float) -> RunOut:
    """When `left` will be used up; at once where nothing is left."""
    return RunOut(
        earliest=_reached(projection.start, projection.total.high_80, left),
        likely=_reached(projection.start, projection.total.middle, left),
        latest=_reached(projection.start, projection.total.low_80, left),
    )


def _reached(start: datetime, totals: Floats, amount: float) -> datetime | None:
    if amount <= 0:
        return start
    over = np.flatnonzero(totals >= amount)
    return start + timedelta(hours=int(over[0])) if len(over) else None
