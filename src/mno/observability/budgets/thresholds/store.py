"""SQL of what was told already."""

from datetime import datetime
from uuid import UUID

from mno.platform.database import Connection


async def note(
    tx: Connection, team_id: UUID, budget_id: UUID, who: str, head: datetime, threshold: int, at: datetime
) -> bool:
    """Whether this is the first time."""
    cursor = await tx.execute(
        """
        INSERT INTO budgets_crossings (team_id, budget_id, who, head, threshold, told_at)
        VALUES (%(team)s, %(budget)s, %(who)s, %(head)s, %(threshold)s, %(at)s) ON CONFLICT DO NOTHING
        """,
        {"team": team_id, "budget": budget_id, "who": who, "head": head, "threshold": threshold, "at": at},
    )
    return cursor.rowcount == 1


async def forget(tx: Connection, team_id: UUID, budget_id: UUID, who: str, head: datetime, threshold: int) -> None:
    """It is told again when it is reached again."""
    await tx.execute(
        """
        DELETE FROM budgets_crossings WHERE team_id = %(team)s AND budget_id = %(budget)s AND who = %(who)s
            AND head = %(head)s AND threshold = %(threshold)s
        """,
        {"team": team_id, "budget": budget_id, "who": who, "head": head, "threshold": threshold},
    )


async def prune(tx: Connection, before: datetime) -> None:
    await tx.execute("DELETE FROM budgets_crossings WHERE told_at < %(before)s", {"before": before})
