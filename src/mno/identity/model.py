"""Teams, projects, users, keys and sessions, and what a key's scopes allow."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: How long a one-time link works.
SIGN_IN_LINK_LIFETIME = timedelta(hours=1)
#: How long a session lasts.
SESSION_LIFETIME = timedelta(days=30)
#: A key's last use is written down this often at most.
LAST_USE_RESOLUTION = timedelta(minutes=1)
#: For how long this process believes what it read about a key or session; so a revocation elsewhere counts
#: after at most this time.
REMEMBERED_S = 1.0

#: The roles that every team has, by the ids that migration 0003 gave them.
OWNER_ROLE = UUID("00000000-0000-7000-8000-000000000001")
ADMIN_ROLE = UUID("00000000-0000-7000-8000-000000000002")
OPERATOR_ROLE = UUID("00000000-0000-7000-8000-000000000003")
VIEWER_ROLE = UUID("00000000-0000-7000-8000-000000000004")
HUB_ADMINISTRATOR_ROLE = UUID("00000000-0000-7000-8000-000000000005")

READING = frozenset({"spans.read", "usage.read", "prices.read", "keys.read", "system.read", "settings.read"})
WRITING = frozenset({"spans.write", "prices.write", "keys.write", "settings.write"})
EVERYTHING = READING | WRITING


class Scope(StrEnum):
    """What an API key is for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


_PERMISSIONS = {
    Scope.INGEST: frozenset({"spans.write"}),
    Scope.READ: READING,
    Scope.ADMIN: EVERYTHING,
}


def permissions_of(scopes: tuple[Scope, ...]) -> frozenset[str]:
    """The union of what the scopes allow."""
    return frozenset().union(*(_PERMISSIONS[scope] for scope in scopes))


@dataclass(frozen=True, slots=True)
class Team:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    id: UUID
    team_id: UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    team_id: UUID
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret: `prefix` is the part that may be shown."""

    id: UUID
    team_id: UUID
    project_id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Where a fresh installation begins: its one team, project and owner."""

    team: Team
    project: Project
    owner: User
    #: Whether this start created them.
    created: bool
