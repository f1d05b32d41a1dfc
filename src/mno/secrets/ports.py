"""What secrets need from the features above them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from mno.platform.principal import Principal
from mno.platform.scope import Scope


class Policy(Protocol):
    """May this principal do this there? From memory."""

    def may(self, principal: Principal, permission: str, scope: Scope) -> bool: ...

    async def visible_projects(self, principal: Principal, permission: str) -> Sequence[UUID] | None:
        """The projects in which it holds this; None for all of them."""
        ...
