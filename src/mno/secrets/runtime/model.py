"""The runtime environment: entries on scopes, what a change demands, and what an execution receives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mno.platform.scope import Level, Scope
from mno.secrets.secret import Secret

#: Entries of one team, secrets and variables together.
MAX_ENTRIES_PER_TEAM = 5_000
#: Entries that one execution receives.
MAX_ENTRIES_PER_ENVIRONMENT = 500
#: The name of an entry.
MAX_ENTRY_NAME_CHARACTERS = 128
#: One value, in bytes of UTF-8.
MAX_VALUE_BYTES = 32 * 1024
#: What an entry is for, in its owner's words.
MAX_PURPOSE_CHARACTERS = 500
#: The name of an agent or task.
MAX_SCOPE_NAME_CHARACTERS = 200
#: Versions of an entry whose time and author are kept; values of former ones are not.
MAX_KEPT_VERSIONS = 100

#: The levels that have an environment.
LEVELS = frozenset({Level.TEAM, Level.PROJECT, Level.AGENT, Level.TASK})


class Kind(StrEnum):
    """A secret is never shown again; a variable is there to be read."""

    SECRET = "secret"  # noqa: S105 - the name of a kind
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name on one scope. `plain` is a variable's value; a secret's is nowhere in this object."""

    id: UUID
    scope: Scope
    name: str
    kind: Kind
    purpose: str
    version: int
    plain: str | None
    created_at: datetime
    created_by: str
    #: When the value was last set, and by whom.
    rotated_at: datetime
    rotated_by: str


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    kind: Kind
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be there. Without a value the present one stays (only the purpose changes).

    `version` is the one that the change is based on; None sets it whatever is there, 0 only where nothing is.
    """

    scope: Scope
    name: str
    kind: Kind
    purpose: str
    value: Secret | None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Protection:
    """What adding, changing and deleting demands on a project, or on the team's own scope (`project_id` None)."""

    project_id: UUID | None
    second_person: bool = False
    fresh_factor: bool = False
    updated_at: datetime | None = None
    updated_by: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a wish: done (`entry`, None where it was deleted), or waiting for `approval_id`."""

    entry: Entry | None = None
    approval_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """What one execution receives, from the widest scope to the narrowest; the narrowest wins."""

    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    def reveal(self) -> dict[str, str]:
        """All of it as plain text, for the moment in which a process is started with it."""
        return {**self.variables, **{name: secret.reveal() for name, secret in self.secrets.items()}}
