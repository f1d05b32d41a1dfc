"""A rotation: what is encrypted anew, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

#: Values that one transaction encrypts anew.
MAX_ROTATED_AT_ONCE = 100
#: Rotations that a list shows, the newest.
MAX_LISTED_ROTATIONS = 50


class RotationKind(StrEnum):
    #: A new data key of a team (or of the hub), and every value under it.
    DATA_KEY = "data_key"
    #: A new master key, and every data key under it.
    MASTER_KEY = "master_key"


class RotationState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rotation:
    """`team_id` all zeros is the hub. `done` counts values, or data keys."""

    id: UUID
    team_id: UUID
    kind: RotationKind
    state: RotationState
    done: int
    error: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
