"""Use cases of grants: who has which role where, and why somebody may or may not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.model import HUB_ADMINISTRATOR_ROLE, OWNER_ROLE
from mno.identity.policy import store
from mno.identity.policy.explain import Explanation
from mno.identity.policy.model import (
    MAX_GRANTS_PER_TEAM,
    MAX_SCOPE_NAME_CHARACTERS,
    Effect,
    Grant,
    SubjectKind,
)
from mno.identity.policy.rules import BITS, Key, nearest
from mno.identity.policy.service import Policy
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Denied, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope

#: Grants of one page.
MAX_PAGE_GRANTS = 200
_PREFIXES = {SubjectKind.USER: "usr", SubjectKind.GROUP: "grp", SubjectKind.API_KEY: "key"}


class KeyFinder(Protocol):
    """What an API key may by itself."""

    async def find(self, tx: Connection, team_id: UUID, key_id: UUID) -> tuple[str, Key] | None: ...


@dataclass(frozen=True, slots=True)
class GrantWish:
    subject_kind: SubjectKind
    subject_id: UUID
    role_id: UUID
    scope_kind: Level
    project_id: UUID | None = None
    scope_name: str = ""
    effect: Effect = Effect.ALLOW


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant with the names of what it binds."""

    grant: Grant
    subject_name: str
    role_name: str
    project_name: str


@dataclass(frozen=True, slots=True)
class GrantFilter:
    subject_kind: SubjectKind | None = None
    subject_id: UUID | None = None
    role_id: UUID | None = None
    scope_kind: Level | None = None
    project_id: UUID | None = None
    scope_name: str | None = None
    effect: Effect | None = None

    def columns(self) -> dict[str, Any]:
        wanted = {
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "role_id": self.role_id,
            "scope_kind": self.scope_kind,
            "project_id": self.project_id,
            "scope_id": self.scope_name,
            "effect": self.effect,
        }
        return {column: value for column, value in wanted.items() if value is not None}


class Grants:
    """The grants of a team. Nobody gives or takes what they do not hold themselves, there."""

    def __init__(self, database: Database, policy: Policy, audit: Audit, keys: KeyFinder) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._keys = keys

    async def page(
        self, principal: Principal, wanted: GrantFilter, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[ListedGrant]:
        """Newest first."""
        async with self._database.transaction(principal.team_id) as tx:
            rows = await store.grants_like(tx, principal.team_id, wanted.columns(), after, limit)
        return [_listed(row) for row in rows]

    async def create(self, principal: Principal, wish: GrantWish) -> ListedGrant:
        """`NotFound` for a subject, role or project that the team does not have, `Denied` for more than one holds."""
        check_scope(wish.scope_kind, wish.project_id, wish.scope_name)
        grant = Grant(
            new_id(),
            principal.team_id,
            wish.subject_kind,
            wish.subject_id,
            wish.role_id,
            wish.effect,
            wish.scope_kind,
            wish.project_id,
            wish.scope_name,
            clock.now(),
            principal.name,
        )
        _check_hub(grant)
        async with self._database.across_teams() as tx:
            await self._changed(tx, grant)
            name = await store.subject_name(tx, grant.team_id, grant.subject_kind, grant.subject_id)
            if name is None:
                raise NotFound("The team has no such person, group or working key.")
            if grant.project_id is not None and not await store.has_project(tx, grant.team_id, grant.project_id):
                raise NotFound("There is no such project.")
            await self._policy.require_grantable(tx, principal, grant.role_id, grant.scope)
            if grant.effect is Effect.DENY:
                await self._policy.require_may_deny(tx, principal, grant.team_id, grant.subject_id)
            if await store.count_grants(tx, grant.team_id) >= MAX_GRANTS_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_GRANTS_PER_TEAM} grants; grant to groups instead.")
            await store.insert_grant(tx, grant)
            if grant.effect is Effect.DENY and grant.scope_kind is Level.TEAM:
                await self._policy.require_owner_left(tx, grant.team_id)
            [row] = await store.grants_like(tx, grant.team_id, {"id": grant.id}, None, 1)
            listed = _listed(row)
            await self._audit.record(
                tx, principal, "grants.create", shown("grant", grant.id), name=name, after=_told(listed)
            )
        return listed

    async def delete(self, principal: Principal, grant_id: UUID) -> None:
        """`Denied` for one that gives (or denies) more than the principal holds, `Conflict` for the last Owner's."""
        async with self._database.across_teams() as tx:
            await self._policy.changed(tx, principal.team_id)
            rows = await store.grants_like(tx, principal.team_id, {"id": grant_id}, None, 1)
            if not rows:
                raise NotFound("There is no such grant.")
            listed = _listed(rows[0])
            grant = listed.grant
            await self._policy.require_grantable(tx, principal, grant.role_id, grant.scope)
            if grant.scope_kind is Level.HUB:
                await self._changed(tx, grant)
            await store.delete_grant(tx, principal.team_id, grant_id)
            if grant.role_id == OWNER_ROLE and grant.scope_kind is Level.TEAM and grant.effect is Effect.ALLOW:
                await self._policy.require_owner_left(tx, principal.team_id)
            await self._audit.record(
                tx,
                principal,
                "grants.delete",
                shown("grant", grant_id),
                name=listed.subject_name,
                before=_told(listed),
            )

    async def explain(
        self,
        principal: Principal,
        kind: SubjectKind,
        subject_id: UUID,
        permission: str,
        scope: Scope,
        *,
        verified: bool,
    ) -> Explanation:
        """Why a person or key of the team may, or may not."""
        if permission not in BITS:
            raise Invalid(f"'{permission[:80]}' is no permission. Did you mean '{nearest(permission[:80])}'?")
        check_scope(scope.level, scope.project_id, scope.name)
        async with self._database.transaction(principal.team_id) as tx:
            if scope.project_id and not await store.has_project(tx, principal.team_id, scope.project_id):
                raise NotFound("There is no such project.")
            if kind is SubjectKind.API_KEY:
                found = await self._keys.find(tx, principal.team_id, subject_id)
                if found is None:
                    raise NotFound("There is no such key.")
                return await self._policy.explain_key(tx, principal.team_id, subject_id, *found, permission, scope)
        if kind is SubjectKind.GROUP:
            raise Invalid("A group does nothing by itself. Ask about one of its people.")
        return await self._policy.explain_user(principal.team_id, subject_id, permission, scope, verified=verified)

    async def _changed(self, tx: Connection, grant: Grant) -> None:
        """What a person may on the hub holds in all of their teams."""
        await self._policy.changed(tx, grant.team_id)
        if grant.scope_kind is Level.HUB and grant.subject_kind is SubjectKind.USER:
            await self._policy.changed_for(tx, grant.subject_id)


def check_scope(level: Level, project_id: UUID | None, name: str) -> None:
    """`Invalid` for a scope that names too little or too much."""
    if level in (Level.HUB, Level.TEAM):
        if project_id is not None or name:
            raise Invalid(f"The scope {level} takes neither a project nor a name.")
        return
    if project_id is None:
        raise Invalid(f"The scope {level} needs a project.")
    if level is Level.PROJECT and name:
        raise Invalid("The scope project takes no further name.")
    if level is not Level.PROJECT and not 0 < len(name) <= MAX_SCOPE_NAME_CHARACTERS:
        raise Invalid(f"The scope {level} needs the {level}'s name, of {MAX_SCOPE_NAME_CHARACTERS} characters at most.")


def _check_hub(grant: Grant) -> None:
    """The hub's role is for the hub, for people and keys one by one: a team's groups are the team's affair."""
    if (grant.scope_kind is Level.HUB) != (grant.role_id == HUB_ADMINISTRATOR_ROLE):
        raise Invalid("On the hub there is the role of its administrators, and that role holds nowhere else.")
    if grant.scope_kind is Level.HUB and grant.subject_kind is SubjectKind.GROUP:
        raise Denied("The hub is granted to people and keys by name, not to groups.")


def _listed(row: dict[str, Any]) -> ListedGrant:
    return ListedGrant(store.grant_from(row), row["subject_name"], row["role_name"], row["project_name"] or "")


def _told(listed: ListedGrant) -> dict[str, Any]:
    """For the audit log."""
    grant = listed.grant
    return {
        "subject": shown(_PREFIXES[grant.subject_kind], grant.subject_id),
        "role": shown("role", grant.role_id),
        "role_name": listed.role_name,
        "effect": grant.effect,
        "scope": grant.scope_kind,
        "project": shown("prj", grant.project_id) if grant.project_id else None,
        "name": grant.scope_id,
    }
