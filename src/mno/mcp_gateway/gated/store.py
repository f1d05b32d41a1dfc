"""All SQL of calls that wait for approval."""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.mcp_gateway.gated.model import UNCLAIMED_LIFETIME, GatedCall, GatedState
from mno.platform.database import Connection, Row

_NAMES = (
    "id", "team_id", "project_id", "server_id", "server", "tool", "asker_kind", "asker_id", "asker_name",
    "asker_person", "digest", "idempotency_key", "shown", "told", "params", "created_at", "expires_at", "channels",
    "remind_at", "state", "note", "changed", "response", "delivered", "claimed_by", "lease_until", "ended_at",
    "forget_at",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f"%({name})s" for name in _NAMES)
#: What changes in the life of a call.
_CHANGING = (
    "shown", "params", "remind_at", "state", "note", "changed", "response", "delivered", "claimed_by", "lease_until",
    "ended_at", "forget_at",
)  # fmt: skip
_SET = ", ".join(f"{name} = %({name})s" for name in _CHANGING)


async def insert(tx: Connection, call: GatedCall) -> None:
    await tx.execute(f"INSERT INTO mcp_gated_calls ({_COLUMNS}) VALUES ({_VALUES})", _row(call))


async def save(tx: Connection, call: GatedCall) -> None:
    """Of a row that this transaction has locked."""
    await tx.execute(f"UPDATE mcp_gated_calls SET {_SET} WHERE team_id = %(team_id)s AND id = %(id)s", _row(call))


async def read(tx: Connection, team_id: UUID, id_: UUID, *, lock: bool = False) -> GatedCall | None:
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM mcp_gated_calls WHERE team_id = %(team_id)s AND id = %(id)s"
        f"{' FOR UPDATE' if lock else ''}",
        {"team_id": team_id, "id": id_},
    )
    row = await rows.fetchone()
    return None if row is None else _call(row)


async def same(tx: Connection, team_id: UUID, asker_id: UUID, digest: str, key: str) -> GatedCall | None:
    """The newest of the same asker with the same arguments that is open, or whose outcome was given to nobody within
    UNCLAIMED_LIFETIME; with an idempotency key any.
    """
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM mcp_gated_calls WHERE team_id = %(team_id)s AND asker_id = %(asker_id)s"
        " AND digest = %(digest)s AND idempotency_key = %(key)s"
        " AND (ended_at IS NULL OR idempotency_key <> '' OR NOT delivered AND ended_at > now() - %(unclaimed)s)"
        " ORDER BY id DESC LIMIT 1",
        {"team_id": team_id, "asker_id": asker_id, "digest": digest, "key": key, "unclaimed": UNCLAIMED_LIFETIME},
    )
    row = await rows.fetchone()
    return None if row is None else _call(row)


async def count_waiting(tx: Connection, team_id: UUID, asker_id: UUID) -> int:
    rows = await tx.execute(
        "SELECT count(*) AS waiting FROM mcp_gated_calls"
        " WHERE team_id = %(team_id)s AND asker_id = %(asker_id)s AND state = 'waiting'",
        {"team_id": team_id, "asker_id": asker_id},
    )
    row = await rows.fetchone()
    assert row is not None
    return int(row["waiting"])


async def page(
    tx: Connection, team_id: UUID, project_id: UUID, state: GatedState | None, limit: int
) -> list[GatedCall]:
    """The newest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM mcp_gated_calls WHERE team_id = %(team_id)s AND project_id = %(project_id)s"
        " AND (%(state)s::text IS NULL OR state = %(state)s) ORDER BY id DESC LIMIT %(limit)s",
        {"team_id": team_id, "project_id": project_id, "state": state, "limit": limit},
    )
    return [_call(row) for row in await rows.fetchall()]


async def set_delivered(tx: Connection, team_id: UUID, id_: UUID) -> None:
    await tx.execute(
        "UPDATE mcp_gated_calls SET delivered = true WHERE team_id = %(team_id)s AND id = %(id)s",
        {"team_id": team_id, "id": id_},
    )


# — running —


async def claim(tx: Connection, process: UUID, lease: timedelta, limit: int) -> list[GatedCall]:
    """Approved calls, the oldest first, for this process alone (across teams)."""
    rows = await tx.execute(
        "UPDATE mcp_gated_calls SET state = 'running', claimed_by = %(process)s, lease_until = now() + %(lease)s"
        " WHERE id IN (SELECT id FROM mcp_gated_calls WHERE state = 'approved' ORDER BY id LIMIT %(limit)s"
        f" FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
        {"process": process, "lease": lease, "limit": limit},
    )
    return sorted((_call(row) for row in await rows.fetchall()), key=lambda call: call.id)


async def extend(tx: Connection, process: UUID, lease: timedelta) -> None:
    """The leases of all that this process runs (across teams)."""
    await tx.execute(
        "UPDATE mcp_gated_calls SET lease_until = now() + %(lease)s"
        " WHERE state = 'running' AND claimed_by = %(process)s",
        {"process": process, "lease": lease},
    )


async def abandoned(tx: Connection, limit: int) -> list[tuple[UUID, UUID]]:
    """Team and id of calls whose process has not been heard of (across teams)."""
    rows = await tx.execute(
        "SELECT team_id, id FROM mcp_gated_calls WHERE state = 'running' AND lease_until < now()"
        " ORDER BY lease_until LIMIT %(limit)s",
        {"limit": limit},
    )
    return [(row["team_id"], row["id"]) for row in await rows.fetchall()]


async def is_abandoned(tx: Connection, call: GatedCall) -> bool:
    """The same of one that this transaction has locked, by the database's clock."""
    rows = await tx.execute(
        "SELECT lease_until < now() AS abandoned FROM mcp_gated_calls"
        " WHERE team_id = %(team_id)s AND id = %(id)s AND state = 'running'",
        {"team_id": call.team_id, "id": call.id},
    )
    row = await rows.fetchone()
    return row is not None and bool(row["abandoned"])


# — reminding and forgetting —


async def to_remind(tx: Connection, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Team and id of calls that wait and of which somebody is to be reminded (across teams)."""
    rows = await tx.execute(
        "SELECT team_id, id FROM mcp_gated_calls WHERE remind_at <= %(now)s ORDER BY remind_at LIMIT %(limit)s",
        {"now": now, "limit": limit},
    )
    return [(row["team_id"], row["id"]) for row in await rows.fetchall()]


async def forget(tx: Connection, now: datetime, limit: int) -> int:
    """Deletes what was kept long enough (across teams); how many."""
    done = await tx.execute(
        "DELETE FROM mcp_gated_calls WHERE id IN (SELECT id FROM mcp_gated_calls WHERE forget_at <= %(now)s"
        " ORDER BY forget_at LIMIT %(limit)s)",
        {"now": now, "limit": limit},
    )
    return done.rowcount


async def sealed_after(tx: Connection, id_: UUID, limit: int) -> list[tuple[UUID, UUID, bytes | None, bytes | None]]:
    """Team, id and the encrypted values of the next rows (across teams)."""
    rows = await tx.execute(
        "SELECT team_id, id, params, response FROM mcp_gated_calls WHERE id > %(id)s"
        " AND (params IS NOT NULL OR response IS NOT NULL) ORDER BY id LIMIT %(limit)s FOR UPDATE",
        {"id": id_, "limit": limit},
    )
    return [(row["team_id"], row["id"], row["params"], row["response"]) for row in await rows.fetchall()]


async def reseal(tx: Connection, id_: UUID, params: bytes | None, response: bytes | None) -> None:
    await tx.execute(
        "UPDATE mcp_gated_calls SET params = %(params)s, response = %(response)s WHERE id = %(id)s",
        {"id": id_, "params": params, "response": response},
    )


def _row(call: GatedCall) -> Row:
    values = asdict(call)
    return {
        **values,
        "shown": Jsonb(dict(call.shown)),
        "told": Jsonb(dict(call.told)),
        "state": call.state.value,
        "channels": list(call.channels),
    }


def _call(row: Row) -> GatedCall:
    return GatedCall(**{**row, "state": GatedState(row["state"]), "channels": tuple(row["channels"])})
