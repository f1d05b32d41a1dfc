"""What a setting is, where it can be set, and what a saved change looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from mno.platform.scope import Level

#: Stands for the hub where a team is asked for.
HUB = UUID(int=0)

#: A text that is one line.
MAX_TEXT_CHARACTERS = 1000
#: Items of a setting that is a list.
MAX_LIST_ITEMS = 200
#: Own patterns of redaction.
MAX_PATTERNS = 50
#: Settings that change in one save.
MAX_CHANGES_AT_ONCE = 100
#: The note of a save.
MAX_NOTE_CHARACTERS = 500
#: A text to try redaction on.
MAX_TRIAL_CHARACTERS = 100_000
#: Matches that a trial names.
MAX_TRIAL_MATCHES = 1_000


class Kind(StrEnum):
    """The type of a value, as JSON carries it."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    #: Some of `choices`, in the order of the catalogue.
    CHOICES = "choices"
    #: IP addresses and networks, IPv4 and IPv6, as CIDR.
    NETWORKS = "networks"
    #: Host names (`.example.com` with all below) and networks.
    HOSTS = "hosts"
    #: Objects of name, pattern (RE2 syntax) and replacement.
    PATTERNS = "patterns"


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the catalogue. Its title and description stand in words.json, in three languages."""

    name: str
    kind: Kind
    default: Any
    levels: tuple[Level, ...]
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    #: A change counts at once on every node; otherwise after a restart.
    at_once: bool = True
    #: The system that will read it, where that one has not come yet; empty for what has an effect today.
    awaits: str = ""

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where values stand: the hub (`HUB`, None), a team, or one of its projects."""

    team_id: UUID
    project_id: UUID | None = None

    @property
    def level(self) -> Level:
        if self.team_id == HUB:
            return Level.HUB
        return Level.TEAM if self.project_id is None else Level.PROJECT


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting as it holds in one place: its value, and the level from which that comes (None: the default)."""

    setting: Setting
    value: Any
    source: Level | None
    #: The value that is set in this place itself; None where it has none.
    own: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that a save changes; None where the place has (or will have) none of its own."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Revision:
    """One save: everything that it changed, and who wanted it."""

    number: int
    at: datetime
    by: str
    note: str
    changes: Sequence[Difference]
