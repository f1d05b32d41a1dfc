"""The audit log in Postgres: appending under the lock of the chain's head, and reading."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import tuple_row

from mno.audit import chain
from mno.audit.model import NewEntry
from mno.platform import clock
from mno.platform.database import Connection, Row
from mno.platform.ids import new_id

_INSERT = """
INSERT INTO audit_entries (team_id, seq, id, at, actor_kind, actor_id, person_id, action, resource, outcome, trace_id,
                           times, payload_hash, hash, salt, payload)
VALUES (%(team_id)s, %(seq)s, %(id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(person_id)s, %(action)s, %(resource)s,
        %(outcome)s, %(trace_id)s, %(times)s, %(payload_hash)s, %(hash)s, %(salt)s, %(payload)s)
"""
#: Many at once: one statement costs a fraction of as many.
_INSERT_ALL = """
INSERT INTO audit_entries (team_id, seq, id, at, actor_kind, actor_id, person_id, action, resource, outcome, trace_id,
                           times, payload_hash, hash, salt, payload)
SELECT team_id, seq, id, at, actor_kind, actor_id, person_id, action, resource, outcome, trace_id, times,
       decode(payload_hash, 'hex'), decode(hash, 'hex'), decode(salt, 'hex'), payload::json
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    team_id uuid, seq bigint, id uuid, at timestamptz, actor_kind text, actor_id uuid, person_id uuid, action text,
    resource text, outcome text, trace_id text, times integer, payload_hash text, hash text, salt text, payload text)
ORDER BY seq
"""
_MOVE = "UPDATE audit_chains SET seq = %(seq)s, hash = %(hash)s WHERE team_id = %(team_id)s"
_STREAM = """
SELECT seq, id::text, (extract(epoch FROM at) * 1000000)::bigint, actor_kind, actor_id::text, person_id::text, action,
       resource, outcome, trace_id, times, payload_hash, hash, salt, payload::text
FROM audit_entries WHERE team_id = %(team)s AND seq > %(after)s AND seq <= %(upto)s ORDER BY seq
"""
#: Rows of one batch of a walk: a few milliseconds of hashing.
STREAM_ROWS = 1_000
#: One statement for the usual case: a changed thing is one entry.
_APPEND = f"WITH moved AS ({_MOVE}) {_INSERT}"


async def append(tx: Connection, team_id: UUID, entries: Sequence[NewEntry]) -> None:
    """Appends to the team's chain; its head stays locked until the transaction ends."""
    cursor = await tx.execute(
        "SELECT seq, hash, saw FROM audit_head(%(team)s, %(start)s)",
        {"team": team_id, "start": chain.start_of(team_id)},
    )
    head = await cursor.fetchone()
    assert head is not None
    rows = _rows(team_id, head["seq"], bytes(head["hash"]), entries)
    if len(rows) == 1:
        await tx.execute(_APPEND, rows[0])
    elif rows:
        await tx.execute(_INSERT_ALL, {"rows": orjson.dumps(rows, default=bytes.hex).decode()})
        await tx.execute(_MOVE, rows[-1])
    if head["saw"] not in ("*", str(team_id)):
        await tx.execute("SELECT set_config('mno.team', %s, true)", (head["saw"],))


def _rows(team_id: UUID, last: int, before: bytes, entries: Sequence[NewEntry]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for place, entry in enumerate(entries, start=last + 1):
        at = clock.now()
        link = chain.link_of(team_id, place, new_id(), at, entry)
        salt, payload = chain.new_salt(), chain.canonical_payload(entry.payload)
        payload_hash = chain.payload_hash(salt, payload)
        before = chain.link_hash(before, link, payload_hash)
        rows.append(
            link._asdict()
            | {"at": at, "payload_hash": payload_hash, "hash": before, "salt": salt, "payload": payload.decode()}
        )
    return rows


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a chain as the database keeps it, and the greatest number that it really holds."""

    team_id: UUID
    seq: int
    hash: bytes
    last_seq: int


async def heads(tx: Connection, team_id: UUID | None = None) -> list[Head]:
    """Of every chain, or of one."""
    found = await tx.execute(
        "SELECT team_id, seq, hash,"
        " coalesce((SELECT max(seq) FROM audit_entries e WHERE e.team_id = c.team_id), 0) AS last_seq"
        " FROM audit_chains c WHERE %(team)s::uuid IS NULL OR team_id = %(team)s ORDER BY team_id",
        {"team": team_id},
    )
    return [Head(row["team_id"], row["seq"], bytes(row["hash"]), row["last_seq"]) for row in await found.fetchall()]


async def teams_with_entries(tx: Connection) -> list[UUID]:
    """Every team of which there are entries, whether or not its chain has a head (a loose index scan)."""
    found = await tx.execute(
        "WITH RECURSIVE t AS (SELECT min(team_id::text)::uuid AS team_id FROM audit_entries UNION ALL"
        " SELECT (SELECT min(e.team_id::text)::uuid FROM audit_entries e WHERE e.team_id > t.team_id) FROM t"
        " WHERE t.team_id IS NOT NULL) SELECT team_id FROM t WHERE team_id IS NOT NULL"
    )
    return [row["team_id"] for row in await found.fetchall()]


async def stream(tx: Connection, team_id: UUID, after: int, upto: int) -> AsyncIterator[list[tuple[Any, ...]]]:
    """The chain's entries in their order, as `verify.Row` wants them, a batch at a time."""
    async with tx.cursor("audit_walk", binary=True, row_factory=tuple_row) as cursor:
        await cursor.execute(_STREAM, {"team": team_id, "after": after, "upto": upto})
        while rows := await cursor.fetchmany(STREAM_ROWS):
            yield rows


async def first_seq(tx: Connection, team_id: UUID) -> int | None:
    """The oldest entry that is kept; None for a chain without any."""
    found = await tx.execute("SELECT min(seq) AS seq FROM audit_entries WHERE team_id = %s", (team_id,))
    row = await found.fetchone()
    return None if row is None else row["seq"]


async def erase_person(tx: Connection, team_id: UUID, person_id: UUID, resource: str) -> int:
    """Removes the payloads of all entries that a person made or that are about them."""
    done = await tx.execute(
        "UPDATE audit_entries SET salt = NULL, payload = NULL"
        " WHERE team_id = %(team)s AND (person_id = %(person)s OR resource = %(resource)s) AND payload IS NOT NULL",
        {"team": team_id, "person": person_id, "resource": resource},
    )
    return done.rowcount


async def chains_of_person(tx: Connection, person_id: UUID, resource: str) -> list[UUID]:
    """The chains that still hold something about a person."""
    found = await tx.execute(
        "SELECT DISTINCT team_id FROM audit_entries"
        " WHERE (person_id = %(person)s OR resource = %(resource)s) AND payload IS NOT NULL ORDER BY team_id",
        {"person": person_id, "resource": resource},
    )
    return [row["team_id"] for row in await found.fetchall()]


async def last_before(tx: Connection, team_id: UUID, moment: datetime) -> tuple[int, bytes] | None:
    """The entry up to which all are older than `moment`; None when there is none. The newest is always kept."""
    found = await tx.execute(
        "SELECT seq, hash FROM audit_entries WHERE team_id = %(team)s AND seq < least("
        " (SELECT min(seq) FROM audit_entries WHERE team_id = %(team)s AND at >= %(moment)s),"
        " (SELECT seq FROM audit_chains WHERE team_id = %(team)s)) ORDER BY seq DESC LIMIT 1",
        {"team": team_id, "moment": moment},
    )
    row = await found.fetchone()
    return None if row is None else (row["seq"], bytes(row["hash"]))


async def prune(tx: Connection, team_id: UUID, upto: int) -> int:
    """Removes the entries up to and with `upto`; write the checkpoint first."""
    row = await (
        await tx.execute("SELECT audit_prune(%(team)s, %(upto)s) AS pruned", {"team": team_id, "upto": upto})
    ).fetchone()
    assert row is not None
    return int(row["pruned"])


async def begin_verification(tx: Connection, team_id: UUID, total: int, now: datetime, stale: datetime) -> bool:
    """Writes down that one runs; False when another process is at it and was heard of since `stale`."""
    done = await tx.execute(
        "INSERT INTO audit_verifications AS v (team_id, started_at, touched_at, total)"
        " VALUES (%(team)s, %(now)s, %(now)s, %(total)s) ON CONFLICT (team_id) DO UPDATE SET started_at = %(now)s,"
        " touched_at = %(now)s, walked = 0, total = %(total)s"
        " WHERE v.checked_at >= v.started_at OR v.touched_at < %(stale)s",
        {"team": team_id, "total": total, "now": now, "stale": stale},
    )
    return done.rowcount == 1


async def touch_verification(tx: Connection, team_id: UUID, walked: int, now: datetime) -> None:
    await tx.execute(
        "UPDATE audit_verifications SET walked = %(walked)s, touched_at = %(now)s WHERE team_id = %(team)s",
        {"team": team_id, "walked": walked, "now": now},
    )


async def end_verification(tx: Connection, result: dict[str, Any]) -> None:
    await tx.execute(
        "UPDATE audit_verifications SET checked_at = %(checked_at)s, touched_at = %(checked_at)s,"
        " walked = %(entries)s, entries = %(entries)s, erased = %(erased)s, anchors = %(anchors)s,"
        " anchored = %(anchored)s, seconds = %(seconds)s, fault = %(fault)s, bad_seq = %(bad_seq)s,"
        " bad_id = %(bad_id)s, message = %(message)s WHERE team_id = %(team_id)s",
        result,
    )


async def fail_verification(tx: Connection, team_id: UUID, why: str, now: datetime) -> None:
    """It came to no result: no fault is known, and none is excluded."""
    await tx.execute(
        "UPDATE audit_verifications SET checked_at = %(now)s, fault = 'unfinished', bad_seq = NULL, bad_id = NULL,"
        " message = %(why)s WHERE team_id = %(team)s",
        {"team": team_id, "why": why, "now": now},
    )


async def verifications(tx: Connection, team_id: UUID | None) -> list[Row]:
    """What is known of one chain, or of all."""
    found = await tx.execute(
        "SELECT * FROM audit_verifications WHERE %(team)s::uuid IS NULL OR team_id = %(team)s ORDER BY team_id",
        {"team": team_id},
    )
    return await found.fetchall()
