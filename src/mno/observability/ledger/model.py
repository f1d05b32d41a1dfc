"""What an entry of the ledger is.

What is owed is the sum of all entries' `cost`, what calls under way hold the sum of their `held`: no balance is kept
anywhere else, so none can disagree. Entries of the gateway's calls are written with their reservations (see
`budgets_turn` in migrations/postgres/0016_budgets.sql), those of everything else by the hour (posting.py).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

#: Entries of one page.
MAX_PAGE_ENTRIES = 500
#: Lines of one export.
MAX_EXPORT_LINES = 100_000
#: Lines of one chargeback.
MAX_CHARGEBACK_LINES = 10_000
#: The note of a credit, in characters.
MAX_NOTE_CHARACTERS = 500
#: The largest credit, in nano-dollars: a hundred million dollars.
MAX_CREDIT_NANO = 10**17


class LedgerKind(StrEnum):
    """Why an entry was written."""

    #: A call began and holds the most that it may cost.
    RESERVATION = "reservation"
    #: It ended and cost so much.
    SETTLEMENT = "settlement"
    #: It ended and cost nothing.
    RELEASE = "release"
    #: Nobody ended it, and its lease has run out.
    EXPIRY = "expiry"
    #: An hour's calls that came by other ways.
    USAGE = "usage"
    #: An hour that was posted before has changed: another price, a call that counts no more, one that came late.
    ADJUSTMENT = "adjustment"
    CREDIT = "credit"


class Key(NamedTuple):
    """Whose calls and of what: by this, entries and usage are compared. `tags` are `NAME=VALUE`, sorted."""

    provider: str
    model: str
    agent: str
    environment: str
    api_key: str
    tags: tuple[str, ...]


class Sums(NamedTuple):
    """Nano-dollars, tokens, calls."""

    cost: int = 0
    tokens: int = 0
    calls: int = 0

    def less(self, other: "Sums") -> "Sums":
        return Sums(self.cost - other.cost, self.tokens - other.tokens, self.calls - other.calls)


class Place(NamedTuple):
    """One hour of one project."""

    team_id: UUID
    project_id: UUID
    hour: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `position` grows and has gaps. `held` and `cost` are changes, in nano-dollars."""

    position: int
    team_id: UUID
    project_id: UUID
    at: datetime
    kind: LedgerKind
    hour: datetime
    key: Key
    held: int
    sums: Sums
    reservation: UUID | None
    estimated: bool
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry that is to be written for an hour of usage."""

    kind: LedgerKind
    key: Key
    sums: Sums


@dataclass(frozen=True, slots=True)
class Balance:
    """`spent` and `credited` are of a range of hours; `held` is what calls under way hold now."""

    spent: Sums
    credited: int
    held: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What one value of a dimension has cost."""

    value: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: an hour, a project, a key. `corrects` an earlier month's bill."""

    project_id: UUID
    hour: datetime
    key: Key
    is_credit: bool
    corrects: bool
    sums: Sums
    note: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of a project on which the ledger and the spans do not say the same."""

    team_id: UUID
    project_id: UUID
    day: datetime
    ledger: Sums
    spans: Sums
