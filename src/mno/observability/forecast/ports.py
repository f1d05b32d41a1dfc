"""What forecasts need from others: the calendar that a project's people live by."""

from typing import Protocol
from uuid import UUID

from mno.observability.forecast.calendar import Calendar


class Calendars(Protocol):
    """Time zone and public holidays."""

    async def calendar_of(self, team_id: UUID, project_id: UUID) -> Calendar:
        """The team's time zone and the project's setting `costs.holidays`; no holidays where that names no country."""
        ...
