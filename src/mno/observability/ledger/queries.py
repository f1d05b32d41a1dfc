"""What the span store says of each hour: the program's own work over every team."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mno.observability.ledger.model import Key, Place, Sums
from mno.platform import money
from mno.platform.clickhouse import ClickHouse

#: Hours that a retention still keeps whole are checked; see migrations/clickhouse/0003_retention.sql.
_BY_HOUR = """
SELECT team_id, project_id, bucket AS hour, sum(t.cost) AS cost,
       sum(t.input_tokens) + sum(t.output_tokens) AS tokens, sum(t.calls) AS calls
FROM usage_hour AS t
WHERE bucket >= {since:DateTime('UTC')} AND bucket < {until:DateTime('UTC')}
GROUP BY team_id, project_id, hour
HAVING cost != 0 OR tokens != 0 OR calls != 0
"""
_BY_KEY = """
SELECT provider, model, agent, environment, api_key_id AS api_key, tags, sum(t.cost) AS cost,
       sum(t.input_tokens) + sum(t.output_tokens) AS tokens, sum(t.calls) AS calls
FROM usage_minute AS t
WHERE t.team_id = {team:String} AND t.project_id = {project:String}
  AND bucket >= {hour:DateTime('UTC')} AND bucket < {hour:DateTime('UTC')} + INTERVAL 1 HOUR
GROUP BY provider, model, agent, environment, api_key, tags
HAVING cost != 0 OR tokens != 0 OR calls != 0
"""
_BY_DAY = """
SELECT team_id, project_id, toDateTime(toStartOfDay(t.start_time), 'UTC') AS hour,
       sum(t.sign * ifNull(t.cost, 0)) AS cost, sum(t.sign * (t.input_tokens + t.output_tokens)) AS tokens,
       sum(toInt64(t.sign)) AS calls
FROM spans AS t
WHERE t.counted AND t.start_time >= {since:DateTime('UTC')} AND t.start_time < {until:DateTime('UTC')}
GROUP BY team_id, project_id, hour
"""
_KEPT = "SELECT team_id, project_id, max(kept_from) AS kept_from FROM retention_marks GROUP BY team_id, project_id"
#: How long a count of the spans themselves may take, in seconds.
CHECK_TIMEOUT_S = 300.0


class LedgerQueries:
    """Over every project: its callers are schedules, not people."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def by_hour(self, since: datetime, until: datetime) -> dict[Place, Sums]:
        """What the rollups hold of whole hours."""
        rows = await self._clickhouse.rows_of_all(_BY_HOUR, {"since": since, "until": until})
        return {_place(row): _sums(row) for row in rows}

    async def by_key(self, place: Place) -> dict[Key, Sums]:
        """One hour by key; tags are sorted in the rollup."""
        bound = {"team": str(place.team_id), "project": str(place.project_id), "hour": place.hour}
        rows = await self._clickhouse.rows(_BY_KEY, bound)
        found: dict[Key, Sums] = {}
        for row in rows:
            key = Key(
                row["provider"],
                row["model"],
                row["agent"],
                row["environment"],
                row["api_key"],
                tuple(sorted(row["tags"])),
            )
            found[key] = _sums(row)
        return found

    async def by_day(self, since: datetime, until: datetime) -> dict[Place, Sums]:
        """A count of the spans themselves, by whole days in UTC that retention has not reached."""
        bound = {"since": since, "until": until}
        rows = await self._clickhouse.rows_of_all(_BY_DAY, bound, timeout_s=CHECK_TIMEOUT_S)
        return {_place(row): _sums(row) for row in rows}

    async def kept_from(self) -> dict[tuple[UUID, UUID], datetime]:
        """By team and project: spans before this are deleted."""
        rows = await self._clickhouse.rows_of_all(_KEPT)
        return {(UUID(row["team_id"]), UUID(row["project_id"])): _utc(row["kept_from"]) for row in rows}


def _place(row: dict[str, Any]) -> Place:
    return Place(UUID(row["team_id"]), UUID(row["project_id"]), _utc(row["hour"]))


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(money.nano(row["cost"]), int(row["tokens"]), int(row["calls"]))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
