"""SQL of quotas: what is taken out of them, in blocks."""

from typing import NamedTuple
from uuid import UUID

from mno.platform.database import Connection

_FIRST = """
INSERT INTO mcp_quota_counts (team_id, rule_id, counted, period, used)
SELECT team_id, id, %(counted)s, %(period)s, 0 FROM mcp_rules WHERE team_id = %(team_id)s AND id = %(rule_id)s
ON CONFLICT DO NOTHING
"""
_TAKE = """
WITH before AS (
    SELECT used, greatest(0, %(quota)s - used) AS room FROM mcp_quota_counts
    WHERE team_id = %(team_id)s AND rule_id = %(rule_id)s AND counted = %(counted)s AND period = %(period)s
    FOR UPDATE)
UPDATE mcp_quota_counts c SET used = c.used + granted
FROM (SELECT least(room, greatest(1, least(%(block)s, room / 8))) AS granted FROM before) AS block
WHERE c.team_id = %(team_id)s AND c.rule_id = %(rule_id)s AND c.counted = %(counted)s AND c.period = %(period)s
RETURNING granted
"""
_GIVE_BACK = """
UPDATE mcp_quota_counts SET used = greatest(0, used - %(back)s)
WHERE team_id = %(team_id)s AND rule_id = %(rule_id)s AND counted = %(counted)s AND period = %(period)s
"""


class QuotaKey(NamedTuple):
    """One count of one period."""

    team_id: UUID
    rule_id: UUID
    counted: str
    period: str


class Used(NamedTuple):
    """How much of a quota is taken."""

    counted: str
    period: str
    used: int


async def taken(tx: Connection, key: QuotaKey, quota: int, block: int) -> int | None:
    """Calls taken out of the quota: up to `block`, fewer near its end, 0 when it is used up; None where the rule is
    gone.
    """
    await tx.execute(_FIRST, key._asdict())
    row = await (await tx.execute(_TAKE, {**key._asdict(), "quota": quota, "block": block})).fetchone()
    return None if row is None else int(row["granted"])


async def give_back(tx: Connection, key: QuotaKey, back: int) -> None:
    await tx.execute(_GIVE_BACK, {**key._asdict(), "back": back})


async def used_of(tx: Connection, team_id: UUID, rule_id: UUID, periods: list[str], limit: int) -> list[Used]:
    """The counts of these periods, the largest first."""
    rows = await tx.execute(
        "SELECT counted, period, used FROM mcp_quota_counts WHERE team_id = %(team_id)s AND rule_id = %(rule_id)s"
        " AND period = ANY (%(periods)s) ORDER BY used DESC, counted LIMIT %(limit)s",
        {"team_id": team_id, "rule_id": rule_id, "periods": periods, "limit": limit},
    )
    return [Used(**row) for row in await rows.fetchall()]


async def forget_before(tx: Connection, day: str, month: str) -> None:
    """Drops the counts of periods that are over, of all teams."""
    await tx.execute(
        "DELETE FROM mcp_quota_counts WHERE period < %(day)s AND length(period) = 10"
        " OR period < %(month)s AND length(period) = 7",
        {"day": day, "month": month},
    )
