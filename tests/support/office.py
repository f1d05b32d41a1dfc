"""An office that asks and decides, for tests of approvals: people whose permissions are written on them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from mno.approvals.model import Approval, Outcome, Proposal
from mno.approvals.service import Approvals
from mno.audit.service import Audit
from mno.identity import store as identity_store
from mno.identity.model import Project, Team
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict
from mno.platform.ids import new_id
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Scope
from mno.platform.versions import Versions

KIND = "tests.change"
EVERYTHING = frozenset({"approvals.read", "approvals.decide", "secrets.write"})


class OwnPermissions:
    """A policy that reads the principal, and no groups but those that it is given."""

    def __init__(self) -> None:
        self.groups: dict[UUID, frozenset[UUID]] = {}

    def may(self, principal: Principal, permission: str, scope: Scope) -> bool:
        here = scope.team_id == principal.team_id and scope.project_id in (None, principal.project_id)
        return here and permission in principal.permissions

    async def visible_projects(self, principal: Principal, permission: str) -> Sequence[UUID] | None:
        if permission in principal.team_permissions:
            return None
        return [principal.project_id] if permission in principal.permissions else []

    async def groups_of(self, _: UUID, user_id: UUID) -> frozenset[UUID]:
        return self.groups.get(user_id, frozenset())


@dataclass
class Changes:
    """The feature that asks: counts what it was told and can refuse to make the change."""

    told: list[Approval] = field(default_factory=list)
    refuses: bool = False

    async def decided(self, tx: Connection, approval: Approval) -> None:
        if self.refuses and approval.allowed:
            raise Conflict("The thing has changed in between.")
        await tx.execute(
            "UPDATE identity_projects SET name = name || %(outcome)s WHERE id = %(project)s",
            {"outcome": f" {approval.outcome}", "project": approval.proposal.scope.project_id},
        )
        self.told.append(approval)


@dataclass
class Office:
    """One team with a project, and everything that a request passes through."""

    database: Database
    approvals: Approvals
    changes: Changes
    policy: OwnPermissions
    project: Project

    def person(self, name: str = "Somebody", permissions: frozenset[str] = EVERYTHING) -> Principal:
        id_ = new_id()
        return Principal(PrincipalKind.USER, id_, name, self.project.team_id, self.project.id, permissions, user_id=id_)

    async def ask(self, asker: Principal, **changes: object) -> Approval:
        await asyncio.sleep(0.001)  # ids of one millisecond have no order
        scope = Scope.project(self.project.team_id, self.project.id)
        proposal = Proposal(KIND, "Change it", {"name": "new"}, scope, **changes)  # type: ignore[arg-type]
        async with self.database.transaction(asker.team_id) as tx:
            return await self.approvals.ask(tx, asker, proposal)

    async def change_made(self) -> list[Outcome]:
        """What the handler left in the database, which went through the deciding transaction."""
        async with self.database.transaction(self.project.team_id) as tx:
            projects = await identity_store.projects_of(tx, self.project.team_id)
        return [Outcome(word) for word in projects[0].name.split()[1:]]

    async def facts(self, kind: str) -> list[dict[str, object]]:
        async with self.database.across_teams() as tx:
            rows = await tx.execute("SELECT data FROM facts WHERE kind = %(kind)s ORDER BY position", {"kind": kind})
            return [row["data"] for row in await rows.fetchall()]


async def an_office(database: Database) -> Office:
    team = Team(new_id(), "Team")
    project = Project(new_id(), team.id, "Project", clock.now())
    async with database.transaction(team.id) as tx:
        await identity_store.insert_team(tx, team)
        await identity_store.insert_project(tx, project)
    policy, changes = OwnPermissions(), Changes()
    approvals = Approvals(database, Outbox(database, Versions(database)), Audit(database), policy, policy)
    approvals.on_decided(KIND, changes.decided)
    return Office(database, approvals, changes, policy, project)
