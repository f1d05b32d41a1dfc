"""Who is asking: the answer of authentication, the question of every permission check."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class PrincipalKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Principal:
    """One caller, bound to the team and project in which it acts.

    `id` is the user's or the key's id; `permissions` are names such as `spans.read`.
    """

    kind: PrincipalKind
    id: UUID
    name: str
    team_id: UUID
    project_id: UUID
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions
