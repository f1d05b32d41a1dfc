"""All SQL of identity, over its own tables. Secrets are looked up by their fingerprint."""

from uuid import UUID

from mno.identity.model import OWNER_ROLE, Project, Team, User
from mno.platform.database import Connection
from mno.platform.ids import new_id

#: So that two programs on one database do not both create the first team.
_FIRST_TEAM_LOCK = 0x6D6E6F01


async def lock_first_team(tx: Connection) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _FIRST_TEAM_LOCK})


async def first_team(tx: Connection) -> Team | None:
    """The oldest that is not archived; None before the first start."""
    cursor = await tx.execute(
        "SELECT id, name FROM identity_teams ORDER BY archived_at IS NOT NULL, created_at, id LIMIT 1"
    )
    row = await cursor.fetchone()
    return Team(**row) if row else None


async def insert_team(tx: Connection, team: Team) -> None:
    await tx.execute(
        "INSERT INTO identity_teams (id, name) VALUES (%(id)s, %(name)s)",
        {"id": team.id, "name": team.name},
    )


async def projects_of(tx: Connection, team_id: UUID) -> list[Project]:
    """Oldest first, archived ones last."""
    rows = await tx.execute(
        "SELECT id, team_id, name, created_at FROM identity_projects WHERE team_id = %(team_id)s"
        " ORDER BY archived_at IS NOT NULL, created_at, id",
        {"team_id": team_id},
    )
    return [Project(**row) for row in await rows.fetchall()]


async def insert_project(tx: Connection, project: Project) -> None:
    await tx.execute(
        "INSERT INTO identity_projects (id, team_id, name, created_at)"
        " VALUES (%(id)s, %(team_id)s, %(name)s, %(created_at)s)",
        {"id": project.id, "team_id": project.team_id, "name": project.name, "created_at": project.created_at},
    )


async def owner_of(tx: Connection, team_id: UUID) -> User | None:
    """The first of the team's active owners; one who is it by a group after those who are it themselves."""
    row = await (
        await tx.execute(
            "SELECT u.id, m.team_id, u.name, u.email FROM identity_grants g"
            " LEFT JOIN identity_group_members gm"
            " ON g.subject_kind = 'group' AND gm.team_id = g.team_id AND gm.group_id = g.subject_id"
            " JOIN identity_users u ON u.id = CASE g.subject_kind WHEN 'group' THEN gm.user_id ELSE g.subject_id END"
            " JOIN identity_members m ON m.user_id = u.id AND m.team_id = g.team_id"
            " WHERE g.team_id = %(team_id)s AND g.subject_kind IN ('user', 'group') AND g.role_id = %(owner)s"
            " AND g.scope_kind = 'team' AND g.effect = 'allow'"
            " AND u.deactivated_at IS NULL AND m.deactivated_at IS NULL"
            " ORDER BY g.subject_kind = 'group', g.created_at, u.created_at, u.id LIMIT 1",
            {"team_id": team_id, "owner": OWNER_ROLE},
        )
    ).fetchone()
    return User(**row) if row else None


async def insert_user(tx: Connection, user: User) -> None:
    """A new person, who belongs to the team already."""
    await tx.execute(
        "INSERT INTO identity_users (id, name, email) VALUES (%(id)s, %(name)s, %(email)s)",
        {"id": user.id, "name": user.name, "email": user.email},
    )
    await tx.execute(
        "INSERT INTO identity_members (team_id, user_id) VALUES (%(team_id)s, %(id)s)",
        {"team_id": user.team_id, "id": user.id},
    )


async def insert_grant(tx: Connection, team_id: UUID, user_id: UUID, role_id: UUID, scope_kind: str) -> None:
    await tx.execute(
        "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
        " VALUES (%(id)s, %(team_id)s, 'user', %(user_id)s, %(role_id)s, %(scope_kind)s)",
        {"id": new_id(), "team_id": team_id, "user_id": user_id, "role_id": role_id, "scope_kind": scope_kind},
    )
