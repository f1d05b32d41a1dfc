"""A data key as it lies in the database, and what it encrypted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: The owner of what belongs to no team.
HUB = UUID(int=0)

#: Data keys that this process remembers unwrapped.
MAX_REMEMBERED_DATA_KEYS = 2_000


@dataclass(frozen=True, slots=True)
class DataKey:
    """Wrapped: `master` is the id of the key that opens it. The newest version of a team encrypts."""

    id: UUID
    team_id: UUID
    version: int
    master: str
    wrapped: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext and the data key that it needs."""

    data_key: UUID
    ciphertext: bytes
