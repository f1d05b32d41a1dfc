"""Sums of equal steps for one rule's terms, by group: for previews and for the picture of an alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from mno.observability.alerts.evaluation.queries import by_hours
from mno.observability.alerts.evaluation.statement import filter_sql, group_sql, place_sql
from mno.observability.alerts.model import OF_TOOLS, AlertMeasure, Place, Terms
from mno.observability.alerts.preview.rolling import StepSums, step_s
from mno.platform.clickhouse import ClickHouse

#: Groups that one preview draws, those with the most calls.
MAX_DRAWN_GROUPS = 5
#: How long one preview may take, in seconds.
PREVIEW_TIMEOUT_S = 10.0

_TOP = """
SELECT {group} AS grouped FROM {table} AS t WHERE {conditions}
GROUP BY grouped HAVING grouped != '' AND sum(t.calls) > 0 ORDER BY sum(t.calls) DESC, grouped LIMIT {limit}
"""
_STEPS = """
SELECT {group} AS grouped,
       intDiv({{end:Int64}} - toUnixTimestamp(toStartOfMinute(t.bucket)) - {unit}, {step}) AS back,
       sum(t.calls) AS calls, sum(t.errors) AS errors, sum(t.input_tokens) + sum(t.output_tokens) AS tokens,
       sum(t.cost) AS cost, {latency} AS latency
FROM {table} AS t WHERE {conditions}{chosen}
GROUP BY grouped, back
"""


@dataclass(frozen=True, slots=True)
class Steps:
    """By group, in order of time; the last ends at `end`."""

    end: datetime
    length_s: int
    groups: dict[str, list[StepSums]]


class StepQueries:
    """By the rollups: what arrived within the last second may be missing."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def steps(
        self, place: Place, terms: Terms, since: datetime, until: datetime, groups: Sequence[str] | None
    ) -> Steps:
        """From a window before `since`; of these groups, or of the MAX_DRAWN_GROUPS with the most calls."""
        hours = by_hours(terms)
        stretch_s = _seconds(until) - _seconds(since) + terms.window_s
        length = step_s(terms.window_s, stretch_s, hours=hours)
        unit = 3600 if length == 3600 else 60
        end = -(-_seconds(until) // unit) * unit
        count = -(-(end - _seconds(since) + terms.window_s) // length)
        bound: dict[str, Any] = {"end": end, "since": end - count * length}
        told = {
            "group": group_sql(terms.group_by, bound),
            "table": _table(terms, unit),
            "conditions": " AND ".join(self._conditions(place, terms, bound)),
        }
        chosen = ""
        if terms.group_by:
            bound["chosen"] = list(groups) if groups is not None else await self._top(told, bound)
            chosen = f" AND {told['group']} IN {{chosen:Array(String)}}"
        latency = "sumMap(t.latency)" if terms.measure is AlertMeasure.LATENCY else "CAST(map(), 'Map(UInt16, Int64)')"
        sql = _STEPS.format(**told, unit=unit, step=length, latency=latency, chosen=chosen)
        rows = await self._clickhouse.rows_of_all(sql, bound, timeout_s=PREVIEW_TIMEOUT_S)
        names = bound["chosen"] if terms.group_by else [""]
        found = {name: [StepSums() for _ in range(count)] for name in names}
        for row in rows:
            if row["grouped"] in found and 0 <= row["back"] < count:
                found[row["grouped"]][count - 1 - row["back"]] = _sums(row)
        return Steps(datetime.fromtimestamp(end, UTC), length, found)

    def _conditions(self, place: Place, terms: Terms, bound: dict[str, Any]) -> list[str]:
        conditions = place_sql(place, bound)
        conditions += [filter_sql(name, values, bound) for name, values in terms.matches.items()]
        return [
            *conditions,
            "t.bucket >= toDateTime({since:Int64}, 'UTC')",
            "t.bucket < toDateTime({end:Int64}, 'UTC')",
        ]

    async def _top(self, told: dict[str, str], bound: dict[str, Any]) -> list[str]:
        sql = _TOP.format(**told, limit=MAX_DRAWN_GROUPS)
        rows = await self._clickhouse.rows_of_all(sql, bound, timeout_s=PREVIEW_TIMEOUT_S)
        return [row["grouped"] for row in rows]


def _table(terms: Terms, unit: int) -> str:
    if terms.measure in OF_TOOLS:
        return "tool_calls"
    return "usage_hour" if unit == 3600 else "usage_minute"


def _sums(row: dict[str, Any]) -> StepSums:
    return StepSums(int(row["calls"]), int(row["errors"]), int(row["tokens"]), Decimal(row["cost"]), row["latency"])


def _seconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(seconds=1)
