"""The audit log in Postgres: appending under the lock of the chain's head, and reading."""

from collections.abc import Sequence
from uuid import UUID

from mno.audit import chain
from mno.audit.model import NewEntry
from mno.platform import clock
from mno.platform.database import Connection
from mno.platform.ids import new_id

_INSERT = """
INSERT INTO audit_entries (team_id, seq, id, at, actor_kind, actor_id, person_id, action, resource, outcome, trace_id,
                           times, payload_hash, hash, salt, payload)
VALUES (%(team_id)s, %(seq)s, %(id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(person_id)s, %(action)s, %(resource)s,
        %(outcome)s, %(trace_id)s, %(times)s, %(payload_hash)s, %(hash)s, %(salt)s, %(payload)s)
"""
_MOVE = "UPDATE audit_chains SET seq = %(seq)s, hash = %(hash)s WHERE team_id = %(team_id)s"
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
        await tx.cursor().executemany(_INSERT, rows)
        await tx.execute(_MOVE, rows[-1])
    if head["saw"] not in ("*", str(team_id)):
        await tx.execute("SELECT set_config('mno.team', %s, true)", (head["saw"],))


def _rows(team_id: UUID, seq: int, before: bytes, entries: Sequence[NewEntry]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for seq, entry in enumerate(entries, start=seq + 1):  # noqa: B020 - goes on counting
        link = chain.link_of(team_id, seq, new_id(), at := clock.now(), entry)
        salt, payload = chain.new_salt(), chain.canonical_payload(entry.payload)
        payload_hash = chain.payload_hash(salt, payload)
        before = chain.link_hash(before, link, payload_hash)
        rows.append(
            link._asdict()
            | {"at": at, "payload_hash": payload_hash, "hash": before, "salt": salt, "payload": payload.decode()}
        )
    return rows
