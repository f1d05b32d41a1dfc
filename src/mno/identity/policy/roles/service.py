"""Use cases of roles. A custom role combines permissions and includes other roles, and never holds what its author
does not; the roles that every team has are rows without a team, which nobody changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.model import HUB_ADMINISTRATOR_ROLE
from mno.identity.policy import store
from mno.identity.policy.model import MAX_INCLUDED_ROLES, MAX_PERMISSIONS_PER_ROLE, MAX_ROLES_PER_TEAM, Role
from mno.identity.policy.rules import BITS, HUB_MASK, PATTERNS, cycle_through, expanded, masks_of, names_of, nearest
from mno.identity.policy.service import Policy
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal
from mno.platform.scope import Scope


@dataclass(frozen=True, slots=True)
class RoleWish:
    name: str
    description: str = ""
    permissions: tuple[str, ...] = ()
    includes: tuple[UUID, ...] = ()
    demands_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class ListedRole:
    """A role and all that it allows, those that it includes counted in."""

    role: Role
    effective: frozenset[str]


class Roles:
    """The roles of a team."""

    def __init__(self, database: Database, policy: Policy, audit: Audit) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit

    async def all(self, principal: Principal) -> list[ListedRole]:
        """Those that every team has, then the team's own by name."""
        async with self._database.transaction(principal.team_id) as tx:
            roles = await store.roles_of(tx, principal.team_id)
        masks = masks_of(roles)
        return [ListedRole(role, names_of(masks[role.id].all)) for role in roles.values()]

    async def create(self, principal: Principal, wish: RoleWish) -> ListedRole:
        """`Invalid` for a name that is no permission or a cycle, `Denied` for what the author does not hold."""
        check_permissions(wish.permissions)
        now = clock.now()
        role = _of_wish(Role(new_id(), principal.team_id, "", "", (), created_at=now, updated_at=now), wish)
        async with self._database.transaction(principal.team_id) as tx:
            await self._policy.changed(tx, principal.team_id)
            roles = await store.roles_of(tx, principal.team_id)
            if sum(known.team_id is not None for known in roles.values()) >= MAX_ROLES_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_ROLES_PER_TEAM} roles of its own; delete some first.")
            listed = await self._checked(tx, principal, role, roles)
            await store.insert_role(tx, role)
            await self._audit.record(tx, principal, "roles.create", _shown(role), name=role.name, after=_told(role))
        return listed

    async def update(self, principal: Principal, role_id: UUID, wish: RoleWish) -> ListedRole:
        """Writes the whole role anew, for everybody who has it. Its author holds all that it was and will be.

        `Conflict` where it is denied to the last Owner and would take what makes one.
        """
        check_permissions(wish.permissions)
        async with self._database.transaction(principal.team_id) as tx:
            await self._policy.changed(tx, principal.team_id)
            roles = await store.roles_of(tx, principal.team_id)
            before = _own(roles, role_id)
            await self._policy.require_held(tx, principal, masks_of(roles)[role_id].all, Scope.team(principal.team_id))
            after = _of_wish(replace(before, updated_at=clock.now()), wish)
            listed = await self._checked(tx, principal, after, roles)
            await store.update_role(tx, after)
            # the role may be denied to somebody
            await self._policy.require_owner_left(tx, principal.team_id)
            await self._audit.record(
                tx, principal, "roles.update", _shown(after), name=after.name, before=_told(before), after=_told(after)
            )
        return listed

    async def delete(self, principal: Principal, role_id: UUID) -> None:
        """`Conflict` while it is granted, in an invitation, or included by another role."""
        async with self._database.transaction(principal.team_id) as tx:
            await self._policy.changed(tx, principal.team_id)
            roles = await store.roles_of(tx, principal.team_id)
            role = _own(roles, role_id)
            await self._policy.require_held(tx, principal, masks_of(roles)[role_id].all, Scope.team(principal.team_id))
            including = sorted(other.name for other in roles.values() if role_id in other.includes)
            if including:
                raise Conflict(f"The role is included by {', '.join(including[:3])}. Take it out there first.")
            await store.delete_role(tx, principal.team_id, role_id)
            await self._audit.record(tx, principal, "roles.delete", _shown(role), name=role.name, before=_told(role))

    async def _checked(self, tx: Connection, principal: Principal, role: Role, roles: dict[UUID, Role]) -> ListedRole:
        """The role with all that it would allow, or why it cannot be."""
        if not 0 < len(role.name) <= MAX_NAME_CHARACTERS:
            raise Invalid(f"A role needs a name of at most {MAX_NAME_CHARACTERS} characters.")
        for other in roles.values():
            if other.id != role.id and other.name.casefold() == role.name.casefold():
                raise Conflict(f"There is a role called '{other.name}' already.")
        _check_includes(role, roles)
        mask = masks_of({**roles, role.id: role})[role.id].all
        if not mask:
            raise Invalid("A role needs at least one permission, its own or of a role that it includes.")
        await self._policy.require_held(tx, principal, mask, Scope.team(principal.team_id))
        return ListedRole(role, names_of(mask))


def check_permissions(permissions: Iterable[str]) -> None:
    """`Invalid`, with the nearest name, for one that is neither a permission nor a pattern of them."""
    for name in permissions:
        if name not in BITS and name not in PATTERNS:
            raise Invalid(f"'{name[:80]}' is no permission. Did you mean '{nearest(name[:80])}'?")
        if expanded((name,)) & HUB_MASK:
            raise Invalid(f"'{name}' is asked of the whole hub. Roles of a team cannot hold it.")


def _check_includes(role: Role, roles: dict[UUID, Role]) -> None:
    if len(role.includes) > MAX_INCLUDED_ROLES:
        raise Invalid(f"A role may include {MAX_INCLUDED_ROLES} others at most.")
    if len(role.permissions) > MAX_PERMISSIONS_PER_ROLE:
        raise Invalid(f"A role may name {MAX_PERMISSIONS_PER_ROLE} permissions at most.")
    for included in role.includes:
        if included not in roles:
            raise NotFound("A role that is to be included does not exist.")
        if included == HUB_ADMINISTRATOR_ROLE:
            raise Invalid("The role of the hub's administrators cannot be included.")
    way = cycle_through(role.id, role.includes, roles)
    if way is not None:
        names = [role.name, *(roles[step].name for step in way[:-1]), role.name]
        raise Invalid(f"The role would include itself: {' > '.join(names)}.")


def _own(roles: dict[UUID, Role], role_id: UUID) -> Role:
    role = roles.get(role_id)
    if role is None:
        raise NotFound("There is no such role.")
    if role.team_id is None:
        raise Denied(f"'{role.name}' is a role that every team has. Make one of your own that includes it.")
    return role


def _of_wish(role: Role, wish: RoleWish) -> Role:
    return replace(
        role,
        name=wish.name.strip(),
        description=wish.description.strip(),
        permissions=tuple(sorted(set(wish.permissions))),
        includes=tuple(dict.fromkeys(wish.includes)),
        demands_second_factor=wish.demands_second_factor,
    )


def _shown(role: Role) -> str:
    return shown("role", role.id)


def _told(role: Role) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": role.name,
        "description": role.description,
        "permissions": list(role.permissions),
        "includes": [shown("role", included) for included in role.includes],
        "demands_second_factor": role.demands_second_factor,
    }
