"""Forecasts of spend: what a scope has spent of its period, what it will have spent at its end, when a budget ends.

What was spent comes from the usage tables and is exact; what is to come is an estimate, counted from the last whole
hour on.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np

from mno.observability.costs.model import CurrencyRate
from mno.observability.costs.prices import Prices
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.question import Interval, UsageFilter, UsageQuestion
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.hours import hourly, hours_back, whole_hour
from mno.observability.forecast.model import (
    MAX_HISTORY_DAYS,
    MAX_HORIZON_DAYS,
    MAX_PERIOD_DAYS,
    Floats,
    Projection,
    RunOut,
    Series,
)
from mno.observability.forecast.periods import month_around
from mno.observability.forecast.ports import Calendars
from mno.observability.forecast.projection import projected, run_out
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.errors import Invalid
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class Question:
    """`period` is None for the present month of the calendar; `budget` in the display currency."""

    asked: UsageFilter
    period: TimeRange | None = None
    budget: Decimal | None = None
    currency: str = ""
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Amounts are units of `currency`. `spent` is exact and reaches to `as_of`, a whole hour; `projection` goes on from
    there to the end of the period, without what was spent. It is None with too little history.
    """

    period: TimeRange
    calendar: Calendar
    currency: str
    rate: CurrencyRate | None
    as_of: datetime
    spent: Decimal
    #: The spend of each hour of the period up to `as_of`.
    hours: Floats
    projection: Projection | None
    budget: Decimal | None
    run_out: RunOut | None


class Forecasts:
    """What the API and the pages ask about the future."""

    def __init__(self, queries: UsageQueries, prices: Prices, calendars: Calendars) -> None:
        self._queries = queries
        self._prices = prices
        self._calendars = calendars

    async def calendar(self, team_id: UUID, project_id: UUID) -> Calendar:
        return await self._calendars.calendar_of(team_id, project_id)

    async def outlook(self, reader: Principal, question: Question) -> Outlook:
        """`Invalid` for a period that is over or too long, a currency without a rate, an unknown country."""
        currency, rate = self._prices.display(reader.team_id, question.currency)
        calendar = question.calendar or await self.calendar(reader.team_id, reader.project_id)
        as_of = whole_hour(clock.now())
        period = question.period or month_around(as_of, calendar.zone)
        hours = _hours_to(period, as_of)
        tenant = Tenant(str(reader.team_id), str(reader.project_id))
        factor = Decimal(1) if rate is None else rate.rate
        spent, series = await asyncio.gather(
            self._spent(tenant, question.asked, period, as_of),
            self._series(tenant, question.asked, period, as_of, float(factor)),
        )
        spent *= factor
        known = min(len(series.values), MAX_HISTORY_DAYS * 24)
        used = _from_first_use(Series(series.name, as_of - timedelta(hours=known), series.values[-known:]))
        projection = await asyncio.to_thread(projected, used, calendar, hours)
        left = None if question.budget is None else float(question.budget - spent)
        in_period = max(0, int((as_of - period.start).total_seconds() // 3600))
        return Outlook(
            period=period,
            calendar=calendar,
            currency=currency,
            rate=rate,
            as_of=as_of,
            spent=spent,
            hours=series.values[len(series.values) - in_period :],
            projection=projection,
            budget=question.budget,
            run_out=run_out(projection, left) if projection is not None and left is not None else None,
        )

    async def _spent(self, tenant: Tenant, asked: UsageFilter, period: TimeRange, as_of: datetime) -> Decimal:
        if period.start >= as_of:
            return Decimal(0)
        question = UsageQuestion(tenant, TimeRange(period.start, as_of), asked=asked, latency=False)
        table = await self._queries.summary(question)
        return Decimal(table["cost"][0].as_py()) if table.num_rows else Decimal(0)

    async def _series(
        self, tenant: Tenant, asked: UsageFilter, period: TimeRange, as_of: datetime, factor: float
    ) -> Series:
        in_period = int((as_of - period.start).total_seconds() // 3600)
        window = hours_back(as_of, max(MAX_HISTORY_DAYS * 24, in_period))
        table = await self._queries.summary(UsageQuestion(tenant, window, Interval.HOUR, asked=asked, latency=False))
        return Series("cost", window.start, hourly(table, window, ["cost"]) * factor)


def _hours_to(period: TimeRange, as_of: datetime) -> int:
    """Hours from now to the end of the period."""
    hours = int(np.ceil((period.end - as_of).total_seconds() / 3600))
    if hours < 1:
        raise Invalid("The period is over; a forecast needs an end that lies ahead.")
    if hours > MAX_HORIZON_DAYS * 24:
        raise Invalid(f"A forecast reaches {MAX_HORIZON_DAYS} days; choose an earlier end.")
    if as_of - period.start > timedelta(days=MAX_PERIOD_DAYS):
        raise Invalid(f"A period may have begun {MAX_PERIOD_DAYS} days ago at most.")
    if period.start - as_of > timedelta(hours=1):
        raise Invalid("The period has not begun; a forecast begins now.")
    return hours


def _from_first_use(series: Series) -> Series:
    """Without the hours before anything was ever spent: they are no history."""
    used = np.flatnonzero(series.values > 0)
    first = int(used[0]) if len(used) else len(series.values)
    return Series(series.name, series.start + timedelta(hours=first), series.values[first:])
