"""Who belongs to a team: the list, and what ends when somebody leaves, is removed or is deactivated.

Leaving ends a person's roles, groups, sessions and keys in this team and nothing in another; an account that is
active in no team is deactivated with it. Deactivation (a directory's `active: false`) ends sessions and keys as
well, but keeps roles and groups, so that whoever comes back is who they were. Revoked keys do not come back.
"""

from uuid import UUID

from mno.audit.service import Audit
from mno.identity.teams import paging
from mno.identity.teams.members import store
from mno.identity.teams.model import MAX_MEMBERS_PER_TEAM, Member
from mno.identity.teams.ports import Endings, Facts, Rights
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, LimitExceeded, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import shown
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope


class Members:
    """People in teams. Methods that take a transaction want one across teams."""

    def __init__(self, database: Database, rights: Rights, endings: Endings, audit: Audit, facts: Facts) -> None:
        self._database = database
        self._rights = rights
        self._endings = endings
        self._audit = audit
        self._facts = facts

    async def page(
        self, principal: Principal, *, search: str, cursor: str | None, limit: int
    ) -> tuple[list[Member], str | None]:
        """The team's people by name, with their roles and groups; the cursor of the next page, if there is one."""
        after = paging.decoded(cursor)
        async with self._database.transaction(principal.team_id) as tx:
            found = await store.members(tx, principal.team_id, search=search.strip(), after=after, limit=limit + 1)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], paging.encoded(last.name or last.email, last.user_id)

    async def member(self, principal: Principal, user_id: UUID) -> Member:
        async with self._database.transaction(principal.team_id) as tx:
            found = await store.member(tx, principal.team_id, user_id)
        if found is None:
            raise NotFound("There is no such person in this team.")
        return found

    async def remove(self, principal: Principal, user_id: UUID) -> None:
        """Ends a membership. `Conflict` for the last Owner, `Denied` for somebody who holds more than the caller."""
        async with self._database.across_teams() as tx:
            found = await self._locked(tx, principal.team_id, user_id)
            if found.managed:
                raise Conflict("A directory keeps this person; remove them there, or they would come back.")
            await self._require_holds_as_much(tx, principal, found)
            await self.end_membership(tx, principal, found)

    async def set_active(self, principal: Principal, user_id: UUID, *, active: bool) -> Member:
        """Lets somebody in again, or keeps them out without forgetting their roles."""
        async with self._database.across_teams() as tx:
            found = await self._locked(tx, principal.team_id, user_id)
            if found.managed:
                raise Conflict("A directory keeps this person; deactivate or activate them there.")
            await self._require_holds_as_much(tx, principal, found)
            await self.change_active(tx, principal, found, active=active)
            changed = await store.member(tx, principal.team_id, user_id)
        assert changed is not None
        return changed

    # — for those who hold a transaction: invitations, directories —

    async def join(self, tx: Connection, actor: Principal, team_id: UUID, user_id: UUID) -> bool:
        """Makes a person a member; False when they were already. `LimitExceeded` at MAX_MEMBERS_PER_TEAM."""
        await store.lock_person(tx, user_id)
        if await store.count_members(tx, team_id) >= MAX_MEMBERS_PER_TEAM:
            raise LimitExceeded(f"A team has at most {MAX_MEMBERS_PER_TEAM} people; remove some first.")
        joined = await store.insert_member(tx, team_id, user_id, clock.now())
        await store.settle_account(tx, user_id, clock.now())
        await self._rights.changed(tx, team_id)
        if joined:
            after = {"active": True}
            await self._audit.record(tx, actor, "members.join", shown("usr", user_id), after=after, team_id=team_id)
        return joined

    async def end_membership(self, tx: Connection, actor: Principal, found: Member) -> None:
        """Ends everything of this person in the team and tells those who must react."""
        at = clock.now()
        await store.lock_person(tx, found.user_id)
        ended = await self._end_access(tx, found)
        await store.delete_member(tx, found.team_id, found.user_id)
        await self._rights.require_owner_left(tx, found.team_id)
        await store.settle_account(tx, found.user_id, at)
        await self._tell(tx, found)
        await self._audit.record(
            tx,
            actor,
            "members.remove",
            shown("usr", found.user_id),
            name=found.name,
            before={"roles": [role.role for role in found.roles], "groups": [name for _, name in found.groups]},
            after=ended,
            team_id=found.team_id,
        )

    async def change_active(self, tx: Connection, actor: Principal, found: Member, *, active: bool) -> None:
        """Deactivates or activates a membership; nothing happens when it is so already."""
        if active == (found.deactivated_at is None):
            return
        at = clock.now()
        await store.lock_person(tx, found.user_id)
        await store.set_deactivated(tx, found.team_id, found.user_id, None if active else at)
        after: dict[str, object] = {"active": active}
        if active:
            await self._rights.changed(tx, found.team_id)
        else:
            after |= await self._end_access(tx, found)
            await self._rights.require_owner_left(tx, found.team_id)
            await self._tell(tx, found)
        await store.settle_account(tx, found.user_id, at)
        await self._audit.record(
            tx,
            actor,
            "members.activate" if active else "members.deactivate",
            shown("usr", found.user_id),
            name=found.name,
            before={"active": not active},
            after=after,
            team_id=found.team_id,
        )

    async def _end_access(self, tx: Connection, found: Member) -> dict[str, int]:
        ended = await store.end_access(tx, found.team_id, found.user_id, shown("usr", found.user_id), clock.now())
        await self._rights.changed(tx, found.team_id)
        await self._endings.sessions_ended(tx, found.user_id)
        return ended

    async def _tell(self, tx: Connection, found: Member) -> None:
        subject = shown("usr", found.user_id)
        await self._facts.publish(
            tx, Fact(found.team_id, subject, "identity.user_deactivated", {"user_id": subject, "name": found.name})
        )

    async def _locked(self, tx: Connection, team_id: UUID, user_id: UUID) -> Member:
        found = await store.member(tx, team_id, user_id, lock=True)
        if found is None:
            raise NotFound("There is no such person in this team.")
        return found

    async def _require_holds_as_much(self, tx: Connection, principal: Principal, found: Member) -> None:
        what = ""
        try:
            for role in found.roles:
                what = f"holds the role {role.role}"
                scope = Scope(Level(role.scope_kind), found.team_id, role.project_id, role.scope_id)
                if role.effect == "allow":
                    await self._rights.require_grantable(tx, principal, role.role_id, scope)
            for group_id, group in found.groups:
                what = f"is in the group {group}"
                await self._rights.require_group_grantable(tx, principal, group_id, denials=False)
        except Denied:
            raise Denied(
                f"{found.name or found.email} {what}, which allows more than you may;"
                " somebody who holds as much has to do this."
            ) from None
