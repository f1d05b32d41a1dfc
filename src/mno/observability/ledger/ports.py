"""What the ledger needs from others: names for its exports, and the way out for facts."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from mno.platform.database import Connection
from mno.platform.facts import Fact


class Names(Protocol):
    """How people call a team and its projects."""

    async def names_of(self, team_id: UUID) -> tuple[str, Mapping[UUID, str]]: ...


class Facts(Protocol):
    """Tells a fact when the transaction commits."""

    async def publish(self, tx: Connection, fact: Fact) -> None: ...
