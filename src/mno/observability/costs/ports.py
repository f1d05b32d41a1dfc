"""What costs need from others: repricing of stored spans, and the names of API keys."""

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from mno.observability.spans.model import Span


class Repriced(Protocol):
    """Spans that were looked at, and those that got another price."""

    @property
    def total(self) -> int: ...
    @property
    def changed(self) -> int: ...


class Restatement(Protocol):
    """Restates stored spans under another price; reported costs stay, a second run changes nothing."""

    async def reprice(
        self, team_id: str, project_id: str, first_us: int, last_us: int, price: Callable[[Span], None]
    ) -> Repriced:
        """Spans that start from `first_us` to before `last_us`, microseconds since the epoch."""
        ...

    async def repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:
        """Makes the rollups of a range whole, in which an earlier run may have been killed."""
        ...


class KeyNames(Protocol):
    """How a team calls its API keys, revoked ones included."""

    async def names_of_keys(self, team_id: UUID) -> Mapping[UUID, str]: ...
