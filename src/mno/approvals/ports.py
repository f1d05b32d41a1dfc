"""What approvals need from the features above them."""

from typing import Protocol
from uuid import UUID

from mno.platform.principal import Principal
from mno.platform.scope import Scope


class Policy(Protocol):
    """May this principal do this there? Synchronous, from memory."""

    def may(self, principal: Principal, permission: str, scope: Scope) -> bool: ...


class Groups(Protocol):
    """The groups of a team that a person belongs to."""

    async def groups_of(self, team_id: UUID, user_id: UUID) -> frozenset[UUID]: ...
