"""SQL of the counters: the turn, the recount that replaces what was settled, and how they stand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import OperationalError
from psycopg.types.json import Jsonb

from mno.observability.budgets.counters.model import ByCounter
from mno.observability.budgets.model import Budget, Window
from mno.platform.database import Connection
from mno.platform.errors import Unavailable

_TURN = "SELECT budgets_turn(%(asked)s::jsonb) AS answer"
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


async def turn(tx: Connection, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One turn, see `budgets_turn` in migrations/postgres/0033_budget_allowances.sql. Across teams.

    `Unavailable` when the connection is lost; what was asked may have been done.
    """
    try:
        row = await (await tx.execute(_TURN, {"asked": orjson.dumps(asked).decode()})).fetchone()
    except OperationalError as error:
        raise Unavailable("The database does not answer; try again.") from error
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


async def oldest_minute_settled_since(tx: Connection, budget_id: UUID, moment: datetime) -> datetime | None:
    """The earliest minute of calls that were settled after `moment`: their spans may still be on their way."""
    cursor = await tx.execute(
        "SELECT min(minute) AS minute FROM budgets_settled WHERE budget_id = %(id)s AND last_at >= %(moment)s",
        {"id": budget_id, "moment": moment},
    )
    row = await cursor.fetchone()
    return row["minute"] if row else None


async def lock_counters(tx: Connection, budget: Budget, since: datetime, used: ByCounter, *, every: bool) -> None:
    """Those that are to be counted anew, or `every` one from `since` on; new ones are added first. In the order in
    which everybody adds and locks them, so that nobody waits for ever.
    """
    bound = _bound(budget, since, used)
    await tx.execute(_ADD, bound)
    await tx.execute(_LOCK, bound | {"every": every})


async def move_on(tx: Connection, budget: Budget, cut: datetime, settled_before: datetime) -> None:
    """The rollups tell everything before `cut`: what was settled of that time goes."""
    await tx.execute(_MOVE, {"budget": budget.id, "cut": cut, "settled_before": settled_before})


async def save(tx: Connection, budget: Budget, column: str, since: datetime, used: ByCounter) -> None:
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


async def used(tx: Connection, budget: Budget, window: Window, *, limit: int) -> list[tuple[str, int, int]]:
    """The fullest counters of a budget: who, spent, reserved by calls (not by processes ahead of them)."""
    cursor = await tx.execute(
        """
        SELECT who, spent, reserved FROM (
            SELECT c.who,
                   coalesce(sum(c.base + c.recent + c.settled)
                            FILTER (WHERE c.part BETWEEN %(since)s AND %(part)s), 0)::bigint AS spent,
                   (coalesce(sum(c.reserved) FILTER (WHERE c.part = %(head)s), 0) - coalesce((
                       SELECT sum(a.amount) FROM budgets_allowances a
                       WHERE (a.budget_id, a.who, a.head) = (%(budget)s, c.who, %(head)s)), 0))::bigint AS reserved
            FROM budgets_counters c
            WHERE c.team_id = %(team)s AND c.budget_id = %(budget)s
              AND (c.part BETWEEN %(since)s AND %(part)s OR c.part = %(head)s)
            GROUP BY c.who) AS counters
        WHERE spent <> 0 OR reserved <> 0
        ORDER BY spent + reserved DESC, who LIMIT %(limit)s
        """,
        {
            "team": budget.team_id,
            "budget": budget.id,
            "head": window.head,
            "since": window.since,
            "part": window.part,
            "limit": limit,
        },
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
    await tx.execute("DELETE FROM budgets_settled WHERE last_at < %(before)s", bound)


def _bound(budget: Budget, since: datetime, used: ByCounter) -> dict[str, Any]:
    rows = [{"who": who, "part": part.isoformat(), "used": value} for (who, part), value in used.items()]
    return {"team": budget.team_id, "budget": budget.id, "since": since, "used": Jsonb(rows)}
