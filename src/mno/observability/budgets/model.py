"""What a budget is: how much, of what, for whom, in which time, and what happens when it is used up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

#: Budgets of one team.
MAX_BUDGETS_PER_TEAM = 500
#: Conditions of one budget.
MAX_BUDGET_CONDITIONS = 10
#: Characters of one condition's value.
MAX_CONDITION_CHARACTERS = 300
#: Thresholds of one budget.
MAX_THRESHOLDS = 10
#: The highest threshold, in percent of the limit.
MAX_THRESHOLD_PERCENT = 1_000
#: The largest limit: nano-dollars (a billion dollars), tokens or calls.
MAX_BUDGET_LIMIT = 10**18
#: The shortest rolling window, in seconds; its parts are then a minute long, as the usage rollup's are.
SHORTEST_ROLLING_S = 3_600
#: The longest rolling window, in seconds: ninety days.
MAX_ROLLING_S = 90 * 86_400
#: Parts of a rolling window: usage leaves it by such parts, so it may hold one sixtieth more than its length.
ROLLING_PARTS = 60
#: The largest price of a million tokens that a budget may assume for unpriced models, in nano-dollars.
MAX_FALLBACK_NANO = 10**15
#: The longest lease of a reservation, in seconds.
MAX_LEASE_S = 6 * 3_600.0
#: Dimensions of one call that budgets look at.
MAX_CALL_DIMENSIONS = 100
#: Characters of one such dimension, its name and its value together.
MAX_DIMENSION_CHARACTERS = 1_000
#: The most that one call may reserve or use: nano-dollars (a million dollars), tokens or calls.
MAX_CALL_AMOUNT = 10**15

#: The dimensions that a budget may name; `tag:NAME` besides.
DIMENSIONS = ("user", "session", "agent", "api_key", "provider", "model", "environment")
TAG = "tag:"


class Unit(StrEnum):
    """What a limit counts."""

    MONEY = "money"
    TOKENS = "tokens"
    CALLS = "calls"


class Cycle(StrEnum):
    """In which time a limit may be used up."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ROLLING = "rolling"


class Unpriced(StrEnum):
    """What a budget in money does with a call whose price is not known."""

    ALLOW = "allow"
    BLOCK = "block"
    PRICE = "price"


class Used(Protocol):
    """What a call may use, or has used: nano-dollars (None where the price is not known), tokens, calls."""

    @property
    def cost_nano(self) -> int | None: ...
    @property
    def tokens(self) -> int: ...
    @property
    def calls(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Amounts:
    """The same as a value; `tokens` is input and output together."""

    cost_nano: int | None
    tokens: int
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Period:
    """`rolling_s` is the length of a rolling window in seconds, 0 for the others."""

    cycle: Cycle
    rolling_s: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit.

    `limit` is nano-dollars, tokens or calls. It counts the calls of `project_id` (None: of the whole team) that have
    all values of `matches`. With `per`, each value of that dimension has a counter of its own, and calls without one
    are not counted. `status` is what a refused call is answered with. `fallback_nano` is the price of a million
    tokens for `Unpriced.PRICE`.
    """

    id: UUID
    team_id: UUID
    project_id: UUID | None
    name: str
    unit: Unit
    limit: int
    matches: Mapping[str, str]
    per: str
    period: Period
    hard: bool
    status: int
    thresholds: tuple[int, ...]
    unpriced: Unpriced
    fallback_nano: int
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    #: Everything before has been counted from the usage rollups, whoever sent it.
    counted_until: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Which counters a call at one moment goes by.

    `head` is the counter that holds reservations and is locked: the period's own, or one for ever (the epoch) for a
    rolling window. Use is counted in `part`, and that of all parts from `since` on counts against the limit. Nothing
    of this changes before `until`. `resets_at` is when room comes back: the end of the period, or the moment at which
    the oldest part leaves a rolling window.
    """

    head: datetime
    part: datetime
    since: datetime
    until: datetime
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How one counter stands: used, and held for calls under way."""

    budget: Budget
    who: str
    spent: int
    reserved: int
    window: Window

    @property
    def remaining(self) -> int:
        """What a call may still use; 0 once the limit is reached."""
        return max(0, self.budget.limit - self.spent - self.reserved)
