"""How a counter will go on to the end of its period, and when it will be used up. Pure rules over a forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from mno.observability.budgets.model import Standing, Unit
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Projection, RunOut, Series
from mno.observability.forecast.projection import projected, run_out

#: Points of a burn-down's forecast.
MAX_AHEAD_POINTS = 200
_HOUR = timedelta(hours=1)
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class AheadStep:
    """What will be used until then, in the budget's unit (nano-dollars, tokens, calls), with 80 % confidence."""

    at: datetime
    median: int
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """An estimate; `run_out` within the period, None where it will last."""

    steps: Sequence[AheadStep]
    run_out: RunOut


def ahead(
    standing: Standing, hours: Sequence[tuple[datetime, int]], as_of: datetime, calendar: Calendar
) -> Ahead | None:
    """`hours` are those that used something, in order of time, up to `as_of`, a whole hour. None with too few."""
    if not hours:
        return None
    budget, window, first = standing.budget, standing.window, hours[0][0]
    # forecasts are of dollars, tokens or calls
    scale = _NANO if budget.unit is Unit.MONEY else 1
    values = np.zeros((as_of - first) // _HOUR)
    for moment, used in hours:
        values[(moment - first) // _HOUR] = used / scale
    projection = projected(Series(budget.name, first, values), calendar, -((as_of - window.until) // _HOUR))
    if projection is None:
        return None
    spent = sum(used for moment, used in hours if moment >= window.since)
    return Ahead(_steps(projection, spent, scale, window.until), run_out(projection, (budget.limit - spent) / scale))


def _steps(projection: Projection, spent: int, scale: int, until: datetime) -> list[AheadStep]:
    """Evenly spread, the period's end among them."""
    total, hours = projection.total, len(projection.total.middle)
    every = -(-hours // MAX_AHEAD_POINTS)
    return [
        AheadStep(
            min(until, projection.start + (place + 1) * _HOUR),
            *(spent + round(float(line[place]) * scale) for line in (total.middle, total.low_80, total.high_80)),
        )
        for place in range(hours - 1, -1, -every)[::-1]
    ]
