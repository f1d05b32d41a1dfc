"""Wire shapes of forecasts. Money is a string with nine places at most, times are RFC 3339 in UTC."""

from decimal import Decimal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mno.observability.forecast.model import MAX_FORECAST_POINTS, Band, Floats, RunOut
from mno.observability.forecast.service import Outlook
from mno.platform.time_range import from_microseconds, microseconds
from mno.platform.time_range import shown as shown_time

_HOUR_US = 3_600_000_000


class BoundsShape(BaseModel):
    """A middle and its bounds: with 80 % and with 95 % confidence the truth lies between low and high."""

    likely: str
    low_80: str
    high_80: str
    low_95: str
    high_95: str


class SpentPoint(BaseModel):
    at: str
    spent: str = Field(description="From the start of the period up to here.")


class ForecastPoint(BoundsShape):
    at: str


class RunOutShape(BaseModel):
    """When the budget will be used up: probably at `likely`, with 80 % confidence between the other two. Null: not
    within the period.
    """

    earliest: str | None
    likely: str | None
    latest: str | None


class ForecastShape(BaseModel):
    """What was spent is exact and reaches to `as_of`; all other amounts are estimates of the whole period's spend."""

    model_config = ConfigDict(populate_by_name=True)

    currency: str
    timezone: str
    country: str = Field(description="Whose public holidays were minded; empty for none.")
    from_: str = Field(alias="from")
    to: str
    as_of: str
    spent: str
    total: BoundsShape | None = Field(description="At the end of the period; null with too little history.")
    budget: str | None
    run_out: RunOutShape | None
    history: list[SpentPoint]
    points: list[ForecastPoint]

    @classmethod
    def of(cls, outlook: Outlook) -> "ForecastShape":
        projection, spent = outlook.projection, float(outlook.spent)
        return cls.model_validate(
            {
                "currency": outlook.currency,
                "timezone": outlook.calendar.zone.key,
                "country": outlook.calendar.country,
                "from": shown_time(outlook.period.start),
                "to": shown_time(outlook.period.end),
                "as_of": shown_time(outlook.as_of),
                "spent": _exact(outlook.spent),
                "total": None if projection is None else _bounds(projection.total, -1, spent),
                "budget": None if outlook.budget is None else _exact(outlook.budget),
                "run_out": None if outlook.run_out is None else _run_out(outlook.run_out),
                "history": _history(outlook.hours, microseconds(outlook.as_of), spent),
                "points": [] if projection is None else _points(projection.total, microseconds(outlook.as_of), spent),
            }
        )


def _history(hours: Floats, end_us: int, spent: float) -> list[SpentPoint]:
    """The line ends in what was spent exactly."""
    sums = np.cumsum(hours)
    sums += spent - (sums[-1] if len(sums) else 0.0)
    first_us = end_us - len(hours) * _HOUR_US
    return [
        SpentPoint(at=_moment(first_us + (place + 1) * _HOUR_US), spent=_estimate(max(float(sums[place]), 0.0)))
        for place in _kept(len(hours))
    ]


def _points(total: Band, start_us: int, spent: float) -> list[ForecastPoint]:
    return [
        ForecastPoint(at=_moment(start_us + (place + 1) * _HOUR_US), **_bounds(total, place, spent))
        for place in _kept(len(total.middle))
    ]


def _kept(hours: int) -> list[int]:
    """Places of so many hours that are shown: evenly spread, the last among them."""
    every = -(-hours // MAX_FORECAST_POINTS) if hours else 1
    return list(range(hours - 1, -1, -every))[::-1]


def _bounds(band: Band, place: int, more: float) -> dict[str, str]:
    named = {
        "likely": band.middle,
        "low_80": band.low_80,
        "high_80": band.high_80,
        "low_95": band.low_95,
        "high_95": band.high_95,
    }
    return {name: _estimate(float(values[place]) + more) for name, values in named.items()}


def _run_out(found: RunOut) -> RunOutShape:
    earliest, likely, latest = (
        None if moment is None else shown_time(moment) for moment in (found.earliest, found.likely, found.latest)
    )
    return RunOutShape(earliest=earliest, likely=likely, latest=latest)


def _moment(value_us: int) -> str:
    return shown_time(from_microseconds(value_us))


def _exact(amount: Decimal) -> str:
    return f"{amount:.9f}"


def _estimate(amount: float) -> str:
    """An estimate is not known to a billionth: six places."""
    return f"{amount:.6f}"
