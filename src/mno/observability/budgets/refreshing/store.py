"""SQL of a recount: what is counted from the span store takes the place of what was settled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.observability.budgets.model import Budget
from mno.observability.budgets.refreshing.queries import Used
from mno.platform.database import Connection

_ADD = """
INSERT INTO budgets_counters (team_id, budget_id, who, part)
SELECT %(team)s, %(budget)s, u.who, u.part FROM jsonb_to_recordset(%(used)s) AS u(who text, part timestamptz)
WHERE NOT EXISTS (SELECT FROM budgets_counters c WHERE (c.budget_id, c.who, c.part) = (%(budget)s, u.who, u.part))
ORDER BY u.who, u.part ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT FROM budgets_counters c
WHERE c.budget_id = %(budget)s AND c.part >= %(since)s AND (%(every)s OR c.recent <> 0 OR EXISTS (
    SELECT FROM jsonb_to_recordset(%(used)s) AS u(who text, part timestamptz) WHERE (u.who, u.part) = (c.who, c.part)))
ORDER BY c.budget_id, c.who, c.part FOR UPDATE
"""
_SAVE = """
UPDATE budgets_counters c SET {column} = u.used
FROM jsonb_to_recordset(%(used)s) AS u(who text, part timestamptz, used bigint)
WHERE c.budget_id = %(budget)s AND (c.who, c.part) = (u.who, u.part) AND c.{column} <> u.used
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


async def lock_counters(tx: Connection, budget: Budget, since: datetime, used: Used, *, every: bool) -> None:
    """Those that are to be counted anew, or `every` one from `since` on; new ones are added first. In the order in
    which everybody adds and locks them, so that nobody waits for ever.
    """
    bound = _bound(budget, since, used)
    await tx.execute(_ADD, bound)
    await tx.execute(_LOCK, bound | {"every": every})


async def move_on(tx: Connection, budget: Budget, cut: datetime, settled_before: datetime) -> None:
    """From now on the rollups tell everything before `cut`, and what was settled of that time goes."""
    await tx.execute(_MOVE, {"budget": budget.id, "cut": cut, "settled_before": settled_before})
    await tx.execute(
        "UPDATE budgets_budgets SET counted_until = %(cut)s WHERE id = %(id)s", {"id": budget.id, "cut": cut}
    )


async def save(tx: Connection, budget: Budget, column: str, since: datetime, used: Used) -> None:
    """Sets `base` or `recent` of every counter from `since` on to what was counted; they are locked."""
    assert column in ("base", "recent"), column
    bound = _bound(budget, since, used)
    await tx.execute(_CLEAR.format(column=column), bound)
    if used:
        await tx.execute(_SAVE.format(column=column), bound)


async def readings(
    tx: Connection, budget_id: UUID, since: datetime, part: datetime, whos: Sequence[str] | None
) -> list[tuple[str, int]]:
    """What each counter (None), or each of these, has used in the window."""
    cursor = await tx.execute(
        """
        SELECT who, sum(base + recent + settled)::bigint AS spent FROM budgets_counters
        WHERE budget_id = %(id)s AND part BETWEEN %(since)s AND %(part)s
          AND (%(whos)s::text[] IS NULL OR who = ANY (%(whos)s))
        GROUP BY who
        """,
        {"id": budget_id, "since": since, "part": part, "whos": None if whos is None else list(whos)},
    )
    return [(row["who"], row["spent"]) for row in await cursor.fetchall()]


def _bound(budget: Budget, since: datetime, used: Used) -> dict[str, Any]:
    rows = [{"who": who, "part": part.isoformat(), "used": value} for (who, part), value in used.items()]
    return {"team": budget.team_id, "budget": budget.id, "since": since, "used": Jsonb(rows)}
