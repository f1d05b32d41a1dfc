"""The Postgres table of budgets."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from mno.observability.budgets.model import Budget, Cycle, Period, Unit, Unpriced
from mno.platform.database import Connection
from mno.platform.errors import Conflict

_COLUMNS = """id, team_id, project_id, name, unit, quantity, matches, per, cycle, rolling_s, hard, status, thresholds,
    unpriced, fallback_nano, version, created_at, created_by, changed_at, changed_by, counted_until"""


async def insert(tx: Connection, budget: Budget) -> None:
    """`Conflict` when the team has a budget of that name."""
    try:
        await tx.execute(
            f"""
            INSERT INTO budgets_budgets ({_COLUMNS})
            VALUES (%(id)s, %(team_id)s, %(project_id)s, %(name)s, %(unit)s, %(limit)s, %(matches)s, %(per)s,
                %(cycle)s, %(rolling_s)s, %(hard)s, %(status)s, %(thresholds)s, %(unpriced)s, %(fallback_nano)s,
                %(version)s, %(created_at)s, %(created_by)s, %(changed_at)s, %(changed_by)s, %(counted_until)s)
            """,
            _bound(budget),
        )
    except UniqueViolation:
        raise Conflict(f"There is a budget '{budget.name}' already.") from None


async def update(tx: Connection, budget: Budget) -> None:
    """Everything that may change; `Conflict` when another budget has the name."""
    try:
        await tx.execute(
            """
            UPDATE budgets_budgets SET name = %(name)s, quantity = %(limit)s, hard = %(hard)s, status = %(status)s,
                thresholds = %(thresholds)s, unpriced = %(unpriced)s, fallback_nano = %(fallback_nano)s,
                version = %(version)s, changed_at = %(changed_at)s, changed_by = %(changed_by)s
            WHERE id = %(id)s AND team_id = %(team_id)s AND removed_at IS NULL
            """,
            _bound(budget),
        )
    except UniqueViolation:
        raise Conflict(f"There is a budget '{budget.name}' already.") from None


async def remove(tx: Connection, team_id: UUID, budget_id: UUID, at: datetime) -> None:
    await tx.execute(
        "UPDATE budgets_budgets SET removed_at = %(at)s WHERE id = %(id)s AND team_id = %(team)s",
        {"id": budget_id, "team": team_id, "at": at},
    )


async def one(tx: Connection, team_id: UUID, budget_id: UUID, *, lock: bool = False) -> Budget | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM budgets_budgets"
        f" WHERE id = %(id)s AND team_id = %(team)s AND removed_at IS NULL{suffix}",
        {"id": budget_id, "team": team_id},
    )
    row = await cursor.fetchone()
    return _budget(row) if row else None


async def of_team(tx: Connection, team_id: UUID) -> list[Budget]:
    """By name."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM budgets_budgets WHERE team_id = %(team)s AND removed_at IS NULL ORDER BY lower(name)",
        {"team": team_id},
    )
    return [_budget(row) for row in await cursor.fetchall()]


async def every(tx: Connection) -> list[Budget]:
    """Of all teams: for the recount."""
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM budgets_budgets WHERE removed_at IS NULL ORDER BY id")
    return [_budget(row) for row in await cursor.fetchall()]


async def some(tx: Connection, budgets: Collection[UUID]) -> list[Budget]:
    """Those of them that there are."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM budgets_budgets WHERE removed_at IS NULL AND id = ANY (%(ids)s) ORDER BY id",
        {"ids": list(budgets)},
    )
    return [_budget(row) for row in await cursor.fetchall()]


async def lock(tx: Connection, budget: Budget) -> bool:
    """Holds other recounts of this budget back; False when one was quicker, or the budget is gone."""
    cursor = await tx.execute(
        """
        SELECT counted_until FROM budgets_budgets
        WHERE id = %(id)s AND removed_at IS NULL AND counted_until = %(until)s FOR UPDATE
        """,
        {"id": budget.id, "until": budget.counted_until},
    )
    return await cursor.fetchone() is not None


async def move_cut(tx: Connection, budget: Budget, cut: datetime) -> None:
    """From now on the rollups tell everything before `cut`."""
    await tx.execute(
        "UPDATE budgets_budgets SET counted_until = %(cut)s WHERE id = %(id)s", {"id": budget.id, "cut": cut}
    )


async def lock_names(tx: Connection, team_id: UUID) -> int:
    """Holds back others who add a budget to this team; the number of those there are."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": f"budgets of team {team_id}"}
    )
    cursor = await tx.execute(
        "SELECT count(*) AS n FROM budgets_budgets WHERE team_id = %(team)s AND removed_at IS NULL", {"team": team_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["n"])


def _bound(budget: Budget) -> dict[str, Any]:
    return {
        "id": budget.id,
        "team_id": budget.team_id,
        "project_id": budget.project_id,
        "name": budget.name,
        "unit": str(budget.unit),
        "limit": budget.limit,
        "matches": Jsonb(dict(budget.matches)),
        "per": budget.per,
        "cycle": str(budget.period.cycle),
        "rolling_s": budget.period.rolling_s,
        "hard": budget.hard,
        "status": budget.status,
        "thresholds": list(budget.thresholds),
        "unpriced": str(budget.unpriced),
        "fallback_nano": budget.fallback_nano,
        "version": budget.version,
        "created_at": budget.created_at,
        "created_by": budget.created_by,
        "changed_at": budget.changed_at,
        "changed_by": budget.changed_by,
        "counted_until": budget.counted_until,
    }


def _budget(row: Mapping[str, Any]) -> Budget:
    return Budget(
        id=row["id"],
        team_id=row["team_id"],
        project_id=row["project_id"],
        name=row["name"],
        unit=Unit(row["unit"]),
        limit=row["quantity"],
        matches=row["matches"],
        per=row["per"],
        period=Period(Cycle(row["cycle"]), row["rolling_s"]),
        hard=row["hard"],
        status=row["status"],
        thresholds=tuple(row["thresholds"]),
        unpriced=Unpriced(row["unpriced"]),
        fallback_nano=row["fallback_nano"],
        version=row["version"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        counted_until=row["counted_until"],
    )
