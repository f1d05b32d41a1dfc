"""What a fact is: something that happened, told by the feature that changed it to whoever must react.

A fact commits in the transaction of the change that it reports and is delivered afterwards, at least once and in
order for each subject (`platform/outbox.py`). It says what is true now; it is no command and no copy of the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.platform.ids import new_id

#: The JSON of one fact, in bytes; what is larger belongs into a row that the fact names.
MAX_FACT_BYTES = 64 * 1024
#: The subject's and the kind's characters.
MAX_FACT_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """`subject` is the edge id of what changed (`usr_…`, `apr_…`): facts of one subject arrive in order, those of
    different subjects side by side. `kind` is `<feature>.<past tense>`: `identity.user_deactivated`. `data` is
    plain JSON without secrets. `team_id` is None for what belongs to no team.
    """

    team_id: UUID | None
    subject: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Parked:
    """A fact that one subscriber could not take, put aside after its last attempt: the dead letter."""

    fact: Fact
    subscriber: str
    published_at: datetime
    parked_at: datetime
    attempts: int
    error: str
