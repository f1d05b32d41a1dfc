"""All SQL of passwords and of the links that come by e-mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mno.platform.database import Connection


async def hash_of(tx: Connection, user_id: UUID) -> str | None:
    row = await (
        await tx.execute("SELECT hash FROM identity_passwords WHERE user_id = %(user_id)s", {"user_id": user_id})
    ).fetchone()
    return row["hash"] if row else None


async def keep(tx: Connection, user_id: UUID, password_hash: str, at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_passwords (user_id, hash, changed_at) VALUES (%(user_id)s, %(hash)s, %(at)s)"
        " ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
        {"user_id": user_id, "hash": password_hash, "at": at},
    )


async def keep_rehashed(tx: Connection, user_id: UUID, known: str, password_hash: str) -> None:
    """The same password under newer parameters, unless it was changed meanwhile."""
    await tx.execute(
        "UPDATE identity_passwords SET hash = %(hash)s WHERE user_id = %(user_id)s AND hash = %(known)s",
        {"user_id": user_id, "known": known, "hash": password_hash},
    )


async def drop(tx: Connection, user_id: UUID) -> bool:
    done = await tx.execute("DELETE FROM identity_passwords WHERE user_id = %(user_id)s", {"user_id": user_id})
    return done.rowcount > 0


# — links by e-mail —


async def insert_mail_link(
    tx: Connection, fingerprint: bytes, purpose: str, user_id: UUID, email: str, expires_at: datetime
) -> None:
    """A new link; older ones of the same purpose work no more."""
    await tx.execute(
        "DELETE FROM identity_mail_links WHERE user_id = %(user_id)s AND purpose = %(purpose)s",
        {"user_id": user_id, "purpose": purpose},
    )
    await tx.execute(
        "INSERT INTO identity_mail_links (fingerprint, purpose, user_id, email, expires_at)"
        " VALUES (%(fingerprint)s, %(purpose)s, %(user_id)s, %(email)s, %(expires_at)s)",
        {
            "fingerprint": fingerprint,
            "purpose": purpose,
            "user_id": user_id,
            "email": email,
            "expires_at": expires_at,
        },
    )


async def use_mail_link(tx: Connection, fingerprint: bytes, purpose: str, at: datetime) -> dict[str, Any] | None:
    """Whose link it is and for which address, once; None when it is used, old or unknown."""
    return await (
        await tx.execute(
            "UPDATE identity_mail_links SET used_at = %(at)s WHERE fingerprint = %(fingerprint)s"
            " AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(at)s RETURNING user_id, email",
            {"fingerprint": fingerprint, "purpose": purpose, "at": at},
        )
    ).fetchone()


async def look_at_mail_link(tx: Connection, fingerprint: bytes, purpose: str, at: datetime) -> dict[str, Any] | None:
    """The same, and the link stays as it is."""
    return await (
        await tx.execute(
            "SELECT user_id, email FROM identity_mail_links WHERE fingerprint = %(fingerprint)s"
            " AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(at)s",
            {"fingerprint": fingerprint, "purpose": purpose, "at": at},
        )
    ).fetchone()


async def drop_mail_links(tx: Connection, user_id: UUID) -> None:
    await tx.execute("DELETE FROM identity_mail_links WHERE user_id = %(user_id)s", {"user_id": user_id})


# — the person's own fields —


async def change_person(tx: Connection, user_id: UUID, name: str, language: str, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_users SET name = %(name)s, language = %(language)s, updated_at = %(at)s WHERE id = %(id)s",
        {"id": user_id, "name": name, "language": language, "at": at},
    )


async def address_is_taken(tx: Connection, email: str, by_other_than: UUID) -> bool:
    row = await (
        await tx.execute(
            "SELECT 1 FROM identity_users WHERE lower(email) = lower(%(email)s) AND id <> %(id)s",
            {"email": email, "id": by_other_than},
        )
    ).fetchone()
    return row is not None


async def keep_address(tx: Connection, user_id: UUID, email: str, at: datetime, *, proved: bool = True) -> None:
    """The person's address."""
    await tx.execute(
        "UPDATE identity_users SET email = %(email)s, email_verified_at = %(proved_at)s, updated_at = %(at)s"
        " WHERE id = %(id)s",
        {"id": user_id, "email": email, "at": at, "proved_at": at if proved else None},
    )
