"""What callers ask of counters, and what they are answered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.observability.budgets.model import Budget, Used, Window

#: Takes what is asked to the counters and brings the answer.
Taken = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
#: Which counter: a budget's, whose, and the window's head.
Key = tuple[UUID, str, datetime]


@dataclass(frozen=True, slots=True)
class Hold:
    """What one call holds of one counter."""

    budget: Budget
    who: str
    window: Window
    amount: int

    @property
    def key(self) -> Key:
        return self.budget.id, self.who, self.window.head


@dataclass(frozen=True, slots=True)
class Reserve:
    """One call that wants to begin."""

    id: UUID
    team_id: UUID
    project_id: UUID
    started_at: datetime
    lease_s: float
    holds: Sequence[Hold]
    cost_nano: int
    dimensions: Mapping[str, str]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class End:
    """One call that ended: with what it used, or None where it used nothing."""

    id: UUID
    actual: Used | None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Full:
    """A counter that had no room, as it stood when the call was refused.

    `ahead` is what processes held of it for calls that nobody had made yet.
    """

    hold: Hold
    spent: int
    reserved: int
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter after a turn."""

    hold: Hold
    spent: int
