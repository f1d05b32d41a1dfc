"""Which projects there is anything to look at in."""

from datetime import datetime, timedelta
from uuid import UUID

from mno.observability.anomalies.model import MAX_WATCHED_DAYS, MIN_WATCHED_HOURS
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import microseconds

#: With usage in the last day or so, and before it for as long as detection wants at least.
_ACTIVE = """
SELECT team_id, project_id FROM usage_hour AS t
WHERE t.bucket >= fromUnixTimestamp64Micro({oldest:Int64}) AND t.bucket < fromUnixTimestamp64Micro({now:Int64})
GROUP BY team_id, project_id
HAVING min(t.bucket) < fromUnixTimestamp64Micro({known:Int64})
   AND max(t.bucket) >= fromUnixTimestamp64Micro({recent:Int64})
ORDER BY team_id, project_id
"""
_RECENT = timedelta(hours=26)


class ActiveProjects:
    """Over every project: its caller is a schedule, not a person."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def active(self, now: datetime) -> list[tuple[UUID, UUID]]:
        """(team, project) of those with usage lately and history enough."""
        bound = {
            "now": microseconds(now),
            "oldest": microseconds(now - timedelta(days=MAX_WATCHED_DAYS)),
            "known": microseconds(now - timedelta(hours=MIN_WATCHED_HOURS)),
            "recent": microseconds(now - _RECENT),
        }
        rows = await self._clickhouse.rows_of_all(_ACTIVE, bound)
        return [(UUID(row["team_id"]), UUID(row["project_id"])) for row in rows]
