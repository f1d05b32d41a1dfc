"""All SQL of the data keys. A key that something still needs cannot be deleted: rows refer to it."""

from uuid import UUID

import psycopg

from mno.platform.database import Connection, Row
from mno.secrets.keys.model import DataKey

_COLUMNS = "id, team_id, version, master, wrapped, created_at"


async def newest(tx: Connection, team_id: UUID) -> DataKey | None:
    """The key that encrypts; it cannot be deleted before this transaction ends."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_data_keys WHERE team_id = %(team_id)s"
        " ORDER BY version DESC LIMIT 1 FOR KEY SHARE",
        {"team_id": team_id},
    )
    row = await rows.fetchone()
    return _key(row) if row else None


async def insert(tx: Connection, key: DataKey) -> bool:
    """False when another transaction made this version first."""
    done = await tx.execute(
        "INSERT INTO secrets_data_keys (id, team_id, version, master, wrapped, created_at)"
        " VALUES (%(id)s, %(team_id)s, %(version)s, %(master)s, %(wrapped)s, %(created_at)s)"
        " ON CONFLICT (team_id, version) DO NOTHING",
        {
            "id": key.id,
            "team_id": key.team_id,
            "version": key.version,
            "master": key.master,
            "wrapped": key.wrapped,
            "created_at": key.created_at,
        },
    )
    return done.rowcount == 1


async def key(tx: Connection, id_: UUID) -> DataKey | None:
    rows = await tx.execute(f"SELECT {_COLUMNS} FROM secrets_data_keys WHERE id = %(id)s", {"id": id_})
    row = await rows.fetchone()
    return _key(row) if row else None


async def keys_of(tx: Connection, team_id: UUID) -> list[DataKey]:
    """The newest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_data_keys WHERE team_id = %(team_id)s ORDER BY version DESC",
        {"team_id": team_id},
    )
    return [_key(row) for row in await rows.fetchall()]


async def is_empty(tx: Connection) -> bool:
    rows = await tx.execute("SELECT 1 FROM secrets_data_keys LIMIT 1")
    return await rows.fetchone() is None


async def masters(tx: Connection) -> list[str]:
    """The ids of the master keys that are needed."""
    rows = await tx.execute("SELECT DISTINCT master FROM secrets_data_keys ORDER BY master")
    return [row["master"] for row in await rows.fetchall()]


async def under_others(tx: Connection, master: str, limit: int) -> list[DataKey]:
    """Keys that another master key wrapped; nobody else can wrap them until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_data_keys WHERE master <> %(master)s"
        " ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE",
        {"master": master, "limit": limit},
    )
    return [_key(row) for row in await rows.fetchall()]


async def rewrap(tx: Connection, id_: UUID, master: str, wrapped: bytes) -> None:
    await tx.execute(
        "UPDATE secrets_data_keys SET master = %(master)s, wrapped = %(wrapped)s WHERE id = %(id)s",
        {"id": id_, "master": master, "wrapped": wrapped},
    )


async def delete_older(tx: Connection, team_id: UUID, version: int) -> bool:
    """Deletes the keys before this version; False, and none is deleted, when a value still needs one."""
    try:
        async with tx.transaction():
            await tx.execute(
                "DELETE FROM secrets_data_keys WHERE team_id = %(team_id)s AND version < %(version)s",
                {"team_id": team_id, "version": version},
            )
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


def _key(row: Row) -> DataKey:
    return DataKey(row["id"], row["team_id"], row["version"], row["master"], bytes(row["wrapped"]), row["created_at"])
