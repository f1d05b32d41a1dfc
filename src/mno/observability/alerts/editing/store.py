"""SQL of alert rules."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from mno.observability.alerts.editing.wishes import written
from mno.observability.alerts.model import (
    AlertComparison,
    AlertMeasure,
    AlertRule,
    AlertSeverity,
    Place,
    Step,
    Terms,
)
from mno.platform.database import Connection
from mno.platform.errors import Conflict
from mno.platform.ids import parsed

_COLUMNS = "id, team_id, project_id, name, enabled, terms, version, created_at, created_by, changed_at, changed_by"


async def insert(tx: Connection, rule: AlertRule) -> None:
    """`Conflict` when the team has a rule of that name."""
    values = ", ".join(f"%({name.strip()})s" for name in _COLUMNS.split(","))
    try:
        await tx.execute(f"INSERT INTO alerts_rules ({_COLUMNS}) VALUES ({values})", _bound(rule))
    except UniqueViolation:
        raise Conflict(f"There is an alert rule '{rule.name}' already.") from None


async def update(tx: Connection, rule: AlertRule) -> None:
    """Everything that may change; `Conflict` when another rule has the name."""
    try:
        await tx.execute(
            """
            UPDATE alerts_rules SET name = %(name)s, enabled = %(enabled)s, terms = %(terms)s, version = %(version)s,
                changed_at = %(changed_at)s, changed_by = %(changed_by)s
            WHERE id = %(id)s AND team_id = %(team_id)s AND removed_at IS NULL
            """,
            _bound(rule),
        )
    except UniqueViolation:
        raise Conflict(f"There is an alert rule '{rule.name}' already.") from None


async def remove(tx: Connection, rule: AlertRule, at: datetime) -> None:
    await tx.execute(
        "UPDATE alerts_rules SET removed_at = %(at)s WHERE id = %(id)s AND team_id = %(team)s",
        {"id": rule.id, "team": rule.place.team_id, "at": at},
    )


async def one(tx: Connection, team_id: UUID, rule_id: UUID, *, lock: bool = False) -> AlertRule | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_rules WHERE id = %(id)s AND team_id = %(team)s AND removed_at IS NULL{suffix}",
        {"id": rule_id, "team": team_id},
    )
    row = await cursor.fetchone()
    return _rule(row) if row else None


async def of_team(tx: Connection, team_id: UUID) -> list[AlertRule]:
    """By name."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM alerts_rules WHERE team_id = %(team)s AND removed_at IS NULL ORDER BY lower(name)",
        {"team": team_id},
    )
    return [_rule(row) for row in await cursor.fetchall()]


async def every(tx: Connection) -> list[AlertRule]:
    """Those of all teams that are switched on: for who looks."""
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM alerts_rules WHERE enabled AND removed_at IS NULL ORDER BY id")
    return [_rule(row) for row in await cursor.fetchall()]


async def lock_names(tx: Connection, team_id: UUID) -> int:
    """Holds back others who add a rule to this team; the number of those there are."""
    name = f"alert rules of team {team_id}"
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": name})
    cursor = await tx.execute(
        "SELECT count(*) AS n FROM alerts_rules WHERE team_id = %(team)s AND removed_at IS NULL", {"team": team_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["n"])


def _bound(rule: AlertRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "team_id": rule.place.team_id,
        "project_id": rule.place.project_id,
        "name": rule.name,
        "enabled": rule.enabled,
        "terms": Jsonb(written(rule.terms)),
        "version": rule.version,
        "created_at": rule.created_at,
        "created_by": rule.created_by,
        "changed_at": rule.changed_at,
        "changed_by": rule.changed_by,
    }


def _rule(row: Mapping[str, Any]) -> AlertRule:
    return AlertRule(
        id=row["id"],
        place=Place(row["team_id"], row["project_id"]),
        name=row["name"],
        enabled=row["enabled"],
        terms=_terms(row["terms"]),
        version=row["version"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
    )


def _terms(told: Mapping[str, Any]) -> Terms:
    return Terms(
        measure=AlertMeasure(told["measure"]),
        comparison=AlertComparison(told["comparison"]),
        threshold=Decimal(told["threshold"]),
        clear=Decimal(told["clear"]),
        window_s=told["window_s"],
        for_s=told["for_s"],
        clear_after_s=told["clear_after_s"],
        quantile=told["quantile"],
        minimum_calls=told["minimum_calls"],
        budget_id=parsed("bud", told["budget"]) if told["budget"] else None,
        matches={name: tuple(values) for name, values in told["matches"].items()},
        group_by=told["group_by"],
        severity=AlertSeverity(told["severity"]),
        steps=tuple(
            Step(step["after_minutes"], tuple(parsed("chn", one) for one in step["channels"])) for step in told["steps"]
        ),
        repeat_minutes=told["repeat_minutes"],
    )
