"""What approvals need from the features above them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from mno.platform.principal import Principal
from mno.platform.scope import Scope


class Policy(Protocol):
    def may(self, principal: Principal, permission: str, scope: Scope) -> bool:
        """May this principal do this there? From memory."""
        ...

    async def visible_projects(self, principal: Principal, permission: str) -> Sequence[UUID] | None:
        """The projects of its team in which the principal holds this; None for all of them."""
        ...


class Groups(Protocol):
    """The groups of a team that a person belongs to."""

    async def groups_of(self, team_id: UUID, user_id: UUID) -> frozenset[UUID]: ...
