"""All SQL of one-time codes and recovery codes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mno.platform.database import Connection


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person's authenticator app; `sealed` is its secret, encrypted."""

    sealed: bytes
    confirmed_at: datetime | None
    last_step: int


async def of_person(tx: Connection, user_id: UUID) -> Enrolment | None:
    """Locked until the transaction ends, so that one code is not taken twice at once."""
    row = await (
        await tx.execute(
            "SELECT sealed, confirmed_at, last_step FROM identity_totp WHERE user_id = %(user_id)s FOR UPDATE",
            {"user_id": user_id},
        )
    ).fetchone()
    return Enrolment(bytes(row["sealed"]), row["confirmed_at"], row["last_step"]) if row else None


async def begin(tx: Connection, user_id: UUID, sealed: bytes, at: datetime) -> bool:
    """A new secret in place of an unconfirmed one; False when there is a confirmed one."""
    done = await tx.execute(
        "INSERT INTO identity_totp (user_id, sealed, created_at) VALUES (%(user_id)s, %(sealed)s, %(at)s)"
        " ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at,"
        " last_step = 0 WHERE identity_totp.confirmed_at IS NULL",
        {"user_id": user_id, "sealed": sealed, "at": at},
    )
    return done.rowcount == 1


async def confirm(tx: Connection, user_id: UUID, step: int, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_totp SET confirmed_at = %(at)s, last_step = %(step)s WHERE user_id = %(user_id)s",
        {"user_id": user_id, "step": step, "at": at},
    )


async def use_step(tx: Connection, user_id: UUID, step: int) -> None:
    await tx.execute(
        "UPDATE identity_totp SET last_step = %(step)s WHERE user_id = %(user_id)s", {"user_id": user_id, "step": step}
    )


async def delete(tx: Connection, user_id: UUID) -> bool:
    done = await tx.execute("DELETE FROM identity_totp WHERE user_id = %(user_id)s", {"user_id": user_id})
    return done.rowcount > 0


async def replace_recovery_codes(tx: Connection, user_id: UUID, fingerprints: list[bytes]) -> None:
    await tx.execute("DELETE FROM identity_recovery_codes WHERE user_id = %(user_id)s", {"user_id": user_id})
    for fingerprint in fingerprints:
        await tx.execute(
            "INSERT INTO identity_recovery_codes (user_id, fingerprint) VALUES (%(user_id)s, %(fingerprint)s)",
            {"user_id": user_id, "fingerprint": fingerprint},
        )


async def use_recovery_code(tx: Connection, user_id: UUID, fingerprint: bytes, at: datetime) -> bool:
    done = await tx.execute(
        "UPDATE identity_recovery_codes SET used_at = %(at)s"
        " WHERE user_id = %(user_id)s AND fingerprint = %(fingerprint)s AND used_at IS NULL",
        {"user_id": user_id, "fingerprint": fingerprint, "at": at},
    )
    return done.rowcount == 1


async def count_recovery_codes(tx: Connection, user_id: UUID) -> int:
    """Those that were not used yet."""
    row = await (
        await tx.execute(
            "SELECT count(*) AS codes FROM identity_recovery_codes WHERE user_id = %(user_id)s AND used_at IS NULL",
            {"user_id": user_id},
        )
    ).fetchone()
    assert row is not None
    return int(row["codes"])


async def sealed_after(tx: Connection, after: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    """The sealed secrets of the people after this one, locked, in the order of their ids."""
    rows = await tx.execute(
        "SELECT user_id, sealed FROM identity_totp WHERE user_id > %(after)s"
        " ORDER BY user_id LIMIT %(limit)s FOR UPDATE",
        {"after": after, "limit": limit},
    )
    return [(row["user_id"], bytes(row["sealed"])) for row in await rows.fetchall()]


async def keep_sealed(tx: Connection, user_id: UUID, sealed: bytes) -> None:
    await tx.execute(
        "UPDATE identity_totp SET sealed = %(sealed)s WHERE user_id = %(user_id)s",
        {"user_id": user_id, "sealed": sealed},
    )
