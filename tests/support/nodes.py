"""Processes of one installation over one Postgres, each with a policy and keys of its own; and people in teams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from mno.audit.service import Audit
from mno.bootstrap.identity import Access, build_access
from mno.identity import store
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import Home, User
from mno.identity.policy.model import Effect, Grant, SubjectKind
from mno.identity.policy.store import insert_grant
from mno.identity.service import Identity
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.principal import Principal
from mno.platform.scope import Level
from mno.platform.versions import Versions
from support.engines import opened


@dataclass(frozen=True)
class Node:
    """One process."""

    database: Database
    versions: Versions
    access: Access
    identity: Identity

    async def person(
        self, home: Home, name: str, role_id: UUID | None = None, project_id: UUID | None = None
    ) -> Principal:
        """A new member of the team, with a role there (or on one project) if one is named; as they ask."""
        user = User(new_id(), home.team.id, name, "")
        async with self.database.across_teams() as tx:
            await store.insert_user(tx, user)
            if role_id is not None:
                level = Level.TEAM if project_id is None else Level.PROJECT
                await insert_grant(tx, a_grant(home.team.id, SubjectKind.USER, user.id, role_id, level, project_id))
            await self.access.policy.changed(tx, home.team.id)
        return await self.acting(home, user.id, name)

    async def acting(self, home: Home, user_id: UUID, name: str = "somebody", *, verified: bool = True) -> Principal:
        """The person as a session of this process makes them."""
        at = clock.now() if verified else None
        return await self.access.policy.user_principal(home.team.id, home.project.id, user_id, name, verified_at=at)


def a_grant(
    team_id: UUID,
    kind: SubjectKind,
    subject_id: UUID,
    role_id: UUID,
    level: Level = Level.TEAM,
    project_id: UUID | None = None,
    name: str = "",
    effect: Effect = Effect.ALLOW,
) -> Grant:
    return Grant(new_id(), team_id, kind, subject_id, role_id, effect, level, project_id, name, clock.now(), "test")


def node_over(database: Database, remembered: RememberedPrincipals | None = None) -> Node:
    """A process that hears nothing of others: what it keeps it believes for a second."""
    versions = Versions(database)
    access = build_access(database, versions, Audit(database), remembered)
    return Node(database, versions, access, Identity(database, access.policy, access.keys, versions))


@asynccontextmanager
async def a_node(url: str) -> AsyncIterator[Node]:
    """A whole process, which listens."""
    async with opened(url) as database:
        node = node_over(database)
        async with node.versions.running():
            yield node
