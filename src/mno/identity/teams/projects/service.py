"""Projects: made, renamed, archived and moved to another team, with what that means for keys, roles and spend.

A move makes a project of the same name in the other team and archives the old one, which keeps its id. So no span,
cost or price changes its owner: what was spent before the move stays with the old team, in the archived project;
what comes after it counts in the new team. Keys that can only send data go along, so that senders need not change
anything; every other key is revoked, because it shows data and was given out by the old team. Roles on the project
and open invitations to it end. Settings, secrets and prices of the project stay behind (docs/decisions/0014).
"""

from uuid import UUID

from mno.audit.service import Audit
from mno.identity.teams import store as teams
from mno.identity.teams.members import store as people
from mno.identity.teams.model import MAX_PROJECTS_PER_TEAM, Consequences, Project
from mno.identity.teams.ports import Facts, Rights
from mno.identity.teams.projects import store
from mno.identity.teams.service import named
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, LimitExceeded, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.scope import Scope

_WRITE = "projects.write"
_CREATE = "projects.create"


class Projects:
    """Projects of the team in which the caller acts."""

    def __init__(self, database: Database, rights: Rights, audit: Audit, facts: Facts) -> None:
        self._database = database
        self._rights = rights
        self._audit = audit
        self._facts = facts

    async def visible(self, principal: Principal) -> list[Project]:
        """Those on which the caller may read, archived ones last."""
        only = await self._rights.visible_projects(principal)
        async with self._database.transaction(principal.team_id) as tx:
            return await store.projects(tx, principal.team_id, only=None if only is None else list(only))

    async def create(self, principal: Principal, name: str) -> Project:
        """`Conflict` when the team has one of this name, `LimitExceeded` at MAX_PROJECTS_PER_TEAM."""
        made = Project(new_id(), principal.team_id, named(name, "A project"), clock.now())
        async with self._database.transaction(principal.team_id) as tx:
            await self._insert(tx, made)
            await self._record(tx, principal, "projects.create", made, None, {"name": made.name})
        return made

    async def rename(self, principal: Principal, project_id: UUID, name: str) -> Project:
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._for_change(tx, principal, project_id)
            changed = Project(old.id, old.team_id, named(name, "A project"), old.created_at)
            await store.rename(tx, old.team_id, old.id, changed.name)
            await self._record(tx, principal, "projects.update", changed, {"name": old.name}, {"name": changed.name})
        return changed

    async def archive(self, principal: Principal, project_id: UUID, *, preview: bool) -> tuple[Project, Consequences]:
        """Ends the project's keys and open invitations; its data stays to be read. `Conflict` for the last one."""
        async with self._database.transaction(principal.team_id) as tx:
            await store.lock_projects(tx, principal.team_id)
            old = await self._for_change(tx, principal, project_id)
            await self._require_another(tx, old)
            there = await store.count_consequences(tx, old.team_id, old.id)
            means = Consequences(
                keys_revoked=there["sending"] + there["other"],
                invitations_revoked=there["invitations"],
                notes=(
                    "Everything sent so far stays and can be read.",
                    "Keys stay revoked when the project is taken out of the archive.",
                ),
            )
            if preview:
                return old, means
            at = clock.now()
            await store.revoke_keys(tx, old.team_id, old.id, at)
            await store.revoke_invitations(tx, old.team_id, old.id, at)
            await store.set_archived(tx, old.team_id, old.id, at)
            await self._rights.changed(tx, old.team_id)
            await self._tell(tx, old, "identity.project_archived", {})
            await self._record(
                tx,
                principal,
                "projects.archive",
                old,
                {"archived": False},
                {
                    "archived": True,
                    "keys_revoked": means.keys_revoked,
                    "invitations_revoked": means.invitations_revoked,
                },
            )
        return Project(old.id, old.team_id, old.name, old.created_at, at), means

    async def unarchive(self, principal: Principal, project_id: UUID) -> Project:
        """`Conflict` when it moved away, or another project has its name by now."""
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._seen(tx, principal, project_id)
            if old.moved_to_team is not None:
                raise Conflict("This project went on in another team; what is here is its history.")
            if old.archived_at is None:
                return old
            await store.set_archived(tx, old.team_id, old.id, None)
            await self._rights.changed(tx, old.team_id)
            await self._record(tx, principal, "projects.unarchive", old, {"archived": True}, {"archived": False})
        return Project(old.id, old.team_id, old.name, old.created_at)

    async def move(
        self, principal: Principal, project_id: UUID, to_team: UUID, *, preview: bool
    ) -> tuple[Project, Consequences]:
        """The project as it goes on in the other team, and what that means. A preview changes nothing and answers
        with the project as it is.

        The caller needs projects.write on it and projects.create in the other team. `Conflict` for the team's last
        project, and where the other team has one of its name.
        """
        if to_team == principal.team_id:
            raise Conflict("The project is in this team already.")
        async with self._database.across_teams() as tx:
            # in one order, so that two moves in opposite directions do not wait for each other
            for team_id in sorted((principal.team_id, to_team)):
                await store.lock_projects(tx, team_id)
            old = await self._for_change(tx, principal, project_id)
            await self._require_another(tx, old)
            await self._require_may_put_into(tx, principal, to_team)
            await self._require_room(tx, to_team, old.name)
            means = await self._means_of_move(tx, old)
            new = Project(new_id(), to_team, old.name, clock.now())
            if preview:
                return old, means
            await self._insert(tx, new)
            await self._carry_over(tx, principal, old, new, means)
        return new, means

    async def _means_of_move(self, tx: Connection, old: Project) -> Consequences:
        there = await store.count_consequences(tx, old.team_id, old.id)
        return Consequences(
            keys_moved=there["sending"],
            keys_revoked=there["other"],
            grants_ended=there["grants"],
            invitations_revoked=there["invitations"],
            notes=(
                "What was spent and recorded so far stays with the old team, in the archived project.",
                "What comes from now on counts in the new team.",
                "Keys that can only send data go along unchanged; every other key is revoked.",
                "Settings, secrets and prices of the project stay behind; set them anew.",
            ),
        )

    async def _carry_over(
        self, tx: Connection, principal: Principal, old: Project, new: Project, means: Consequences
    ) -> None:
        at = clock.now()
        by = principal.user_id
        assert by is not None
        await store.move_sending_keys(tx, old, new, by, at)
        await store.revoke_keys(tx, old.team_id, old.id, at)
        await store.end_grants(tx, old.team_id, old.id)
        await store.revoke_invitations(tx, old.team_id, old.id, at)
        await store.set_archived(tx, old.team_id, old.id, at)
        await store.set_moved(tx, old, new)
        teams_of_move = sorted((old.team_id, new.team_id))
        for team_id in teams_of_move:
            await self._rights.changed(tx, team_id)
        where = {"to_team": shown("team", new.team_id), "to_project": shown("prj", new.id)}
        await self._tell(tx, old, "identity.project_moved", where)
        after: dict[str, object] = {
            **where,
            "keys_moved": means.keys_moved,
            "keys_revoked": means.keys_revoked,
            "grants_ended": means.grants_ended,
        }
        for team_id in teams_of_move:
            project = old if team_id == old.team_id else new
            before: dict[str, object] = {"from_team": shown("team", old.team_id), "from_project": shown("prj", old.id)}
            await self._record(tx, principal, "projects.move", project, before, after)

    async def _insert(self, tx: Connection, made: Project) -> None:
        await store.lock_projects(tx, made.team_id)
        await self._require_room(tx, made.team_id, made.name)
        await store.insert_project(tx, made)
        await self._rights.changed(tx, made.team_id)

    async def _require_room(self, tx: Connection, team_id: UUID, name: str) -> None:
        every, _ = await store.count_projects(tx, team_id)
        if every >= MAX_PROJECTS_PER_TEAM:
            raise LimitExceeded(f"A team has at most {MAX_PROJECTS_PER_TEAM} projects, archived ones included.")
        if await store.is_taken(tx, team_id, name):
            raise Conflict(f"The team has a project named '{name}' already.")

    async def _seen(self, tx: Connection, principal: Principal, project_id: UUID) -> Project:
        scope = Scope.project(principal.team_id, project_id)
        found = await store.project(tx, principal.team_id, project_id, lock=True)
        if found is None or not await self._rights.may_anywhere(principal, "projects.read", scope):
            raise NotFound("There is no such project in this team.")
        if not await self._rights.may_anywhere(principal, _WRITE, scope):
            raise Denied(f"'{principal.name}' may not do this: the permission {_WRITE} is missing.")
        return found

    async def _for_change(self, tx: Connection, principal: Principal, project_id: UUID) -> Project:
        found = await self._seen(tx, principal, project_id)
        if found.archived_at is not None:
            raise Conflict("This project is archived; take it out of the archive first.")
        return found

    async def _require_another(self, tx: Connection, old: Project) -> None:
        _, active = await store.count_projects(tx, old.team_id)
        if active == 1:
            raise Conflict("This is the team's last project; make another one first.")

    async def _require_may_put_into(self, tx: Connection, principal: Principal, team_id: UUID) -> None:
        if principal.user_id is None or principal.session_id is None:
            raise Denied("An API key acts in one team only; sign in to move a project.")
        team = await teams.team(tx, team_id)
        if team is None or not await people.is_active_member(tx, team_id, principal.user_id):
            raise NotFound("There is no such team.")
        if not await self._rights.may_anywhere(principal, _CREATE, Scope.team(team_id)):
            raise Denied(f"You may not make projects in '{team.name}': the permission {_CREATE} is missing there.")

    async def _tell(self, tx: Connection, old: Project, kind: str, data: dict[str, str]) -> None:
        subject = shown("prj", old.id)
        await self._facts.publish(
            tx, Fact(old.team_id, subject, kind, {"project_id": subject, "name": old.name, **data})
        )

    async def _record(
        self,
        tx: Connection,
        principal: Principal,
        action: str,
        project: Project,
        before: dict[str, object] | None,
        after: dict[str, object],
    ) -> None:
        await self._audit.record(
            tx,
            principal,
            action,
            shown("prj", project.id),
            name=project.name,
            before=before,
            after=after,
            team_id=project.team_id,
        )
