"""HTTP for forecasts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.observability.costs.question import UsageFilter, zone
from mno.observability.costs.routes import UsageReader, asked_filter
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.periods import month_around
from mno.observability.forecast.schemas import ForecastShape
from mno.observability.forecast.service import Forecasts, Question
from mno.platform import clock
from mno.platform.errors import Invalid
from mno.platform.time_range import TimeRange, parsed_time


def router(forecasts: Forecasts) -> APIRouter:
    """/api/forecast."""
    routes = APIRouter(prefix="/api", tags=["forecast"])

    @routes.get("/forecast")
    async def forecast(
        reader: UsageReader,
        asked: Annotated[UsageFilter, Depends(asked_filter)],
        start: Annotated[str, Query(alias="from", max_length=60, description="Empty: the first of this month.")] = "",
        end: Annotated[str, Query(alias="to", max_length=60, description="Empty: the end of this month.")] = "",
        budget: Annotated[Decimal | None, Query(ge=0, le=10**12, description="When will so much be used up?")] = None,
        currency: Annotated[str, Query(max_length=10, description="The team's display currency if empty.")] = "",
        timezone: Annotated[str, Query(max_length=64, description="IANA name; the team's if empty.")] = "",
        country: Annotated[
            str | None, Query(max_length=2, description="Public holidays of: two letters; absent: as is set.")
        ] = None,
    ) -> ForecastShape:
        """Spend of any scope to the end of a period, with 80 % and 95 % intervals, and when a budget runs out."""
        own = await forecasts.calendar(reader.team_id, reader.project_id)
        calendar = Calendar(
            zone(timezone) if timezone else own.zone, own.country if country is None else country.strip().upper()
        )
        period = asked_period(start, end, calendar, clock.now())
        found = await forecasts.outlook(reader, Question(asked, period, budget, currency, calendar))
        return ForecastShape.of(found)

    return routes


def asked_period(start: str, end: str, calendar: Calendar, now: datetime) -> TimeRange:
    """The period between two texts, each by default an end of the present month."""
    month = month_around(now, calendar.zone)
    first = parsed_time(start, now, name="from") if start else month.start
    last = parsed_time(end, now, name="to") if end else month.end
    if first >= last:
        raise Invalid("'from' must be earlier than 'to'.")
    return TimeRange(first, last)
