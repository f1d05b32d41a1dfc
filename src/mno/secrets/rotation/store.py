"""All SQL of rotations, over their own table."""

from datetime import datetime
from uuid import UUID

from mno.platform.database import Connection, Row
from mno.secrets.rotation.model import Rotation, RotationKind, RotationState

_COLUMNS = "id, team_id, kind, state, done, error, created_at, created_by, ended_at"


async def insert(tx: Connection, rotation: Rotation) -> bool:
    """False while another one of this kind runs for the team."""
    done = await tx.execute(
        "INSERT INTO secrets_rotations (id, team_id, kind, state, created_at, created_by)"
        " VALUES (%(id)s, %(team_id)s, %(kind)s, %(state)s, %(at)s, %(by)s)"
        " ON CONFLICT (team_id, kind) WHERE state = 'running' DO NOTHING",
        {
            "id": rotation.id,
            "team_id": rotation.team_id,
            "kind": rotation.kind,
            "state": rotation.state,
            "at": rotation.created_at,
            "by": rotation.created_by,
        },
    )
    return done.rowcount == 1


async def add_done(tx: Connection, id_: UUID, count: int) -> None:
    await tx.execute("UPDATE secrets_rotations SET done = done + %(n)s WHERE id = %(id)s", {"id": id_, "n": count})


async def end(tx: Connection, id_: UUID, state: RotationState, error: str, at: datetime) -> bool:
    """False when it had ended already."""
    done = await tx.execute(
        "UPDATE secrets_rotations SET state = %(state)s, error = %(error)s, ended_at = %(at)s"
        " WHERE id = %(id)s AND state = 'running'",
        {"id": id_, "state": state, "error": error, "at": at},
    )
    return done.rowcount == 1


async def rotation(tx: Connection, id_: UUID) -> Rotation | None:
    rows = await tx.execute(f"SELECT {_COLUMNS} FROM secrets_rotations WHERE id = %(id)s", {"id": id_})
    row = await rows.fetchone()
    return _rotation(row) if row else None


async def rotations(tx: Connection, team_id: UUID, limit: int) -> list[Rotation]:
    """The newest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_rotations WHERE team_id = %(team_id)s ORDER BY id DESC LIMIT %(limit)s",
        {"team_id": team_id, "limit": limit},
    )
    return [_rotation(row) for row in await rows.fetchall()]


def _rotation(row: Row) -> Rotation:
    return Rotation(
        row["id"],
        row["team_id"],
        RotationKind(row["kind"]),
        RotationState(row["state"]),
        row["done"],
        row["error"],
        row["created_at"],
        row["created_by"],
        row["ended_at"],
    )
