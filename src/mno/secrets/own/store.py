"""All SQL of the program's own credentials."""

from datetime import datetime
from uuid import UUID

from mno.platform.database import Connection
from mno.secrets.keys.model import Sealed


async def write(tx: Connection, team_id: UUID, name: str, sealed: Sealed, at: datetime) -> None:
    await tx.execute(
        "INSERT INTO secrets_own (team_id, name, data_key_id, ciphertext, updated_at)"
        " VALUES (%(team_id)s, %(name)s, %(key)s, %(ciphertext)s, %(at)s)"
        " ON CONFLICT (team_id, name) DO UPDATE SET data_key_id = excluded.data_key_id,"
        " ciphertext = excluded.ciphertext, updated_at = excluded.updated_at",
        {"team_id": team_id, "name": name, "key": sealed.data_key, "ciphertext": sealed.ciphertext, "at": at},
    )


async def read(tx: Connection, team_id: UUID, name: str) -> Sealed | None:
    rows = await tx.execute(
        "SELECT data_key_id, ciphertext FROM secrets_own WHERE team_id = %(team_id)s AND name = %(name)s",
        {"team_id": team_id, "name": name},
    )
    row = await rows.fetchone()
    return Sealed(row["data_key_id"], bytes(row["ciphertext"])) if row else None


async def delete(tx: Connection, team_id: UUID, name: str) -> bool:
    done = await tx.execute(
        "DELETE FROM secrets_own WHERE team_id = %(team_id)s AND name = %(name)s", {"team_id": team_id, "name": name}
    )
    return done.rowcount == 1


async def names(tx: Connection, team_id: UUID) -> dict[str, datetime]:
    """Which credentials there are, and when each was last set."""
    rows = await tx.execute(
        "SELECT name, updated_at FROM secrets_own WHERE team_id = %(team_id)s ORDER BY name", {"team_id": team_id}
    )
    return {row["name"]: row["updated_at"] for row in await rows.fetchall()}


async def outdated(tx: Connection, team_id: UUID, key: UUID, limit: int) -> list[tuple[str, Sealed]]:
    """Values under another data key; nobody else can change them until the transaction ends."""
    rows = await tx.execute(
        "SELECT name, data_key_id, ciphertext FROM secrets_own WHERE team_id = %(team_id)s AND data_key_id <> %(key)s"
        " ORDER BY name LIMIT %(limit)s FOR UPDATE",
        {"team_id": team_id, "key": key, "limit": limit},
    )
    return [(row["name"], Sealed(row["data_key_id"], bytes(row["ciphertext"]))) for row in await rows.fetchall()]
