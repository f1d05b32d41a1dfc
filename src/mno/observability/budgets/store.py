"""The Postgres tables of budgets: the budgets themselves, and the turn at their counters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import OperationalError
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from mno.observability.budgets.model import Budget, Cycle, Period, Unit, Unpriced
from mno.platform.database import Connection
from mno.platform.errors import Conflict, Unavailable

_COLUMNS = """id, team_id, project_id, name, unit, quantity, matches, per, cycle, rolling_s, hard, status, thresholds,
    unpriced, fallback_nano, version, created_at, created_by, changed_at, changed_by, counted_until"""

_TURN = "SELECT budgets_turn(%(asked)s::jsonb) AS answer"


async def turn(tx: Connection, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One turn at the counters, see `budgets_turn` in migrations/postgres/0016_budgets.sql. Across teams.

    `Unavailable` when the connection is lost; what was asked may have been done.
    """
    try:
        row = await (await tx.execute(_TURN, {"asked": orjson.dumps(asked).decode()})).fetchone()
    except OperationalError as error:
        raise Unavailable("The database does not answer; try again.") from error
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


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


async def used(
    tx: Connection, team_id: UUID, budget_id: UUID, head: datetime, since: datetime, part: datetime, *, limit: int
) -> list[tuple[str, int, int]]:
    """The fullest counters of a budget: who, spent, reserved."""
    cursor = await tx.execute(
        """
        SELECT who, spent, reserved FROM (
            SELECT who,
                   coalesce(sum(base + recent + settled) FILTER (WHERE part BETWEEN %(since)s AND %(part)s), 0)::bigint
                       AS spent,
                   coalesce(sum(reserved) FILTER (WHERE part = %(head)s), 0)::bigint AS reserved
            FROM budgets_counters
            WHERE team_id = %(team)s AND budget_id = %(budget)s
              AND (part BETWEEN %(since)s AND %(part)s OR part = %(head)s)
            GROUP BY who) AS counters
        WHERE spent <> 0 OR reserved <> 0
        ORDER BY spent + reserved DESC, who LIMIT %(limit)s
        """,
        {"team": team_id, "budget": budget_id, "head": head, "since": since, "part": part, "limit": limit},
    )
    return [(row["who"], row["spent"], row["reserved"]) for row in await cursor.fetchall()]


async def prune(tx: Connection, before: datetime, *, limit: int) -> int:
    """Forgets reservations that ended long ago; how many."""
    cursor = await tx.execute(
        """
        DELETE FROM budgets_reservations WHERE id IN (
            SELECT id FROM budgets_reservations WHERE state <> 'open' AND ended_at < %(before)s LIMIT %(limit)s)
        """,
        {"before": before, "limit": limit},
    )
    return cursor.rowcount


async def prune_counters(tx: Connection, before: datetime) -> None:
    """Forgets counters of periods that ended long ago, and of removed budgets; never one that is held."""
    bound = {"before": before, "epoch": datetime.fromtimestamp(0, tz=before.tzinfo)}
    await tx.execute(
        """
        DELETE FROM budgets_counters c
        WHERE c.part < %(before)s AND c.part <> %(epoch)s AND c.reserved = 0
          OR c.reserved = 0 AND NOT EXISTS (
                 SELECT FROM budgets_budgets b WHERE b.id = c.budget_id AND coalesce(b.removed_at, now()) > %(before)s)
        """,
        bound,
    )
    for table in ("budgets_settled", "budgets_crossings"):
        moment = "last_at" if table == "budgets_settled" else "told_at"
        await tx.execute(f"DELETE FROM {table} WHERE {moment} < %(before)s", bound)


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
