"""Roles and grants as records, and their limits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mno.platform.scope import Level, Scope

#: Custom roles of one team.
MAX_ROLES_PER_TEAM = 1_000
#: Other roles that one role includes by itself.
MAX_INCLUDED_ROLES = 50
#: Permissions that one role names by itself, patterns counted as one.
MAX_PERMISSIONS_PER_ROLE = 200
#: Grants of one team.
MAX_GRANTS_PER_TEAM = 100_000
#: Sets of rights that one process keeps in memory, one for each person or key that asked lately.
MAX_REMEMBERED_RIGHTS = 20_000
#: The longest name of an agent, tool or task in a grant.
MAX_SCOPE_NAME_CHARACTERS = 200
#: What a role says of itself.
MAX_DESCRIPTION_CHARACTERS = 500
#: For how long rights are believed when this process does not hear of changes, in seconds.
BELIEVED_S = 1.0


class SubjectKind(StrEnum):
    USER = "user"
    GROUP = "group"
    API_KEY = "api_key"


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Role:
    """`team_id` is None for the roles that every team has; these cannot be changed."""

    id: UUID
    team_id: UUID | None
    name: str
    description: str
    permissions: tuple[str, ...]
    includes: tuple[UUID, ...] = ()
    demands_second_factor: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    id: UUID
    team_id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    role_id: UUID
    effect: Effect
    scope_kind: Level
    project_id: UUID | None = None
    #: The name of the agent, tool or task.
    scope_id: str = ""
    created_at: datetime | None = None
    created_by: str = ""

    @property
    def scope(self) -> Scope:
        return Scope(self.scope_kind, self.team_id, self.project_id, self.scope_id)
