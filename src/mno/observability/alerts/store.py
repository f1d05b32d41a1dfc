"""SQL of alerts and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.observability.alerts.model import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertMeasure,
    AlertSeverity,
    AlertState,
    Place,
)
from mno.platform.database import Connection

_COLUMNS = (
    "id, team_id, project_id, rule_id, rule_name, measure, severity, grouped, labels, state, started_at, updated_at,"
    " value, peak, threshold, resolved_at, resolved_by, acknowledged_at, acknowledged_by, told_steps, first_told_at,"
    " last_told_at, reminders, told_closed"
)
#: What never changes.
_FIXED = {"id", "team_id", "project_id", "rule_id", "rule_name", "measure", "grouped", "labels", "started_at"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts a list shows: those of a project, with the team's own if asked; `before` is where it goes on."""

    team_id: UUID
    project_id: UUID
    of_team: bool
    state: AlertState | None
    rule_id: UUID | None
    before: UUID | None
    limit: int


async def insert(tx: Connection, alert: Alert) -> None:
    values = ", ".join(f"%({name.strip()})s" for name in _COLUMNS.split(","))
    await tx.execute(f"INSERT INTO alerts_alerts ({_COLUMNS}) VALUES ({values})", _bound(alert))


async def save(tx: Connection, alert: Alert) -> None:
    """Everything that may change."""
    names = [name for name in map(str.strip, _COLUMNS.split(",")) if name not in _FIXED]
    changes = ", ".join(f"{name} = %({name})s" for name in names)
    await tx.execute(f"UPDATE alerts_alerts SET {changes} WHERE id = %(id)s AND team_id = %(team_id)s", _bound(alert))


async def add_events(tx: Connection, alert: Alert, events: Sequence[AlertEvent]) -> None:
    for event in events:
        await tx.execute(
            "INSERT INTO alerts_events (alert_id, team_id, at, kind, by, note)"
            " VALUES (%(alert)s, %(team)s, %(at)s, %(kind)s, %(by)s, %(note)s)",
            {
                "alert": alert.id,
                "team": alert.place.team_id,
                "at": event.at,
                "kind": str(event.kind),
                "by": event.by,
                "note": event.note,
            },
        )


async def one(tx: Connection, team_id: UUID, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_alerts WHERE id = %(id)s AND team_id = %(team)s{' FOR UPDATE' if lock else ''}",
        {"id": alert_id, "team": team_id},
    )
    row = await cursor.fetchone()
    return _alert(row) if row else None


async def listed(tx: Connection, wanted: Wanted) -> list[Alert]:
    """The newest first."""
    cursor = await tx.execute(
        f"""
        SELECT {_COLUMNS} FROM alerts_alerts
        WHERE team_id = %(team_id)s AND (project_id = %(project_id)s OR %(of_team)s AND project_id IS NULL)
          AND (%(state)s::text IS NULL OR state = %(state)s)
          AND (%(rule_id)s::uuid IS NULL OR rule_id = %(rule_id)s)
          AND (%(before)s::uuid IS NULL OR id < %(before)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {
            "team_id": wanted.team_id,
            "project_id": wanted.project_id,
            "of_team": wanted.of_team,
            "state": wanted.state,
            "rule_id": wanted.rule_id,
            "before": wanted.before,
            "limit": wanted.limit,
        },
    )
    return [_alert(row) for row in await cursor.fetchall()]


async def unfinished(tx: Connection, team_id: UUID, rule_ids: Sequence[UUID]) -> list[Alert]:
    """Open ones of these rules, and resolved ones of which somebody has still to be told."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_alerts WHERE team_id = %(team)s AND rule_id = ANY (%(rules)s)"
        " AND (state <> 'resolved' OR NOT told_closed) ORDER BY id",
        {"team": team_id, "rules": list(rule_ids)},
    )
    return [_alert(row) for row in await cursor.fetchall()]


async def open_counts(tx: Connection, team_id: UUID) -> dict[UUID, int]:
    """How many alerts of each rule are open."""
    cursor = await tx.execute(
        "SELECT rule_id, count(*) AS n FROM alerts_alerts WHERE team_id = %(team)s AND state <> 'resolved'"
        " GROUP BY rule_id",
        {"team": team_id},
    )
    return {row["rule_id"]: row["n"] for row in await cursor.fetchall()}


async def events(tx: Connection, alert: Alert, limit: int) -> list[AlertEvent]:
    """The newest first."""
    cursor = await tx.execute(
        "SELECT at, kind, by, note FROM alerts_events WHERE alert_id = %(id)s AND team_id = %(team)s"
        " ORDER BY position DESC LIMIT %(limit)s",
        {"id": alert.id, "team": alert.place.team_id, "limit": limit},
    )
    return [
        AlertEvent(row["at"], AlertEventKind(row["kind"]), row["by"], row["note"]) for row in await cursor.fetchall()
    ]


async def prune(tx: Connection, before: datetime, *, limit: int) -> int:
    """Forgets alerts that were resolved before, with their history; how many. Across teams."""
    cursor = await tx.execute(
        "DELETE FROM alerts_alerts WHERE id IN (SELECT id FROM alerts_alerts WHERE state = 'resolved'"
        " AND resolved_at < %(before)s LIMIT %(limit)s)",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount


def _bound(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "team_id": alert.place.team_id,
        "project_id": alert.place.project_id,
        "rule_id": alert.rule_id,
        "rule_name": alert.rule_name,
        "measure": str(alert.measure),
        "severity": str(alert.severity),
        "grouped": alert.group,
        "labels": Jsonb(dict(alert.labels)),
        "state": str(alert.state),
        "started_at": alert.started_at,
        "updated_at": alert.updated_at,
        "value": alert.value,
        "peak": alert.peak,
        "threshold": alert.threshold,
        "resolved_at": alert.resolved_at,
        "resolved_by": alert.resolved_by,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
        "told_steps": alert.told_steps,
        "first_told_at": alert.first_told_at,
        "last_told_at": alert.last_told_at,
        "reminders": alert.reminders,
        "told_closed": alert.told_closed,
    }


def _alert(row: Mapping[str, Any]) -> Alert:
    known = {name: row[name] for name in map(str.strip, _COLUMNS.split(","))}
    place = Place(known.pop("team_id"), known.pop("project_id"))
    group = known.pop("grouped")
    measure, severity = AlertMeasure(known.pop("measure")), AlertSeverity(known.pop("severity"))
    state = AlertState(known.pop("state"))
    return Alert(place=place, group=group, measure=measure, severity=severity, state=state, **known)
