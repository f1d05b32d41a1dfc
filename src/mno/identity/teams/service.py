"""Teams: made, renamed, archived, and which of them a caller may act in."""

import zoneinfo
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.model import OWNER_ROLE
from mno.identity.teams import store
from mno.identity.teams.members import store as people
from mno.identity.teams.model import MAX_TEAMS, Project, Team
from mno.identity.teams.ports import Endings, Facts, Rights
from mno.identity.teams.projects import store as projects
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal
from mno.platform.scope import Scope

FIRST_PROJECT = "Default project"
_HUB_READ = "hub.read"
_CREATE = "hub.teams.create"


def named(name: str, of_what: str) -> str:
    """The name without blanks around it; `Invalid` when nothing is left, or too much."""
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or any(ord(character) < 32 for character in name):
        raise Invalid(f"{of_what} needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    return name


def time_zone(name: str) -> str:
    """`Invalid` for a zone that the IANA database does not know."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"'{name[:60]}' is not a time zone; an example: Asia/Taipei.") from None
    return name


class Teams:
    """Teams of this installation, as one caller may see and change them."""

    def __init__(self, database: Database, rights: Rights, endings: Endings, audit: Audit, facts: Facts) -> None:
        self._database = database
        self._rights = rights
        self._endings = endings
        self._audit = audit
        self._facts = facts

    async def visible(self, principal: Principal) -> list[Team]:
        """Those that the caller belongs to; all of them for who may read the hub."""
        if principal.may(_HUB_READ):
            async with self._database.across_teams() as tx:
                return await store.every_team(tx)
        if principal.user_id is None or principal.session_id is None:
            return [await self.team(principal, principal.team_id)]
        async with self._database.across_teams() as tx:
            return await store.teams_of(tx, principal.user_id)

    async def team(self, principal: Principal, team_id: UUID) -> Team:
        async with self._database.across_teams() as tx:
            found = await store.team(tx, team_id)
            if found is None or not await self._sees(tx, principal, team_id):
                raise NotFound("There is no such team.")
        return found

    async def create(self, principal: Principal, name: str, zone: str) -> tuple[Team, Project]:
        """A team with its first project; the person who makes it is its Owner.

        `Denied` for a key of the program, which no person answers for; `LimitExceeded` at MAX_TEAMS.
        """
        if principal.user_id is None:
            raise Denied("A team needs an owner: sign in to make one, keys of the program cannot.")
        team = Team(new_id(), named(name, "A team"), time_zone(zone), clock.now(), None)
        project = Project(new_id(), team.id, FIRST_PROJECT, clock.now())
        async with self._database.across_teams() as tx:
            await store.lock_teams(tx)
            if await store.count_active_teams(tx) >= MAX_TEAMS:
                raise LimitExceeded(f"There may be {MAX_TEAMS} teams; archive some first.")
            await store.insert_team(tx, team)
            await projects.insert_project(tx, project)
            await people.insert_member(tx, team.id, principal.user_id, clock.now())
            await people.give_role(tx, team.id, principal.user_id, OWNER_ROLE, None, shown("usr", principal.user_id))
            await self._rights.changed(tx, team.id)
            await self._audit.record(
                tx,
                principal,
                "teams.create",
                shown("team", team.id),
                name=team.name,
                after=_plain(team),
                team_id=team.id,
            )
        return team, project

    async def change(self, principal: Principal, team_id: UUID, *, name: str | None, zone: str | None) -> Team:
        """`NotFound` for a team that the caller does not see, `Denied` without team.write in it."""
        async with self._database.across_teams() as tx:
            team = await self._for_change(tx, principal, team_id)
            changed = Team(
                team.id,
                team.name if name is None else named(name, "A team"),
                team.time_zone if zone is None else time_zone(zone),
                team.created_at,
                team.archived_at,
            )
            await store.update_team(tx, team_id, changed.name, changed.time_zone)
            await self._audit.record(
                tx,
                principal,
                "teams.update",
                shown("team", team_id),
                name=changed.name,
                before=_plain(team),
                after=_plain(changed),
                team_id=team_id,
            )
        return changed

    async def archive(self, principal: Principal, team_id: UUID) -> Team:
        """Ends the team's keys, sessions and open invitations at once; its data stays. `Conflict` for the last one."""
        async with self._database.across_teams() as tx:
            await store.lock_teams(tx)
            team = await self._for_change(tx, principal, team_id)
            if await store.count_active_teams(tx) == 1:
                raise Conflict("This is the last team; an installation keeps one.")
            at = clock.now()
            await store.set_archived(tx, team_id, at)
            people_of_sessions, ended = await store.end_access(tx, team_id, at)
            await self._rights.changed(tx, team_id)
            for user_id in people_of_sessions:
                await self._endings.sessions_ended(tx, user_id)
            subject = shown("team", team_id)
            await self._facts.publish(tx, Fact(team_id, subject, "identity.team_archived", {"name": team.name}))
            await self._audit.record(
                tx,
                principal,
                "teams.archive",
                subject,
                name=team.name,
                before={"archived": False},
                after={"archived": True, **ended},
                team_id=team_id,
            )
        return Team(team.id, team.name, team.time_zone, team.created_at, at)

    async def unarchive(self, principal: Principal, team_id: UUID) -> Team:
        """Nobody acts in an archived team, so this asks for the right to make teams. Keys stay revoked."""
        if not principal.may(_CREATE):
            raise Denied(f"'{principal.name}' may not do this: the permission {_CREATE} is missing.")
        async with self._database.across_teams() as tx:
            await store.lock_teams(tx)
            team = await store.team(tx, team_id, lock=True)
            if team is None:
                raise NotFound("There is no such team.")
            if team.archived_at is None:
                return team
            if await store.count_active_teams(tx) >= MAX_TEAMS:
                raise LimitExceeded(f"There may be {MAX_TEAMS} teams; archive some first.")
            await store.set_archived(tx, team_id, None)
            await self._rights.changed(tx, team_id)
            await self._audit.record(
                tx,
                principal,
                "teams.unarchive",
                shown("team", team_id),
                name=team.name,
                before={"archived": True},
                after={"archived": False},
                team_id=team_id,
            )
        return Team(team.id, team.name, team.time_zone, team.created_at, None)

    async def _sees(self, tx: Connection, principal: Principal, team_id: UUID) -> bool:
        if principal.team_id == team_id or principal.may(_HUB_READ):
            return True
        if principal.user_id is None or principal.session_id is None:
            return False
        return await people.is_active_member(tx, team_id, principal.user_id)

    async def _for_change(self, tx: Connection, principal: Principal, team_id: UUID) -> Team:
        team = await store.team(tx, team_id, lock=True)
        if team is None or not await self._sees(tx, principal, team_id):
            raise NotFound("There is no such team.")
        if not await self._rights.may_anywhere(principal, "team.write", Scope.team(team_id)):
            raise Denied(f"'{principal.name}' may not do this: the permission team.write is missing.")
        if team.archived_at is not None:
            raise Conflict("This team is archived; nothing in it changes.")
        return team


def _plain(team: Team) -> dict[str, str]:
    return {"name": team.name, "time_zone": team.time_zone}
