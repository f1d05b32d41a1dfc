"""All SQL of the counted attempts. Every node counts in the same rows."""

from datetime import datetime

from mno.identity.sign_in.attempts.waits import RULES, Subject, wait_after
from mno.platform.database import Connection


async def count(tx: Connection, subject: Subject, at: datetime) -> datetime | None:
    """Counts one more attempt; None, or until when this subject has to wait (then nothing was counted)."""
    values = {
        "kind": subject.kind,
        "subject": subject.fingerprint,
        "at": at,
        "forget_before": at - RULES[subject.kind].memory,
    }
    counted = await (
        await tx.execute(
            "INSERT INTO identity_attempts AS a (kind, subject, attempts, last_at, blocked_until)"
            " VALUES (%(kind)s, %(subject)s, 1, %(at)s, %(at)s)"
            " ON CONFLICT (kind, subject) DO UPDATE SET last_at = %(at)s,"
            " attempts = CASE WHEN a.last_at < %(forget_before)s THEN 1 ELSE a.attempts + 1 END"
            " WHERE a.blocked_until <= %(at)s RETURNING attempts",
            values,
        )
    ).fetchone()
    if counted is None:
        row = await (
            await tx.execute(
                "SELECT blocked_until FROM identity_attempts WHERE kind = %(kind)s AND subject = %(subject)s", values
            )
        ).fetchone()
        return row["blocked_until"] if row else None
    await tx.execute(
        "UPDATE identity_attempts SET blocked_until = %(until)s WHERE kind = %(kind)s AND subject = %(subject)s",
        {**values, "until": at + wait_after(subject.kind, counted["attempts"])},
    )
    return None


async def forget(tx: Connection, subject: Subject) -> None:
    await tx.execute(
        "DELETE FROM identity_attempts WHERE kind = %(kind)s AND subject = %(subject)s",
        {"kind": subject.kind, "subject": subject.fingerprint},
    )


async def give_back(tx: Connection, subject: Subject, at: datetime) -> None:
    """One attempt was right: it does not count, the others do."""
    await tx.execute(
        "UPDATE identity_attempts SET attempts = greatest(attempts - 1, 0), blocked_until = %(at)s"
        " WHERE kind = %(kind)s AND subject = %(subject)s",
        {"kind": subject.kind, "subject": subject.fingerprint, "at": at},
    )


async def delete_older(tx: Connection, before: datetime) -> None:
    await tx.execute("DELETE FROM identity_attempts WHERE last_at < %(before)s", {"before": before})
