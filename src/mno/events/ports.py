"""What events need from others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from mno.events.model import Ailment
from mno.platform.breaker import Key
from mno.platform.principal import Principal


class Policy(Protocol):
    async def visible_projects(self, principal: Principal, permission: str) -> Sequence[UUID] | None:
        """The projects of its team in which the principal holds this; None for all of them."""
        ...


@dataclass(frozen=True, slots=True)
class Upstream:
    """Whose it is, and how people call it."""

    team_id: UUID
    name: str


class KnownUpstreams(Protocol):
    async def upstream(self, about: Ailment, key: Key) -> Upstream | None:
        """What stands behind a breaker; None for what is gone, or concerns one person alone."""
        ...
