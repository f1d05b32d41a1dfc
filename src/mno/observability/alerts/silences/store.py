"""SQL of silences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.observability.alerts.model import Place, Silence
from mno.platform.database import Connection

_COLUMNS = "id, team_id, project_id, rule_id, labels, starts_at, ends_at, reason, created_at, created_by"


async def insert(tx: Connection, silence: Silence) -> None:
    values = ", ".join(f"%({name.strip()})s" for name in _COLUMNS.split(","))
    await tx.execute(f"INSERT INTO alerts_silences ({_COLUMNS}) VALUES ({values})", _bound(silence))


async def save(tx: Connection, silence: Silence) -> None:
    """Its times and its reason."""
    await tx.execute(
        "UPDATE alerts_silences SET starts_at = %(starts_at)s, ends_at = %(ends_at)s, reason = %(reason)s"
        " WHERE id = %(id)s AND team_id = %(team_id)s",
        _bound(silence),
    )


async def one(tx: Connection, team_id: UUID, silence_id: UUID) -> Silence | None:
    """Locked until the transaction ends."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_silences WHERE id = %(id)s AND team_id = %(team)s FOR UPDATE",
        {"id": silence_id, "team": team_id},
    )
    row = await cursor.fetchone()
    return _silence(row) if row else None


async def unended(tx: Connection, team_id: UUID, now: datetime) -> list[Silence]:
    """Of a team, those that end later; by their ends."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_silences WHERE team_id = %(team)s AND ends_at > %(now)s ORDER BY ends_at, id",
        {"team": team_id, "now": now},
    )
    return [_silence(row) for row in await cursor.fetchall()]


async def lock(tx: Connection, team_id: UUID) -> None:
    """Holds back others who add a silence to this team."""
    name = f"alert silences of team {team_id}"
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": name})


async def prune(tx: Connection, before: datetime) -> None:
    """Forgets those that ended before. Across teams."""
    await tx.execute("DELETE FROM alerts_silences WHERE ends_at < %(before)s", {"before": before})


def _bound(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "team_id": silence.place.team_id,
        "project_id": silence.place.project_id,
        "rule_id": silence.rule_id,
        "labels": Jsonb(dict(silence.labels)),
        "starts_at": silence.start,
        "ends_at": silence.end,
        "reason": silence.reason,
        "created_at": silence.created_at,
        "created_by": silence.created_by,
    }


def _silence(row: Mapping[str, Any]) -> Silence:
    return Silence(
        id=row["id"],
        place=Place(row["team_id"], row["project_id"]),
        rule_id=row["rule_id"],
        labels=row["labels"],
        start=row["starts_at"],
        end=row["ends_at"],
        reason=row["reason"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )
