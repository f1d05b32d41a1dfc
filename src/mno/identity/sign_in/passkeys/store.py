"""All SQL of passkeys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.platform.database import Connection

_COLUMNS = "id, user_id, credential_id, public_key, sign_count, name, backed_up, created_at, last_used_at"


@dataclass(frozen=True, slots=True)
class Passkey:
    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None = None


async def insert(tx: Connection, key: Passkey) -> bool:
    """False when this credential is known already, whoever has it."""
    done = await tx.execute(
        "INSERT INTO identity_passkeys (id, user_id, credential_id, public_key, sign_count, name, backed_up,"
        " created_at) VALUES (%(id)s, %(user_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(name)s,"
        " %(backed_up)s, %(created_at)s) ON CONFLICT (credential_id) DO NOTHING",
        {
            "id": key.id,
            "user_id": key.user_id,
            "credential_id": key.credential_id,
            "public_key": key.public_key,
            "sign_count": key.sign_count,
            "name": key.name,
            "backed_up": key.backed_up,
            "created_at": key.created_at,
        },
    )
    return done.rowcount == 1


async def of_person(tx: Connection, user_id: UUID) -> list[Passkey]:
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_passkeys WHERE user_id = %(user_id)s ORDER BY created_at, id",
        {"user_id": user_id},
    )
    return [_passkey(row) for row in await rows.fetchall()]


async def lock_person(tx: Connection, user_id: UUID) -> None:
    """So that two requests of one person do not both pass a limit."""
    await tx.execute("SELECT 1 FROM identity_users WHERE id = %(id)s FOR UPDATE", {"id": user_id})


async def by_credential(tx: Connection, credential_id: bytes) -> Passkey | None:
    """The passkey, locked until the transaction ends: its count must not be checked twice at once."""
    row = await (
        await tx.execute(
            f"SELECT {_COLUMNS} FROM identity_passkeys WHERE credential_id = %(id)s FOR UPDATE", {"id": credential_id}
        )
    ).fetchone()
    return _passkey(row) if row else None


async def note_use(tx: Connection, passkey_id: UUID, sign_count: int, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_passkeys SET sign_count = %(sign_count)s, last_used_at = %(at)s WHERE id = %(id)s",
        {"id": passkey_id, "sign_count": sign_count, "at": at},
    )


async def rename(tx: Connection, user_id: UUID, passkey_id: UUID, name: str) -> str | None:
    """The old name; None when the person has no such passkey."""
    row = await (
        await tx.execute(
            "UPDATE identity_passkeys p SET name = %(name)s FROM identity_passkeys old"
            " WHERE old.id = p.id AND p.id = %(id)s AND p.user_id = %(user_id)s RETURNING old.name",
            {"id": passkey_id, "user_id": user_id, "name": name},
        )
    ).fetchone()
    return str(row["name"]) if row else None


async def delete(tx: Connection, user_id: UUID, passkey_id: UUID) -> str | None:
    """The name that it had; None when the person has no such passkey."""
    row = await (
        await tx.execute(
            "DELETE FROM identity_passkeys WHERE id = %(id)s AND user_id = %(user_id)s RETURNING name",
            {"id": passkey_id, "user_id": user_id},
        )
    ).fetchone()
    return str(row["name"]) if row else None


async def delete_all(tx: Connection, user_id: UUID) -> None:
    await tx.execute("DELETE FROM identity_passkeys WHERE user_id = %(user_id)s", {"user_id": user_id})


def _passkey(row: dict[str, Any]) -> Passkey:
    return Passkey(**{**row, "credential_id": bytes(row["credential_id"]), "public_key": bytes(row["public_key"])})
