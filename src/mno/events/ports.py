"""What events need from others."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from mno.platform.principal import Principal


class Policy(Protocol):
    async def visible_projects(self, principal: Principal, permission: str) -> Sequence[UUID] | None:
        """The projects of its team in which the principal holds this; None for all of them."""
        ...
