"""Streams and dead letters in Postgres. A stream is leased by the process that sends it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from mno.audit.streams.model import DeadLetter, Stream, StreamKind
from mno.platform.database import Connection, Row

_COLUMNS = """
s.id, s.team_id, s.name, s.kind, s.target, s.seq, s.created_at, s.created_by, s.attempts, s.due_at, s.last_error,
s.sent_at, (SELECT count(*) FROM audit_dead_letters d WHERE d.stream_id = s.id) AS dead_letters,
greatest(coalesce((SELECT c.seq FROM audit_chains c WHERE c.team_id = s.team_id), 0) - s.seq, 0) AS behind
"""


async def insert(tx: Connection, stream: Stream) -> None:
    await tx.execute(
        "INSERT INTO audit_streams (id, team_id, name, kind, target, seq, created_at, created_by, due_at)"
        " VALUES (%(id)s, %(team_id)s, %(name)s, %(kind)s, %(target)s, %(seq)s, %(created_at)s, %(created_by)s,"
        " %(due_at)s)",
        asdict(stream),
    )


async def streams(tx: Connection, team_id: UUID) -> list[Stream]:
    found = await tx.execute(
        f"SELECT {_COLUMNS} FROM audit_streams s WHERE s.team_id = %(team)s ORDER BY s.id", {"team": team_id}
    )
    return [_stream(row) for row in await found.fetchall()]


async def stream(tx: Connection, team_id: UUID, stream_id: UUID) -> Stream | None:
    found = await tx.execute(
        f"SELECT {_COLUMNS} FROM audit_streams s WHERE s.team_id = %(team)s AND s.id = %(id)s",
        {"team": team_id, "id": stream_id},
    )
    row = await found.fetchone()
    return None if row is None else _stream(row)


async def delete(tx: Connection, team_id: UUID, stream_id: UUID) -> bool:
    done = await tx.execute(
        "DELETE FROM audit_streams WHERE team_id = %(team)s AND id = %(id)s", {"team": team_id, "id": stream_id}
    )
    return done.rowcount == 1


async def lease(tx: Connection, holder: UUID, now: datetime, length: timedelta, limit: int) -> list[Stream]:
    """Streams that have something to send and that nobody is at."""
    found = await tx.execute(
        # materialized: a subquery might be run again, and would then lease more than its limit
        "WITH due AS MATERIALIZED (SELECT d.id FROM audit_streams d JOIN audit_chains c USING (team_id)"
        " WHERE c.seq > d.seq AND d.due_at <= %(now)s AND (d.leased_till IS NULL OR d.leased_till < %(now)s)"
        " ORDER BY d.due_at LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED)"
        " UPDATE audit_streams s SET leased_by = %(holder)s, leased_till = %(till)s FROM due WHERE s.id = due.id"
        f" RETURNING {_COLUMNS}",
        {"holder": holder, "now": now, "till": now + length, "limit": limit},
    )
    return [_stream(row) for row in await found.fetchall()]


async def advance(tx: Connection, one: Stream, holder: UUID, seq: int, now: datetime, length: timedelta) -> bool:
    """The entries up to `seq` were taken; False when somebody else holds the stream by now, or it is gone."""
    done = await tx.execute(
        "UPDATE audit_streams SET seq = %(seq)s, attempts = 0, last_error = '', sent_at = %(now)s, due_at = %(now)s,"
        " leased_till = %(till)s WHERE team_id = %(team)s AND id = %(id)s AND leased_by = %(holder)s",
        {"seq": seq, "now": now, "till": now + length, "team": one.team_id, "id": one.id, "holder": holder},
    )
    return done.rowcount == 1


async def postpone(
    tx: Connection, one: Stream, holder: UUID, seq: int, attempts: int, error: str, due_at: datetime
) -> None:
    """A delivery failed; `seq` moves on where it became a dead letter. The stream is free again."""
    await tx.execute(
        "UPDATE audit_streams SET seq = %(seq)s, attempts = %(attempts)s, last_error = %(error)s,"
        " due_at = %(due)s, leased_till = NULL WHERE team_id = %(team)s AND id = %(id)s AND leased_by = %(holder)s",
        {
            "seq": seq,
            "attempts": attempts,
            "error": error,
            "due": due_at,
            "team": one.team_id,
            "id": one.id,
            "holder": holder,
        },
    )


async def release(tx: Connection, one: Stream, holder: UUID) -> None:
    await tx.execute(
        "UPDATE audit_streams SET leased_till = NULL WHERE team_id = %(team)s AND id = %(id)s"
        " AND leased_by = %(holder)s",
        {"team": one.team_id, "id": one.id, "holder": holder},
    )


async def insert_dead_letter(tx: Connection, team_id: UUID, letter: DeadLetter) -> None:
    await tx.execute(
        "INSERT INTO audit_dead_letters (id, team_id, stream_id, first_seq, last_seq, error, at)"
        " VALUES (%(id)s, %(team_id)s, %(stream_id)s, %(first_seq)s, %(last_seq)s, %(error)s, %(at)s)",
        asdict(letter) | {"team_id": team_id},
    )


async def dead_letters(tx: Connection, team_id: UUID, stream_id: UUID, limit: int) -> list[DeadLetter]:
    """The oldest ones."""
    found = await tx.execute(
        "SELECT id, stream_id, first_seq, last_seq, error, at FROM audit_dead_letters"
        " WHERE team_id = %(team)s AND stream_id = %(stream)s ORDER BY first_seq LIMIT %(limit)s",
        {"team": team_id, "stream": stream_id, "limit": limit},
    )
    return [DeadLetter(**row) for row in await found.fetchall()]


async def delete_dead_letter(tx: Connection, team_id: UUID, letter_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM audit_dead_letters WHERE team_id = %(team)s AND id = %(id)s", {"team": team_id, "id": letter_id}
    )


def _stream(row: Row) -> Stream:
    return Stream(**(row | {"kind": StreamKind(row["kind"])}))
