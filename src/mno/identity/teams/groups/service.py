"""Groups of a team: roles that are granted to a group hold for everybody in it.

Putting somebody into a group gives them its roles and taking them out takes them, so both ask what granting asks:
nobody gives or takes what they do not hold. A group that a directory made is changed there only.
"""

from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.teams import paging
from mno.identity.teams.groups import store
from mno.identity.teams.model import MAX_GROUPS_PER_TEAM, Group
from mno.identity.teams.ports import Rights
from mno.identity.teams.service import named
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal


class Groups:
    """Groups of the team in which the caller acts."""

    def __init__(self, database: Database, rights: Rights, audit: Audit) -> None:
        self._database = database
        self._rights = rights
        self._audit = audit

    async def page(self, principal: Principal, *, cursor: str | None, limit: int) -> tuple[list[Group], str | None]:
        """By name; the cursor of the next page, if there is one."""
        after = paging.decoded(cursor)
        async with self._database.transaction(principal.team_id) as tx:
            found = await store.groups(tx, principal.team_id, after=after, limit=limit + 1)
        if len(found) <= limit:
            return found, None
        return found[:limit], paging.encoded(found[limit - 1].name, found[limit - 1].id)

    async def create(self, principal: Principal, name: str) -> Group:
        at = clock.now()
        made = Group(new_id(), principal.team_id, named(name, "A group"), None, False, at, at)
        async with self._database.transaction(principal.team_id) as tx:
            await self.insert(tx, made)
            await self._record(tx, principal, "groups.create", made, None, {"name": made.name})
        return made

    async def rename(self, principal: Principal, group_id: UUID, name: str) -> Group:
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._for_change(tx, principal, group_id)
            await store.update_group(tx, old.team_id, old.id, named(name, "A group"), old.external_id)
            changed = await store.group(tx, old.team_id, old.id)
            assert changed is not None
            await self._record(tx, principal, "groups.update", changed, {"name": old.name}, {"name": changed.name})
        return changed

    async def delete(self, principal: Principal, group_id: UUID) -> None:
        """Its roles end with it. `Denied` when they allow (or deny) more than the caller may, `Conflict` when that
        would leave the team without an Owner.
        """
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._for_change(tx, principal, group_id)
            await self._rights.changed(tx, old.team_id)
            await self._rights.require_group_grantable(tx, principal, old.id)
            await self.end(tx, principal, old)

    async def page_of_members(
        self, principal: Principal, group_id: UUID, *, cursor: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        after = paging.decoded(cursor)
        async with self._database.transaction(principal.team_id) as tx:
            if await store.group(tx, principal.team_id, group_id) is None:
                raise NotFound("There is no such group in this team.")
            found = await store.members_of(tx, principal.team_id, group_id, after=after, limit=limit + 1)
        if len(found) <= limit:
            return found, None
        return found[:limit], paging.encoded(found[limit - 1]["sorted"], found[limit - 1]["user_id"])

    async def add(self, principal: Principal, group_id: UUID, user_id: UUID) -> None:
        """`Denied` when the group's roles allow (or deny) more than the caller may, `Conflict` when what it is denied
        would leave the team without an Owner. Adding twice changes nothing.
        """
        async with self._database.transaction(principal.team_id) as tx:
            group = await self._for_change(tx, principal, group_id)
            await self._rights.changed(tx, group.team_id)
            await self._rights.require_may_put_into(tx, principal, group.id, user_id)
            if await store.add_members(tx, group.team_id, group.id, [user_id], clock.now()):
                await self._rights.require_owner_left(tx, group.team_id)
                await self._record(tx, principal, "groups.add", group, None, {"member": shown("usr", user_id)})

    async def remove(self, principal: Principal, group_id: UUID, user_id: UUID) -> None:
        """`Denied` and `Conflict` as of `add`: it takes what the group has, what it is denied among it."""
        async with self._database.transaction(principal.team_id) as tx:
            group = await self._for_change(tx, principal, group_id)
            await self._rights.changed(tx, group.team_id)
            await self._rights.require_group_grantable(tx, principal, group.id)
            if not await store.remove_members(tx, group.team_id, group.id, [user_id], clock.now()):
                raise NotFound("This person is not in the group.")
            await self._rights.require_owner_left(tx, group.team_id)
            await self._record(tx, principal, "groups.remove", group, {"member": shown("usr", user_id)}, None)

    # — for directories, too —

    async def insert(self, tx: Connection, made: Group) -> None:
        """`LimitExceeded` at MAX_GROUPS_PER_TEAM."""
        if await store.count_groups(tx, made.team_id) >= MAX_GROUPS_PER_TEAM:
            raise LimitExceeded(f"A team has at most {MAX_GROUPS_PER_TEAM} groups; delete some first.")
        await store.insert_group(tx, made)

    async def end(self, tx: Connection, principal: Principal, old: Group) -> None:
        """Deletes a group with its roles."""
        grants = await store.delete_group(tx, old.team_id, old.id)
        await self._rights.changed(tx, old.team_id)
        await self._rights.require_owner_left(tx, old.team_id)
        before = {"name": old.name, "members": old.members, "grants": grants}
        await self._record(tx, principal, "groups.delete", old, before, None)

    async def _for_change(self, tx: Connection, principal: Principal, group_id: UUID) -> Group:
        found = await store.group(tx, principal.team_id, group_id, lock=True)
        if found is None:
            raise NotFound("There is no such group in this team.")
        if found.provisioned:
            raise Conflict(f"The directory keeps the group '{found.name}'; change it there.")
        return found

    async def _record(
        self,
        tx: Connection,
        principal: Principal,
        action: str,
        group: Group,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        await self._audit.record(
            tx, principal, action, shown("grp", group.id), name=group.name, before=before, after=after
        )
