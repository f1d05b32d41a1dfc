"""All SQL of identity, over its own tables. Secrets are looked up by their fingerprint."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mno.identity.model import OWNER_ROLE, Project, Team, User
from mno.platform.database import Connection
from mno.platform.ids import new_id

#: So that two programs on one database do not both create the first team.
_FIRST_TEAM_LOCK = 0x6D6E6F01


async def lock_first_team(tx: Connection) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _FIRST_TEAM_LOCK})


async def first_team(tx: Connection) -> Team | None:
    row = await (await tx.execute("SELECT id, name FROM identity_teams ORDER BY created_at, id LIMIT 1")).fetchone()
    return Team(**row) if row else None


async def insert_team(tx: Connection, team: Team) -> None:
    await tx.execute(
        "INSERT INTO identity_teams (id, name) VALUES (%(id)s, %(name)s)",
        {"id": team.id, "name": team.name},
    )


async def team_of(tx: Connection, team_id: UUID) -> Team:
    row = await (await tx.execute("SELECT id, name FROM identity_teams WHERE id = %(id)s", {"id": team_id})).fetchone()
    assert row is not None
    return Team(**row)


async def projects_of(tx: Connection, team_id: UUID) -> list[Project]:
    rows = await tx.execute(
        "SELECT id, team_id, name, created_at FROM identity_projects WHERE team_id = %(team_id)s"
        " ORDER BY created_at, id",
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
    """The first of the team's owners."""
    row = await (
        await tx.execute(
            "SELECT u.id, g.team_id, u.name, u.email FROM identity_grants g"
            " JOIN identity_users u ON u.id = g.subject_id"
            " WHERE g.team_id = %(team_id)s AND g.subject_kind = 'user' AND g.role_id = %(owner)s"
            " AND g.scope_kind = 'team' AND g.effect = 'allow' AND u.deactivated_at IS NULL"
            " ORDER BY g.created_at, u.created_at, u.id LIMIT 1",
            {"team_id": team_id, "owner": OWNER_ROLE},
        )
    ).fetchone()
    return User(**row) if row else None


async def user_of(tx: Connection, team_id: UUID, user_id: UUID) -> User | None:
    row = await (
        await tx.execute(
            "SELECT u.id, m.team_id, u.name, u.email FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
            " WHERE m.team_id = %(team_id)s AND u.id = %(id)s",
            {"team_id": team_id, "id": user_id},
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


async def insert_link(tx: Connection, fingerprint: bytes, owner: User, project_id: UUID, expires_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_sign_in_links (fingerprint, team_id, project_id, user_id, expires_at)"
        " VALUES (%(fingerprint)s, %(team_id)s, %(project_id)s, %(user_id)s, %(expires_at)s)",
        {
            "fingerprint": fingerprint,
            "team_id": owner.team_id,
            "project_id": project_id,
            "user_id": owner.id,
            "expires_at": expires_at,
        },
    )


async def use_link(tx: Connection, fingerprint: bytes, at: datetime) -> dict[str, Any] | None:
    """Marks the link as used and says whose it is; None when it is unknown, used or expired.

    One statement, so that of two callers at the same moment one succeeds.
    """
    return await (
        await tx.execute(
            "UPDATE identity_sign_in_links SET used_at = %(at)s"
            " WHERE fingerprint = %(fingerprint)s AND used_at IS NULL AND expires_at > %(at)s"
            " RETURNING team_id, project_id, user_id",
            {"fingerprint": fingerprint, "at": at},
        )
    ).fetchone()


async def insert_session(tx: Connection, fingerprint: bytes, whose: dict[str, Any], expires_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_sessions (fingerprint, team_id, project_id, user_id, expires_at)"
        " VALUES (%(fingerprint)s, %(team_id)s, %(project_id)s, %(user_id)s, %(expires_at)s)",
        {**whose, "fingerprint": fingerprint, "expires_at": expires_at},
    )


async def session_by_fingerprint(tx: Connection, fingerprint: bytes, at: datetime) -> dict[str, Any] | None:
    """Whose session it is, with the user's name; None when unknown or expired."""
    return await (
        await tx.execute(
            "SELECT s.id, s.team_id, s.project_id, s.user_id, s.verified_at, u.name FROM identity_sessions s"
            " JOIN identity_users u ON u.id = s.user_id"
            " WHERE s.fingerprint = %(fingerprint)s AND s.expires_at > %(at)s",
            {"fingerprint": fingerprint, "at": at},
        )
    ).fetchone()


async def delete_session(tx: Connection, fingerprint: bytes) -> None:
    await tx.execute("DELETE FROM identity_sessions WHERE fingerprint = %(fingerprint)s", {"fingerprint": fingerprint})


async def delete_expired(tx: Connection, at: datetime) -> None:
    """Sessions and links that work no more."""
    await tx.execute("DELETE FROM identity_sessions WHERE expires_at <= %(at)s", {"at": at})
    await tx.execute("DELETE FROM identity_sign_in_links WHERE expires_at <= %(at)s", {"at": at})
