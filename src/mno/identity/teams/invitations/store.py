"""SQL of invitations; a token is found by its fingerprint only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mno.identity.teams.model import Invitation
from mno.platform.database import Connection

_COLUMNS = (
    "i.id, i.team_id, i.email, i.role_id, r.name AS role, i.project_id, p.name AS project, i.created_by,"
    " i.created_at, i.expires_at, i.accepted_at, i.accepted_by, i.revoked_at, i.mailed_at, i.mail_error"
)
_FROM = (
    " FROM identity_invitations i JOIN identity_roles r ON r.id = i.role_id"
    " LEFT JOIN identity_projects p ON p.id = i.project_id"
)


async def insert_invitation(
    tx: Connection,
    *,
    id_: UUID,
    team_id: UUID,
    fingerprint: bytes,
    email: str,
    role_id: UUID,
    project_id: UUID | None,
    created_by: str,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO identity_invitations"
        " (id, team_id, fingerprint, email, role_id, project_id, created_by, created_at, expires_at) VALUES"
        " (%(id)s, %(team)s, %(fingerprint)s, %(email)s, %(role)s, %(project)s, %(by)s, %(at)s, %(expires)s)",
        {
            "id": id_,
            "team": team_id,
            "fingerprint": fingerprint,
            "email": email,
            "role": role_id,
            "project": project_id,
            "by": created_by,
            "at": created_at,
            "expires": expires_at,
        },
    )


async def invitation(tx: Connection, team_id: UUID, id_: UUID, *, lock: bool = False) -> Invitation | None:
    suffix = " FOR UPDATE OF i" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE i.team_id = %(team)s AND i.id = %(id)s{suffix}",
        {"team": team_id, "id": id_},
    )
    row = await cursor.fetchone()
    return Invitation(**row) if row else None


async def by_fingerprint(tx: Connection, fingerprint: bytes, *, lock: bool = False) -> Invitation | None:
    """Whatever became of it. Asks across teams."""
    suffix = " FOR UPDATE OF i" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE i.fingerprint = %(fingerprint)s{suffix}", {"fingerprint": fingerprint}
    )
    row = await cursor.fetchone()
    return Invitation(**row) if row else None


async def open_for(tx: Connection, team_id: UUID, email: str, at: datetime) -> UUID | None:
    """The open invitation of this address, if there is one."""
    cursor = await tx.execute(
        "SELECT id FROM identity_invitations WHERE team_id = %(team)s AND lower(email) = lower(%(email)s)"
        " AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > %(at)s LIMIT 1",
        {"team": team_id, "email": email, "at": at},
    )
    row = await cursor.fetchone()
    return row["id"] if row else None


async def count_open(tx: Connection, team_id: UUID, at: datetime) -> int:
    cursor = await tx.execute(
        "SELECT count(*) AS open FROM identity_invitations WHERE team_id = %(team)s"
        " AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > %(at)s",
        {"team": team_id, "at": at},
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["open"])


async def invitations(
    tx: Connection, team_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Invitation]:
    """The newest first."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE i.team_id = %(team)s"
        " AND (%(at)s::timestamptz IS NULL OR (i.created_at, i.id) < (%(at)s, %(last)s))"
        " ORDER BY i.created_at DESC, i.id DESC LIMIT %(limit)s",
        {
            "team": team_id,
            "at": after[0] if after else None,
            "last": after[1] if after else None,
            "limit": limit,
        },
    )
    return [Invitation(**row) for row in await cursor.fetchall()]


async def renew(tx: Connection, id_: UUID, fingerprint: bytes, expires_at: datetime) -> None:
    """Another token takes the old one's place."""
    await tx.execute(
        "UPDATE identity_invitations SET fingerprint = %(fingerprint)s, expires_at = %(expires)s, mailed_at = NULL,"
        " mail_error = '' WHERE id = %(id)s",
        {"id": id_, "fingerprint": fingerprint, "expires": expires_at},
    )


async def revoke(tx: Connection, id_: UUID, at: datetime) -> None:
    await tx.execute("UPDATE identity_invitations SET revoked_at = %(at)s WHERE id = %(id)s", {"id": id_, "at": at})


async def accept(tx: Connection, id_: UUID, user_id: UUID, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_invitations SET accepted_at = %(at)s, accepted_by = %(user)s WHERE id = %(id)s",
        {"id": id_, "user": user_id, "at": at},
    )


async def note_mail(tx: Connection, id_: UUID, fingerprint: bytes, at: datetime | None, error: str) -> None:
    """What became of the letter, unless another token was made meanwhile."""
    await tx.execute(
        "UPDATE identity_invitations SET mailed_at = %(at)s, mail_error = %(error)s"
        " WHERE id = %(id)s AND fingerprint = %(fingerprint)s",
        {"id": id_, "fingerprint": fingerprint, "at": at, "error": error},
    )


async def names(tx: Connection, team_id: UUID, project_id: UUID | None) -> dict[str, Any]:
    """The team's name, whether it is archived, and the same of the project."""
    cursor = await tx.execute(
        "SELECT t.name AS team, t.archived_at AS team_archived, p.name AS project, p.archived_at AS project_archived"
        " FROM identity_teams t LEFT JOIN identity_projects p ON p.id = %(project)s AND p.team_id = t.id"
        " WHERE t.id = %(team)s",
        {"team": team_id, "project": project_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row
