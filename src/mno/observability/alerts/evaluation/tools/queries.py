"""What calls of tools say to rules: a short statement for each, over counts by the second."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.observability.alerts.evaluation.statement import filter_sql, group_sql, place_sql
from mno.observability.alerts.evaluation.sums import Sums, reading_of
from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import MAX_ALERT_GROUPS, Place, Terms
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import microseconds

#: How long one such statement may take, in seconds.
TOOL_LOOK_TIMEOUT_S = 10.0
#: Groups that one rule reads, those with the most errors.
MAX_TOOL_GROUPS = 10 * MAX_ALERT_GROUPS
#: Spans may be dated ahead of our clock by so much.
_AHEAD_S = 300

_READ = """
SELECT {group} AS grouped, sum(t.calls) AS calls, sum(t.errors) AS errors FROM tool_calls AS t
WHERE {conditions} AND t.bucket > toDateTime({{since:Int64}}, 'UTC') AND t.bucket <= toDateTime({{until:Int64}}, 'UTC')
GROUP BY grouped HAVING calls > 0{named} ORDER BY errors DESC, calls DESC, grouped LIMIT {limit}
"""


class ToolRuleQueries:
    """Each statement is bound to one place."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def readings(
        self, place: Place, asked: Mapping[UUID, Terms], now: datetime
    ) -> dict[UUID, dict[str, Reading]]:
        """By rule and group; a rule that does not group reads nothing as 0."""
        found: dict[UUID, dict[str, Reading]] = {}
        for id_, terms in asked.items():
            groups = await self._sums(place, terms, now - timedelta(seconds=terms.window_s), now)
            if not terms.group_by:
                groups.setdefault("", {"calls": 0, "errors": 0})
            found[id_] = {group: reading_of(terms, sums) for group, sums in groups.items()}
        return found

    async def lately(self, place: Place, terms: Terms, since: datetime, now: datetime) -> list[str]:
        """Groups of the rule that had calls since then."""
        return [group for group in await self._sums(place, terms, since, now) if group]

    async def _sums(self, place: Place, terms: Terms, since: datetime, now: datetime) -> dict[str, Sums]:
        bound: dict[str, Any] = {
            "since": microseconds(since) // 10**6,
            "until": microseconds(now) // 10**6 + _AHEAD_S,
        }
        conditions = place_sql(place, bound)
        conditions += [filter_sql(name, values, bound) for name, values in terms.matches.items()]
        sql = _READ.format(
            group=group_sql(terms.group_by, bound),
            conditions=" AND ".join(conditions),
            named=" AND grouped != ''" if terms.group_by else "",
            limit=MAX_TOOL_GROUPS,
        )
        rows = await self._clickhouse.rows_of_all(sql, bound, timeout_s=TOOL_LOOK_TIMEOUT_S)
        return {row["grouped"]: {"calls": row["calls"], "errors": row["errors"]} for row in rows}
