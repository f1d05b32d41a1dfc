"""What the ledger hears of a call whose counters are not in Postgres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that ended: by settlement, release or expiry. Money in nano-dollars.

    `was_held` is false for a settlement that comes after the lease has run out: it gives nothing back.
    """

    reservation: UUID
    team_id: UUID
    project_id: UUID
    started_at: datetime
    kind: str
    was_held: bool
    held: int
    cost: int
    tokens: int
    calls: int
    estimated: bool
    dimensions: Mapping[str, str]
    tags: Sequence[str]
