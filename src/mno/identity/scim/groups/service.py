"""A directory's groups. It sees and changes those that it made; who is in them has the roles they were granted.

A group that somebody made by hand stays out of its sight: or whoever holds the directory's key could put people
into a group of Owners. Granting a role to a directory's group is the decision that the directory may give it.
"""

from typing import Any
from uuid import UUID

from scim2_models import InvalidValueException, Meta, NotFoundException, UniquenessException

from mno.audit.service import Audit
from mno.identity.scim import requests
from mno.identity.scim.groups import store
from mno.identity.scim.resources import MAX_FILTERED_RESOURCES, Group, Membership
from mno.identity.teams import model
from mno.identity.teams.groups import store as team_groups
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.ports import Rights
from mno.identity.teams.service import named
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid
from mno.platform.ids import new_id, parsed, shown
from mno.platform.principal import Principal

_COLUMNS = {"id": "id", "displayname": "name", "externalid": "external_id"}


class DirectoryGroups:
    """The groups of a key's team that its directory made. `base` is the address of the SCIM endpoints."""

    def __init__(self, database: Database, groups: Groups, rights: Rights, audit: Audit) -> None:
        self._database = database
        self._groups = groups
        self._rights = rights
        self._audit = audit

    async def page(self, principal: Principal, asked: requests.Listing, base: str) -> tuple[int, list[Group]]:
        """How many match, and the asked part of them."""
        team_id = principal.team_id
        async with self._database.transaction(team_id) as tx:
            if asked.filter is None:
                total = await store.count_groups(tx, team_id)
                rows = await store.groups(tx, team_id, {}, limit=asked.count, offset=asked.start)
                return total, await self._resources(tx, team_id, rows, base)
            wanted = requests.parsed_filter(Group, asked.filter)
            narrow = requests.narrowing(wanted.ast, _COLUMNS)
            if "id" in narrow:
                narrow["id"] = _uuid("grp", narrow["id"])
            rows = await store.groups(tx, team_id, narrow, limit=MAX_FILTERED_RESOURCES + 1)
            requests.require_few(len(rows))
            found = [group for group in await self._resources(tx, team_id, rows, base) if wanted.match(group)]
        return len(found), found[asked.start : asked.start + asked.count]

    async def group(self, principal: Principal, group_id: str, base: str) -> Group:
        async with self._database.transaction(principal.team_id) as tx:
            row = await self._row(tx, principal, group_id)
            return (await self._resources(tx, principal.team_id, [row], base))[0]

    async def create(self, principal: Principal, body: dict[str, Any], base: str) -> Group:
        wanted = requests.created(Group, body)
        team_id, at = principal.team_id, clock.now()
        name = named(wanted.display_name or "", "A group")
        made = model.Group(new_id(), team_id, name, wanted.external_id, True, at, at)
        async with self._database.transaction(team_id) as tx:
            try:
                await self._groups.insert(tx, made)
            except Conflict as taken:
                raise UniquenessException(detail=str(taken)) from None
            members = await self._known(tx, team_id, wanted)
            await team_groups.add_members(tx, team_id, made.id, sorted(members), at)
            await self._rights.changed(tx, team_id)
            after = {"name": name, "members": len(members)}
            await self._record(tx, principal, "groups.create", made.id, name, None, after)
            return await self._read(tx, team_id, made.id, base)

    async def replace(self, principal: Principal, group_id: str, body: dict[str, Any], base: str) -> Group:
        return await self._change(principal, group_id, body, base, requests.replaced)

    async def patch(self, principal: Principal, group_id: str, body: dict[str, Any], base: str) -> Group:
        return await self._change(principal, group_id, body, base, requests.patched)

    async def delete(self, principal: Principal, group_id: str) -> None:
        async with self._database.transaction(principal.team_id) as tx:
            row = await self._row(tx, principal, group_id, lock=True)
            old = await team_groups.group(tx, principal.team_id, row["id"], lock=True)
            assert old is not None
            await self._groups.end(tx, principal, old)

    async def _change(self, principal: Principal, group_id: str, body: dict[str, Any], base: str, made: Any) -> Group:
        team_id = principal.team_id
        async with self._database.transaction(team_id) as tx:
            row = await self._row(tx, principal, group_id, lock=True)
            original = (await self._resources(tx, team_id, [row], base))[0]
            wanted: Group = made(Group, body, original)
            name = named(wanted.display_name or "", "A group")
            before = {UUID(hex=(member.value or "")[4:]) for member in original.members or []}
            after = await self._known(tx, team_id, wanted)
            if name != row["name"] or wanted.external_id != row["external_id"]:
                try:
                    await team_groups.update_group(tx, team_id, row["id"], name, wanted.external_id)
                except Conflict as taken:
                    raise UniquenessException(detail=str(taken)) from None
            elif before == after:
                return original
            await self._change_members(tx, team_id, row["id"], before, after)
            told = [
                {"name": old_name, "external_id": external_id, "members": sorted(shown("usr", one) for one in members)}
                for old_name, external_id, members in (
                    (row["name"], row["external_id"], before - after),
                    (name, wanted.external_id, after - before),
                )
            ]
            await self._record(tx, principal, "groups.update", row["id"], name, told[0], told[1])
            return await self._read(tx, team_id, row["id"], base)

    async def _change_members(
        self, tx: Connection, team_id: UUID, group_id: UUID, before: set[UUID], after: set[UUID]
    ) -> None:
        at = clock.now()
        await team_groups.add_members(tx, team_id, group_id, sorted(after - before), at)
        await team_groups.remove_members(tx, team_id, group_id, sorted(before - after), at)
        await self._rights.changed(tx, team_id)
        if before != after:
            # who comes in may be denied what the group is denied
            await self._rights.require_owner_left(tx, team_id)

    async def _known(self, tx: Connection, team_id: UUID, wanted: Group) -> set[UUID]:
        """`InvalidValueException` for a member that is no person of the team."""
        asked: set[UUID] = set()
        for member in wanted.members or []:
            user_id = _uuid("usr", member.value or "")
            if user_id is None:
                raise InvalidValueException(detail=f"'{(member.value or '')[:60]}' is no user of this team.")
            asked.add(user_id)
        missing = asked - await store.members_among(tx, team_id, sorted(asked))
        if missing:
            raise InvalidValueException(detail=f"{shown('usr', min(missing))} is no user of this team.")
        return asked

    async def _read(self, tx: Connection, team_id: UUID, group_id: UUID, base: str) -> Group:
        row = await store.group(tx, team_id, group_id)
        assert row is not None
        return (await self._resources(tx, team_id, [row], base))[0]

    async def _row(self, tx: Connection, principal: Principal, group_id: str, *, lock: bool = False) -> store.Row:
        wanted = _uuid("grp", group_id)
        row = await store.group(tx, principal.team_id, wanted, lock=lock) if wanted else None
        if row is None:
            raise NotFoundException(detail=f"There is no group '{group_id[:60]}' that the directory made.")
        return row

    async def _resources(self, tx: Connection, team_id: UUID, rows: list[store.Row], base: str) -> list[Group]:
        members = await store.members_of(tx, team_id, [row["id"] for row in rows])
        return [_resource(row, members.get(row["id"], []), base) for row in rows]

    async def _record(
        self,
        tx: Connection,
        principal: Principal,
        action: str,
        group_id: UUID,
        name: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        await self._audit.record(tx, principal, action, shown("grp", group_id), name=name, before=before, after=after)


def _resource(row: store.Row, members: list[UUID], base: str) -> Group:
    id_ = shown("grp", row["id"])
    group = Group(
        id=id_,
        external_id=row["external_id"],
        display_name=row["name"],
        members=[
            Membership.model_validate({"value": shown("usr", user), "$ref": f"{base}/Users/{shown('usr', user)}"})
            for user in members
        ]
        or None,
    )
    group.meta = Meta(
        resource_type="Group",
        created=row["created_at"],
        last_modified=row["updated_at"],
        location=f"{base}/Groups/{id_}",
    )
    return group


def _uuid(prefix: str, text: str) -> UUID | None:
    try:
        return parsed(prefix, text)
    except Invalid:
        return None
