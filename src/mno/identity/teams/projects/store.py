"""SQL of projects, and of what a project takes along when it moves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from mno.identity.teams.model import Project
from mno.platform.database import Connection
from mno.platform.errors import Conflict
from mno.platform.ids import new_id

_COLUMNS = "id, team_id, name, created_at, archived_at, moved_to_team, moved_to_project"
_TAKEN = "The team has a project of this name already; choose another."
#: Keys that can only send data: their senders go on without noticing a move.
_SENDING = "revoked_at IS NULL AND scopes = ARRAY['ingest'] AND permissions = '{}'"


async def projects(tx: Connection, team_id: UUID, *, only: list[UUID] | None) -> list[Project]:
    """Oldest first, archived ones last; of those that the caller may see (`only`, None for all)."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_projects WHERE team_id = %(team)s"
        " AND (%(only)s::uuid[] IS NULL OR id = ANY(%(only)s))"
        " ORDER BY archived_at IS NOT NULL, created_at, id",
        {"team": team_id, "only": only},
    )
    return [Project(**row) for row in await cursor.fetchall()]


async def project(tx: Connection, team_id: UUID, project_id: UUID, *, lock: bool = False) -> Project | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_projects WHERE team_id = %(team)s AND id = %(id)s{suffix}",
        {"team": team_id, "id": project_id},
    )
    row = await cursor.fetchone()
    return Project(**row) if row else None


async def lock_projects(tx: Connection, team_id: UUID) -> None:
    """So that the number of a team's projects stays within its limits, and one stays that is not archived."""
    await tx.execute("SELECT FROM identity_teams WHERE id = %(team)s FOR NO KEY UPDATE", {"team": team_id})


async def count_projects(tx: Connection, team_id: UUID) -> tuple[int, int]:
    """All of them, and those that are not archived."""
    cursor = await tx.execute(
        "SELECT count(*) AS every, count(*) FILTER (WHERE archived_at IS NULL) AS active"
        " FROM identity_projects WHERE team_id = %(team)s",
        {"team": team_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row["every"], row["active"]


async def is_taken(tx: Connection, team_id: UUID, name: str) -> bool:
    """Whether a project that is not archived has this name, in any case of its letters."""
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM identity_projects"
        " WHERE team_id = %(team)s AND lower(name) = lower(%(name)s) AND archived_at IS NULL) AS taken",
        {"team": team_id, "name": name},
    )
    row = await cursor.fetchone()
    return bool(row and row["taken"])


async def insert_project(tx: Connection, made: Project) -> None:
    """`Conflict` when the team has one of this name."""
    try:
        await tx.execute(
            "INSERT INTO identity_projects (id, team_id, name, created_at)"
            " VALUES (%(id)s, %(team_id)s, %(name)s, %(created_at)s)",
            {"id": made.id, "team_id": made.team_id, "name": made.name, "created_at": made.created_at},
        )
    except UniqueViolation:
        raise Conflict(_TAKEN) from None


async def rename(tx: Connection, team_id: UUID, project_id: UUID, name: str) -> None:
    try:
        await tx.execute(
            "UPDATE identity_projects SET name = %(name)s WHERE team_id = %(team)s AND id = %(id)s",
            {"team": team_id, "id": project_id, "name": name},
        )
    except UniqueViolation:
        raise Conflict(_TAKEN) from None


async def set_archived(tx: Connection, team_id: UUID, project_id: UUID, at: datetime | None) -> None:
    """`Conflict` when it would come back under a name that another has taken."""
    try:
        await tx.execute(
            "UPDATE identity_projects SET archived_at = %(at)s WHERE team_id = %(team)s AND id = %(id)s",
            {"team": team_id, "id": project_id, "at": at},
        )
    except UniqueViolation:
        raise Conflict(_TAKEN) from None


async def set_moved(tx: Connection, old: Project, new: Project) -> None:
    await tx.execute(
        "UPDATE identity_projects SET moved_to_team = %(to_team)s, moved_to_project = %(to_project)s"
        " WHERE team_id = %(team)s AND id = %(id)s",
        {"team": old.team_id, "id": old.id, "to_team": new.team_id, "to_project": new.id},
    )


async def count_consequences(tx: Connection, team_id: UUID, project_id: UUID) -> dict[str, Any]:
    """Keys that only send, other keys, grants and open invitations of a project."""
    cursor = await tx.execute(
        f"SELECT (SELECT count(*) FROM identity_api_keys WHERE team_id = %(team)s AND project_id = %(id)s"
        f" AND {_SENDING}) AS sending,"
        f" (SELECT count(*) FROM identity_api_keys WHERE team_id = %(team)s AND project_id = %(id)s"
        f" AND revoked_at IS NULL AND NOT ({_SENDING})) AS other,"
        " (SELECT count(*) FROM identity_grants WHERE team_id = %(team)s AND project_id = %(id)s) AS grants,"
        " (SELECT count(*) FROM identity_invitations WHERE team_id = %(team)s AND project_id = %(id)s"
        " AND accepted_at IS NULL AND revoked_at IS NULL) AS invitations",
        {"team": team_id, "id": project_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row


async def move_sending_keys(tx: Connection, old: Project, new: Project, by: UUID, at: datetime) -> int:
    """Keys that only send go on under a new id in the new team; the old entry stays, revoked, for its history.

    The old entry gives its fingerprint away and keeps a digest of it, which no key has.
    """
    rows = await (
        await tx.execute(
            "SELECT * FROM identity_api_keys"
            f" WHERE team_id = %(team)s AND project_id = %(id)s AND {_SENDING} FOR UPDATE",
            {"team": old.team_id, "id": old.id},
        )
    ).fetchall()
    for row in rows:
        await tx.execute(
            "UPDATE identity_api_keys SET revoked_at = %(at)s, fingerprint = sha256(fingerprint) WHERE id = %(id)s",
            {"id": row["id"], "at": at},
        )
        await tx.execute(
            "INSERT INTO identity_api_keys (id, team_id, project_id, name, prefix, fingerprint, scopes, created_at,"
            " last_used_at, created_by, agent, expires_at, allowed_addresses) VALUES (%(new_id)s, %(new_team)s,"
            " %(new_project)s, %(name)s, %(prefix)s, %(fingerprint)s, %(scopes)s, %(created_at)s, %(last_used_at)s,"
            " %(by)s, %(agent)s, %(expires_at)s, %(allowed_addresses)s)",
            row | {"new_id": new_id(), "new_team": new.team_id, "new_project": new.id, "by": by},
        )
    return len(rows)


async def revoke_keys(tx: Connection, team_id: UUID, project_id: UUID, at: datetime) -> int:
    cursor = await tx.execute(
        "UPDATE identity_api_keys SET revoked_at = %(at)s"
        " WHERE team_id = %(team)s AND project_id = %(id)s AND revoked_at IS NULL",
        {"team": team_id, "id": project_id, "at": at},
    )
    return cursor.rowcount


async def end_grants(tx: Connection, team_id: UUID, project_id: UUID) -> int:
    cursor = await tx.execute(
        "DELETE FROM identity_grants WHERE team_id = %(team)s AND project_id = %(id)s",
        {"team": team_id, "id": project_id},
    )
    return cursor.rowcount


async def revoke_invitations(tx: Connection, team_id: UUID, project_id: UUID, at: datetime) -> int:
    cursor = await tx.execute(
        "UPDATE identity_invitations SET revoked_at = %(at)s"
        " WHERE team_id = %(team)s AND project_id = %(id)s AND accepted_at IS NULL AND revoked_at IS NULL",
        {"team": team_id, "id": project_id, "at": at},
    )
    return cursor.rowcount
