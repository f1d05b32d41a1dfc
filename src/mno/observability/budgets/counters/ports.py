"""What budgets ask of counters, wherever they are."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from mno.observability.budgets.counters.model import ByCounter, Recount
from mno.observability.budgets.model import Budget, Window
from mno.platform.database import Connection


class Counters(Protocol):
    """Everything raises `Unavailable` while they do not answer."""

    #: As it is shown to people.
    name: str

    def may_hold_ahead(self) -> bool:
        """Whether a process may hold room ahead (turns/allowances.py): where a turn is dear, and while it runs."""
        ...

    async def turn(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """One turn as turns/ asks for it; see `budgets_turn` in migrations/postgres/0033_budget_allowances.sql.

        `CountersLost` where budgets have to be counted first.
        """
        ...

    async def sweep(self) -> None:
        """Gives back what leases that ran out have held, and connects again where the connection was lost."""
        ...

    async def oldest_minute_settled_since(self, budget: Budget, moment: datetime) -> datetime | None:
        """The earliest minute of calls that were settled after `moment`: their spans may still be on their way."""
        ...

    async def recounted(self, tx: Connection, recount: Recount) -> None:
        """Takes the place of what was counted before; `tx` holds the budget's row. May raise `CountersLost`."""
        ...

    async def rebuilt(self, tx: Connection, recount: Recount) -> None:
        """The same of counters that were lost; what is counted already stays."""
        ...

    async def forgotten(self, budgets: Collection[UUID]) -> None:
        """These are no budgets any more: what still asks for them finds nothing used."""
        ...

    async def followed(self, tx: Connection, budget: Budget, window: Window, recent: ByCounter) -> None:
        """Replaces `recent`, which was counted from the budget's `counted_until` on."""
        ...

    async def readings(self, budget: Budget, window: Window, whos: Sequence[str] | None) -> list[tuple[str, int]]:
        """What each counter (None), or each of these, has used in the window."""
        ...

    async def used(self, budget: Budget, window: Window, *, limit: int) -> list[tuple[str, int, int]]:
        """The fullest counters of a budget: who, spent, reserved."""
        ...

    async def prune(self, now: datetime) -> None:
        """Forgets reservations and counters that nobody will ask for."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]: ...
