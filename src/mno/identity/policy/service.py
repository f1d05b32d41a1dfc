"""The policy: who may do what, asked by everybody, from memory.

What one person or key may is read when it is first asked and compiled (rules.py). It is believed until a
transaction changes something in its team: that bumps the team's topic, which every process hears (platform/
versions.py). A process that hears nothing believes what it read for a second and no longer.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from mno.identity.model import HUB_ADMINISTRATOR_ROLE, OWNER_ROLE
from mno.identity.policy import store
from mno.identity.policy.explain import Explanation, Subject, explained
from mno.identity.policy.model import BELIEVED_S, MAX_REMEMBERED_RIGHTS, Effect, Grant, SubjectKind
from mno.identity.policy.rules import (
    Key,
    Rights,
    mask_of,
    masks_of,
    meant_at,
    names_of,
    rights_of,
)
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, NotFound, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.permissions import PROJECT
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Level, Scope
from mno.platform.versions import Versions

TOPICS = "policy/"
#: Whoever is denied one of these is no Owner any more, whatever role they have.
_OF_AN_OWNER = mask_of({"team.write", "members.write", "roles.write", "grants.write"})


def topic_of(team_id: UUID) -> str:
    return f"{TOPICS}{team_id}"


class Policy:
    """One for each process. `changed` belongs into every transaction that touches grants, roles, groups or members."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions
        self._known: dict[UUID, dict[tuple[UUID, bool], tuple[Rights, float]]] = {}
        self._entries = 0
        #: Grows with every change that is heard, so that what was read before it is not remembered after it.
        self._generation = 0
        versions.watch(TOPICS, self._forget)

    # — questions —

    def may(self, principal: Principal, permission: str, scope: Scope) -> bool:
        """From memory. Another team than the principal's is always refused; `may_anywhere` asks there."""
        if principal.rights is not None:
            return principal.rights.may(permission, scope)
        return _rights_of_sets(principal).may(permission, scope)

    def check(self, principal: Principal, permission: str, scope: Scope) -> None:
        """`Denied`, naming what is missing."""
        if not self.may(principal, permission, scope):
            raise Denied(f"'{principal.name}' may not do this: the permission {permission} is missing {_where(scope)}.")

    async def may_anywhere(self, principal: Principal, permission: str, scope: Scope) -> bool:
        """The same about any team: a person is asked for what they may there, a key may nothing elsewhere."""
        if scope.team_id == principal.team_id or principal.user_id is None or principal.kind is not PrincipalKind.USER:
            return self.may(principal, permission, scope)
        try:
            rights = await self.rights_of_user(scope.team_id, principal.user_id, verified=principal.second_factor)
        except Unauthenticated:
            return False
        return rights.may(permission, scope)

    async def visible_projects(self, principal: Principal, permission: str = "projects.read") -> Sequence[UUID] | None:
        """The projects of its team in which the principal holds this; None for all of them. For queries' filters."""
        rights = principal.rights if isinstance(principal.rights, Rights) else _rights_of_sets(principal)
        all_but, projects = rights.projects_with(permission)
        if not all_but:
            return sorted(projects)
        if not projects:
            return None
        async with self._database.transaction(principal.team_id) as tx:
            return [project for project in await store.projects_of(tx, principal.team_id) if project not in projects]

    # — who asks —

    async def rights_of_user(self, team_id: UUID, user_id: UUID, *, verified: bool) -> Rights:
        """`Unauthenticated` for somebody who is not (or not any more) in the team."""
        known = self._remembered(team_id, user_id, verified)
        if known is not None:
            return known
        generation, began = self._generation, time.monotonic()
        async with self._database.across_teams() as tx:
            if not await store.is_member(tx, team_id, user_id):
                raise Unauthenticated("You are not a member of this team any more. Sign in again.")
            rights = await _read_user(tx, team_id, user_id, verified=verified)
        self._remember(team_id, user_id, verified, rights, generation, began)
        return rights

    async def rights_of_key(self, tx: Connection, team_id: UUID, key_id: UUID, key: Key) -> Rights:
        """What the key may by itself and by its own grants. Keys are remembered whole, elsewhere."""
        grants = await store.grants_of_subject(tx, team_id, SubjectKind.API_KEY, key_id)
        roles = await store.roles_reached(tx, {grant.role_id for grant in grants}) if grants else {}
        return rights_of(team_id, grants, masks_of(roles), verified=False, key=key)

    async def user_principal(
        self,
        team_id: UUID,
        project_id: UUID,
        user_id: UUID,
        name: str,
        *,
        session_id: UUID | None = None,
        verified_at: datetime | None = None,
    ) -> Principal:
        """A person who acts in this team and project; `verified_at` is when they showed a second factor, if they did.

        `Unauthenticated` when they are not in the team any more.
        """
        rights = await self.rights_of_user(team_id, user_id, verified=verified_at is not None)
        return Principal(
            PrincipalKind.USER,
            user_id,
            name,
            team_id,
            project_id,
            names_of(rights.mask(Scope.project(team_id, project_id))),
            names_of(rights.in_team()),
            names_of(rights.hub),
            user_id=user_id,
            session_id=session_id,
            verified_at=verified_at,
            second_factor=verified_at is not None,
            rights=rights,
        )

    async def rights_within(self, tx: Connection, principal: Principal) -> Rights:
        """What the principal may as this transaction sees it: for decisions about rights themselves."""
        if isinstance(principal.rights, Rights) and principal.rights.key is not None:
            return await self.rights_of_key(tx, principal.team_id, principal.id, principal.rights.key)
        if principal.kind is PrincipalKind.USER and principal.rights is not None:
            if not await store.is_member(tx, principal.team_id, principal.id):
                raise Denied("You are not a member of this team any more.")
            return await _read_user(tx, principal.team_id, principal.id, verified=principal.second_factor)
        return _rights_of_sets(principal)

    # — changes —

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Every process forgets what it knows of the team when this transaction commits.

        Holds off others that change the same team until then, so call it before what must be decided alone.
        """
        await self._versions.bump(tx, topic_of(team_id))

    async def require_held(self, tx: Connection, principal: Principal, mask: int, scope: Scope) -> None:
        """`Denied` unless the principal holds all of these there itself: nobody gives what they do not have."""
        rights = await self.rights_within(tx, principal)
        missing = mask & meant_at(scope.level) & ~rights.mask(scope)
        if missing:
            names = sorted(names_of(missing))
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise Denied(f"Nobody gives or takes what they do not hold themselves: {', '.join(names[:3])}{more}.")

    async def require_grantable(self, tx: Connection, principal: Principal, role_id: UUID, scope: Scope) -> None:
        """`NotFound` for a role that the team does not have, `Denied` when it allows more than the principal may."""
        roles = await store.roles_reached(tx, [role_id])
        role = roles.get(role_id)
        if role is None or role.team_id not in (None, scope.team_id):
            raise NotFound("There is no such role.")
        await self.require_held(tx, principal, masks_of(roles)[role_id].all, scope)

    async def require_group_grantable(
        self, tx: Connection, principal: Principal, group_id: UUID, *, denials: bool = True
    ) -> None:
        """`Denied` when the group has more than the principal may: who puts somebody into it, or takes them out, gives
        and takes all that. Without `denials` only what it is allowed counts.
        """
        for grant in await store.grants_of_subject(tx, principal.team_id, SubjectKind.GROUP, group_id):
            if denials or grant.effect is Effect.ALLOW:
                await self.require_grantable(tx, principal, grant.role_id, grant.scope)

    async def require_may_put_into(self, tx: Connection, principal: Principal, group_id: UUID, user_id: UUID) -> None:
        """The same, and where the group is denied something, whoever puts an Owner into it denies it to them."""
        await self.require_group_grantable(tx, principal, group_id)
        grants = await store.grants_of_subject(tx, principal.team_id, SubjectKind.GROUP, group_id)
        if any(grant.effect is Effect.DENY for grant in grants):
            await self.require_may_deny(tx, principal, principal.team_id, user_id)

    async def require_owner_left(self, tx: Connection, team_id: UUID) -> None:
        """`Conflict` when no active Owner is left in this transaction; call it after the change.

        Two last Owners who remove each other at one moment come one after the other: the second is refused.
        """
        await self.changed(tx, team_id)
        owners = await store.owners_of(tx, team_id)
        denials = await store.denials_in_team(tx, team_id)
        masks = masks_of(await store.roles_reached(tx, {denial.role_id for denial in denials}))
        denied = {denial.subject_id for denial in denials if masks[denial.role_id].all & _OF_AN_OWNER}
        if not any(owner not in denied and not groups & denied for owner, groups in owners.items()):
            raise Conflict("A team keeps at least one active Owner. Make somebody else an Owner first.")

    async def require_may_deny(self, tx: Connection, principal: Principal, team_id: UUID, subject_id: UUID) -> None:
        """`Denied` unless whoever denies an Owner something (or a group that one is in) may as much as an Owner."""
        owners = await store.owners_of(tx, team_id)
        if subject_id in owners or any(subject_id in groups for groups in owners.values()):
            await self.require_grantable(tx, principal, OWNER_ROLE, Scope.team(team_id))

    async def changed_for(self, tx: Connection, user_id: UUID) -> None:
        """The same for every team of a person, whose rights on the hub change; across teams."""
        for team_id in await store.teams_of(tx, user_id):
            await self.changed(tx, team_id)

    async def forget_subject(self, tx: Connection, team_id: UUID, kind: SubjectKind, subject_id: UUID) -> None:
        """Takes all grants from somebody who leaves, or a group that ends."""
        await store.delete_grants_of(tx, team_id, kind, subject_id)
        await self.changed(tx, team_id)

    async def require_grants_held(
        self, tx: Connection, principal: Principal, kind: SubjectKind, subject_id: UUID
    ) -> None:
        """`Denied` when these grants of somebody give more than the principal may."""
        for grant in await store.grants_of_subject(tx, principal.team_id, kind, subject_id):
            await self.require_grantable(tx, principal, grant.role_id, grant.scope)

    async def copy_grants(self, tx: Connection, team_id: UUID, kind: SubjectKind, from_id: UUID, to_id: UUID) -> None:
        """The same grants for another subject: of a key for the one in its place."""
        for grant in await store.grants_of_subject(tx, team_id, kind, from_id):
            await store.insert_grant(tx, replace(grant, id=new_id(), subject_id=to_id, created_at=clock.now()))

    async def grant_everything(self, tx: Connection, team_id: UUID, kind: SubjectKind, subject_id: UUID) -> None:
        """The first ones of an installation: Owner of their team, and administrator of the hub."""
        for role_id, level in ((OWNER_ROLE, Level.TEAM), (HUB_ADMINISTRATOR_ROLE, Level.HUB)):
            grant = Grant(
                new_id(), team_id, kind, subject_id, role_id, Effect.ALLOW, level, created_at=clock.now(),
                created_by="first start",
            )  # fmt: skip
            await store.insert_grant(tx, grant)
        await self.changed(tx, team_id)

    # — why —

    async def explain_user(
        self, team_id: UUID, user_id: UUID, permission: str, scope: Scope, *, verified: bool
    ) -> Explanation:
        """`NotFound` for somebody who is not in the team."""
        async with self._database.across_teams() as tx:
            name = await store.subject_name(tx, team_id, SubjectKind.USER, user_id)
            if name is None:
                raise NotFound("There is no such person in the team.")
            active = await store.is_member(tx, team_id, user_id)
            grants = await store.grants_of_user(tx, team_id, user_id) if active else []
            groups = await store.groups_of(tx, team_id, user_id)
            roles = await store.roles_reached(tx, {grant.role_id for grant in grants})
        answer = explained(team_id, Subject(name, tuple(grants), groups, verified), roles, permission, scope)
        if active:
            return answer
        return Explanation(False, f"'{name}' may not: they were deactivated.", (), ())

    async def explain_key(
        self, tx: Connection, team_id: UUID, key_id: UUID, name: str, key: Key, permission: str, scope: Scope
    ) -> Explanation:
        grants = await store.grants_of_subject(tx, team_id, SubjectKind.API_KEY, key_id)
        roles = await store.roles_reached(tx, {grant.role_id for grant in grants})
        return explained(team_id, Subject(name, tuple(grants), {}, False, key), roles, permission, scope)

    # — memory —

    def _remembered(self, team_id: UUID, subject_id: UUID, verified: bool) -> Rights | None:
        entry = self._known.get(team_id, {}).get((subject_id, verified))
        if entry is None:
            return None
        if time.monotonic() - entry[1] < BELIEVED_S or self._versions.unconfirmed_s() < BELIEVED_S:
            return entry[0]
        return None

    def _remember(
        self, team_id: UUID, subject_id: UUID, verified: bool, rights: Rights, generation: int, began: float
    ) -> None:
        if generation != self._generation:
            return
        if self._entries >= MAX_REMEMBERED_RIGHTS:
            self._known.clear()
            self._entries = 0
        of_team = self._known.setdefault(team_id, {})
        self._entries += (subject_id, verified) not in of_team
        of_team[subject_id, verified] = (rights, began)

    def _forget(self, topic: str) -> None:
        self._generation += 1
        team = topic.removeprefix(TOPICS)
        if team:
            self._entries -= len(self._known.pop(UUID(team), {}))
        else:
            self._known.clear()
            self._entries = 0


async def _read_user(tx: Connection, team_id: UUID, user_id: UUID, *, verified: bool) -> Rights:
    grants = await store.grants_of_user(tx, team_id, user_id)
    roles = await store.roles_reached(tx, {grant.role_id for grant in grants})
    return rights_of(team_id, grants, masks_of(roles), verified=verified)


def _rights_of_sets(principal: Principal) -> Rights:
    """Of a principal that no grants stand behind: the program's own, and those of tests."""
    return Rights(
        principal.team_id,
        mask_of(principal.hub_permissions),
        (mask_of(principal.team_permissions), 0),
        {principal.project_id: (mask_of(principal.permissions & PROJECT), 0)},
    )


def _where(scope: Scope) -> str:
    if scope.level in (Level.HUB, Level.TEAM, Level.PROJECT):
        return f"on the {scope.level}"
    return f"on the {scope.level} '{scope.name}'"
