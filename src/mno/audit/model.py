"""What an audit entry is: who did what to which thing, from where, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

#: The chain of what belongs to no team.
HUB_CHAIN = UUID(int=0)
#: The actor and the person of whom nothing is known.
NOBODY = UUID(int=0)

#: The longest text of a changed field, of a name and of a detail; what is longer is cut and says so.
MAX_VALUE_CHARACTERS = 4_000
#: Changed fields of one entry; the rest is counted.
MAX_CHANGED_FIELDS = 200
#: Refused attempts of different kinds that are remembered at once.
MAX_PENDING_REFUSALS = 2_000


class Outcome(StrEnum):
    """What became of an attempt."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Payload:
    """What may be personal, and can be erased without breaking the chain."""

    actor_name: str = ""
    resource_name: str = ""
    address: str = ""
    agent: str = ""
    detail: str = ""
    #: For each changed field its value before and after; one of the two is missing where there was none.
    difference: dict[str, dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be appended; the chain adds its place, time and hashes."""

    actor_kind: str
    actor_id: UUID
    person_id: UUID
    action: str
    resource: str
    outcome: Outcome
    trace_id: str
    payload: Payload
    times: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in its chain; without a payload once that was erased."""

    team_id: UUID
    seq: int
    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID
    person_id: UUID
    action: str
    resource: str
    outcome: str
    trace_id: str
    times: int
    payload_hash: bytes
    hash: bytes
    payload: Payload | None
