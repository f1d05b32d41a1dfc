"""What budgets need from others: the team's time zone, and the way out for facts."""

from typing import Protocol
from uuid import UUID

from mno.platform.database import Connection
from mno.platform.facts import Fact


class TimeZones(Protocol):
    """By which clock a team lives."""

    async def zone_of(self, team_id: UUID) -> str:
        """An IANA name."""
        ...


class Facts(Protocol):
    """Tells a fact when the transaction commits."""

    async def publish(self, tx: Connection, fact: Fact) -> None: ...
