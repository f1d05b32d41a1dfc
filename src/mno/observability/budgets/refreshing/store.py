"""SQL of a recount: what is counted from the span store takes the place of what was settled."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.observability.budgets.model import Budget
from mno.platform.database import Connection

_SAVE = """
INSERT INTO budgets_counters AS c (team_id, budget_id, who, part, {column})
SELECT %(team)s, %(budget)s, u.who, u.part, u.used
FROM jsonb_to_recordset(%(used)s) AS u(who text, part timestamptz, used bigint) ORDER BY u.who, u.part
ON CONFLICT (budget_id, who, part) DO UPDATE SET {column} = excluded.{column} WHERE c.{column} <> excluded.{column}
"""
_CLEAR = """
UPDATE budgets_counters c SET {column} = 0
WHERE c.budget_id = %(budget)s AND c.part >= %(since)s AND c.{column} <> 0 AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(%(used)s) AS u(who text, part timestamptz) WHERE (u.who, u.part) = (c.who, c.part))
"""
_MOVE = """
WITH gone AS (
    DELETE FROM budgets_settled s
    WHERE s.budget_id = %(budget)s AND s.minute < %(cut)s AND s.last_at < %(settled_before)s
    RETURNING s.who, s.part, s.amount)
UPDATE budgets_counters c SET settled = c.settled - g.amount
FROM (SELECT who, part, sum(amount)::bigint AS amount FROM gone GROUP BY who, part) AS g
WHERE c.budget_id = %(budget)s AND (c.who, c.part) = (g.who, g.part)
"""


async def oldest_minute_settled_since(tx: Connection, budget_id: UUID, moment: datetime) -> datetime | None:
    """The earliest minute of calls that were settled after `moment`: their spans may still be on their way."""
    cursor = await tx.execute(
        "SELECT min(minute) AS minute FROM budgets_settled WHERE budget_id = %(id)s AND last_at >= %(moment)s",
        {"id": budget_id, "moment": moment},
    )
    row = await cursor.fetchone()
    return row["minute"] if row else None


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


async def lock_counters(tx: Connection, budget_id: UUID, since: datetime) -> None:
    """In the order in which everybody locks them."""
    await tx.execute(
        """
        SELECT FROM budgets_counters WHERE budget_id = %(id)s AND part >= %(since)s
        ORDER BY budget_id, who, part FOR UPDATE
        """,
        {"id": budget_id, "since": since},
    )


async def move_on(tx: Connection, budget: Budget, cut: datetime, settled_before: datetime) -> None:
    """From now on the rollups tell everything before `cut`, and what was settled of that time goes."""
    await tx.execute(_MOVE, {"budget": budget.id, "cut": cut, "settled_before": settled_before})
    await tx.execute(
        "UPDATE budgets_budgets SET counted_until = %(cut)s WHERE id = %(id)s", {"id": budget.id, "cut": cut}
    )


async def save(
    tx: Connection, budget: Budget, column: str, since: datetime, used: dict[tuple[str, datetime], int]
) -> None:
    """Sets `base` or `recent` of every counter from `since` on to what was counted."""
    assert column in ("base", "recent"), column
    rows = [{"who": who, "part": part.isoformat(), "used": value} for (who, part), value in used.items()]
    bound: dict[str, Any] = {"team": budget.team_id, "budget": budget.id, "since": since, "used": Jsonb(rows)}
    await tx.execute(_CLEAR.format(column=column), bound)
    if rows:
        await tx.execute(_SAVE.format(column=column), bound)


async def readings(tx: Connection, budget_id: UUID, since: datetime, part: datetime) -> list[tuple[str, int]]:
    """What each counter has used in the window."""
    cursor = await tx.execute(
        """
        SELECT who, sum(base + recent + settled)::bigint AS spent FROM budgets_counters
        WHERE budget_id = %(id)s AND part BETWEEN %(since)s AND %(part)s GROUP BY who
        """,
        {"id": budget_id, "since": since, "part": part},
    )
    return [(row["who"], row["spent"]) for row in await cursor.fetchall()]
