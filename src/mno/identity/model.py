"""Teams, projects and users, and the roles that every team has."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: The roles that every team has, by the ids that migration 0003 gave them.
OWNER_ROLE = UUID("00000000-0000-7000-8000-000000000001")
ADMIN_ROLE = UUID("00000000-0000-7000-8000-000000000002")
OPERATOR_ROLE = UUID("00000000-0000-7000-8000-000000000003")
VIEWER_ROLE = UUID("00000000-0000-7000-8000-000000000004")
HUB_ADMINISTRATOR_ROLE = UUID("00000000-0000-7000-8000-000000000005")


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
class Home:
    """Where a fresh installation begins: its one team, project and owner."""

    team: Team
    project: Project
    owner: User
    #: Whether this start created them.
    created: bool
