"""What alerts need from others: the way to people, names and clocks, and how budgets stand now."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from mno.notifications.model import Channel, Notice
from mno.platform.database import Connection


class Notifications(Protocol):
    """The way to people."""

    async def send(self, tx: Connection, notice: Notice, channel_ids: Sequence[UUID]) -> None:
        """Sends once the transaction commits; each key once to a channel."""
        ...

    async def channels(self, team_id: UUID) -> Sequence[Channel]: ...


class TimeZones(Protocol):
    """By which clock a team lives."""

    async def zone_of(self, team_id: UUID) -> str:
        """An IANA name."""
        ...


class Names(Protocol):
    """How a team calls what only has an id."""

    async def names_of(self, team_id: UUID) -> Mapping[str, str]:
        """Names of keys (by `key_…`) and projects (by their bare ids, as usage knows them)."""
        ...


class BudgetShares(Protocol):
    """How budgets stand."""

    async def share(self, team_id: UUID, budget_id: UUID, who: str) -> Decimal | None:
        """What a counter has used, in percent of the limit; None where the budget is gone."""
        ...
