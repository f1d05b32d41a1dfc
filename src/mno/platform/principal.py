"""Who is asking: the answer of authentication, the question of every permission check."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from mno.platform.permissions import HUB, TEAM
from mno.platform.scope import Level, Scope


class Rights(Protocol):
    """What one principal may anywhere, from its grants."""

    def may(self, permission: str, scope: Scope) -> bool: ...

    def may_below(self, permission: str, project_id: UUID) -> bool:
        """Whether it is held in the project, or for one agent, tool or task of it at least."""
        ...

    def is_told_apart(self, level: Level, project_id: UUID) -> bool:
        """Whether anything is granted or denied on this level of the project."""
        ...


class PrincipalKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    #: The program's own work: schedules, the first start.
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Principal:
    """One caller, bound to the team and project in which it acts.

    `id` is the user's or the key's id. The permissions are names such as `spans.read`, expanded from roles and
    grants for each level: `permissions` in the project (what the team inherits downwards included), the others in
    the team and on the hub.
    """

    kind: PrincipalKind
    id: UUID
    name: str
    team_id: UUID
    project_id: UUID
    permissions: frozenset[str]
    team_permissions: frozenset[str] = frozenset()
    hub_permissions: frozenset[str] = frozenset()
    #: The person behind a session or a key; None for the program's own keys.
    user_id: UUID | None = None
    session_id: UUID | None = None
    #: When the person last showed in this session what they have: a second factor, or the password where that is all.
    verified_at: datetime | None = None
    #: Whether a second factor or a passkey was shown in this session.
    second_factor: bool = False
    #: The one agent that a key is for.
    agent: str = ""
    #: The path below which alone it may act, `/mcp/github`; empty: everywhere.
    audience: str = ""
    #: For questions about a scope; the policy fills it in, None where the sets above are all there is.
    rights: Rights | None = field(default=None, compare=False, repr=False)

    def may(self, permission: str) -> bool:
        """On the level on which this permission is asked for: here, in the team, or on the hub."""
        if permission in TEAM:
            return permission in self.team_permissions
        if permission in HUB:
            return permission in self.hub_permissions
        return permission in self.permissions

    def may_in_team(self, permission: str) -> bool:
        """Whether a project's permission is held for the whole team, as what belongs to no project wants."""
        return permission in self.team_permissions
