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

from datetime import datetime, timedelta

import numpy as np

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.intervals import hourly_band, total_band
from mno.observability.forecast.level import drift, level_of
from mno.observability.forecast.model import (
    MAX_HISTORY_DAYS,
    MIN_HISTORY_HOURS,
    Band,
    Floats,
    Projection,
    RunOut,
    Series,
)
from mno.observability.forecast.shape import DAY, WEEK, shape_of


def projected(series: Series, calendar: Calendar, hours: int) -> Projection | None:
    """The next `hours` hours of the series; None with less than MIN_HISTORY_HOURS of history."""
    used = series.values[-MAX_HISTORY_DAYS * DAY :]
    if len(used) < MIN_HISTORY_HOURS or hours < 1:
        return None
    start = series.end - timedelta(hours=len(used))
    if not np.any(used[-4 * WEEK :] > 0):
        nothing = np.zeros(hours)
        band = Band(nothing, nothing, nothing, nothing, nothing)
        return Projection(series.end, band, band)
    hours_of_week, holidays = calendar.hours_of_week(start, len(used)), calendar.holidays(start, len(used))
    shape = shape_of(used, hours_of_week, holidays)
    shaped = shape.at(hours_of_week, holidays)
    sums, weights = _blocks(used), _blocks(shaped)
    rates = sums / np.maximum(weights, 1e-9)
    # a day without usage has no logarithm
    offset = 0.02 * float(np.median(rates[-28:])) + 1e-12
    level = level_of(np.log(rates + offset))
    days = -(-hours // DAY)
    rate = np.exp(level.expected[-1] + drift(level.slope, days)) - offset
    hourly = np.maximum(np.repeat(rate, DAY)[:hours], 0.0) * shape.at(
        calendar.hours_of_week(series.end, hours), calendar.holidays(series.end, hours)
    )
    return Projection(
        series.end,
        hourly_band(hourly, used, shaped, level),
        total_band(hourly, sums * np.exp(level.moved), weights, level),
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
