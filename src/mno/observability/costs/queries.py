"""The read side of usage: sums over the rollups, cut so that any range is exact, and what could not be priced.

Each piece of the range is summed in its own table first, so that what is merged afterwards is small. Every
figure is a sum over `sign` or over a rollup of it, so restatements need no thought here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from mno.observability.costs.question import (
    COLUMNS,
    DAY_US,
    HOUR_US,
    MAX_ROWS,
    TAG,
    Interval,
    Piece,
    Table,
    UsageQuestion,
    dimension_columns,
    pieces,
    widened,
)
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import TimeRange

#: Values of one dimension in a filter menu, the most used first.
MAX_MENU_VALUES = 200
#: Models that could not be priced, in one answer.
MAX_UNPRICED = 500

_OWNER = "t.team_id = {team:String} AND t.project_id = {project:String}"

#: A latency bucket n holds durations up to 1.02^n microseconds; see migrations/clickhouse/0001_spans.sql.
_LATENCY_OF_SPAN = "map(toUInt16(ceil(log(greatest(t.duration_ns / 1000, 1)) / log(1.02))), toInt64(t.sign))"

_NO_LATENCIES = "CAST(map(), 'Map(UInt16, Int64)')"

_OF_SPANS = {
    "calls": "sum(toInt64(t.sign))",
    "errors": "sum(toInt64(t.sign * (t.status = 'error')))",
    "unpriced_calls": "sum(toInt64(t.sign * isNull(t.cost)))",
    "input_tokens": "sum(t.sign * t.input_tokens)",
    "output_tokens": "sum(t.sign * t.output_tokens)",
    "cache_read_tokens": "sum(t.sign * t.cache_read_tokens)",
    "cache_write_tokens": "sum(t.sign * (t.cache_write_5m_tokens + t.cache_write_1h_tokens))",
    "reasoning_tokens": "sum(t.sign * t.reasoning_tokens)",
    "cost": "sum(t.sign * ifNull(t.cost, 0))",
    "cost_input": "sum(t.sign * t.cost_input)",
    "cost_cache_read": "sum(t.sign * t.cost_cache_read)",
    "cost_cache_write": "sum(t.sign * t.cost_cache_write)",
    "cost_output": "sum(t.sign * t.cost_output)",
    "latency": f"sumMap({_LATENCY_OF_SPAN})",
}
_OF_ROLLUP = {name: f"sum(t.{name})" for name in _OF_SPANS} | {
    "cache_write_tokens": "sum(t.cache_write_5m_tokens) + sum(t.cache_write_1h_tokens)",
    "latency": "sumMap(t.latency)",
}
MEASURES = tuple(name for name in _OF_SPANS if name != "latency")
COSTS = ("cost", "cost_input", "cost_cache_read", "cost_cache_write", "cost_output")

#: The n-th smallest call's bucket for n = ceil(q x calls), at the bucket's geometric middle: within 1 %.
_QUANTILE = (
    "if(length(counted) = 0 OR counted[-1] <= 0, NULL,"
    " pow(1.02, greatest(latency_keys[arrayFirstIndex(c -> c >= ceil({q} * counted[-1]), counted)] - 0.5, 0)) / 1000)"
)

_SUMMARY = """
WITH merged AS (
    SELECT {keys}{merged_measures}, {latencies} AS latencies
    FROM ({parts}) AS part
    {group_by}
    HAVING calls != 0
),
weighed AS (
    SELECT *, {group_cost} AS group_cost, {group_calls} AS group_calls FROM merged
),
ranked AS (
    SELECT *, {rank} AS rank, sum(unpriced_calls) OVER () AS all_unpriced_calls,
           mapKeys(latencies) AS latency_keys, arrayCumSum(mapValues(latencies)) AS counted
    FROM weighed
)
SELECT {keys}{measures}, {p50} AS latency_ms_p50, {p95} AS latency_ms_p95, rank, all_unpriced_calls
FROM ranked
WHERE rank <= {limit} + 1
ORDER BY {order}
LIMIT {rows}
"""

_PART = """
SELECT {select}
FROM {table} AS t
WHERE {conditions}
{group_by}
"""

#: A minute's rows that were all restated since are not unpriced any more.
_UNPRICED = f"""
SELECT provider, model, reason, sum(minute_calls) AS calls, sum(minute_input) AS input_tokens,
       sum(minute_output) AS output_tokens, min(minute_first) AS first_us, max(minute_last) AS last_us
FROM (
    SELECT t.provider AS provider, t.model AS model, t.price_source AS reason,
           sum(toInt64(t.sign)) AS minute_calls,
           sum(t.sign * t.input_tokens) AS minute_input,
           sum(t.sign * t.output_tokens) AS minute_output,
           toUnixTimestamp64Micro(min(t.start_time)) AS minute_first,
           toUnixTimestamp64Micro(max(t.start_time)) AS minute_last
    FROM spans AS t
    WHERE {_OWNER}
      AND t.start_time >= fromUnixTimestamp64Micro({{start:Int64}})
      AND t.start_time < fromUnixTimestamp64Micro({{end:Int64}})
      AND t.counted AND isNull(t.cost)
    GROUP BY provider, model, reason, toStartOfMinute(t.start_time)
    HAVING minute_calls > 0
)
GROUP BY provider, model, reason
ORDER BY calls DESC, provider, model, reason
LIMIT {MAX_UNPRICED}
"""

_MENU = """
SELECT {column} AS value, sum(t.calls) AS used
FROM {table} AS t {join}
WHERE {owner}
  AND t.bucket >= fromUnixTimestamp64Micro({{start:Int64}}) AND t.bucket < fromUnixTimestamp64Micro({{end:Int64}})
GROUP BY value
HAVING used > 0 AND value != ''
ORDER BY used DESC, value
LIMIT {limit}
"""

_PRICED_PER_HOUR = f"""
SELECT toUnixTimestamp64Micro(toDateTime64(toStartOfHour(t.start_time), 6, 'UTC')) AS hour_us,
       sum(toInt64(t.sign)) AS spans
FROM spans AS t
WHERE {_OWNER}
  AND t.start_time >= fromUnixTimestamp64Micro({{start:Int64}})
  AND t.start_time < fromUnixTimestamp64Micro({{end:Int64}})
  AND t.usage_kind != 'none' AND t.price_source != 'reported'
GROUP BY hour_us
HAVING spans > 0
ORDER BY hour_us
"""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of one model without a price; `reason` is a `PriceSource`, times are microseconds."""

    provider: str
    model: str
    reason: str
    calls: int
    input_tokens: int
    output_tokens: int
    first_us: int
    last_us: int


class UsageQueries:
    """Read views of the rollups; each question is bound to one tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def summary(self, question: UsageQuestion) -> pa.Table:
        """One row for each group and interval, the dearest groups first within an interval.

        Columns: `bucket` (its start, where an interval is asked), the dimensions as `d0`…, MEASURES (costs as
        Decimal), `latency_ms_p50` and `latency_ms_p95` (null unless asked for), the group's `rank`, and
        `all_unpriced_calls` of the whole answer. Up to `limit` + 1 groups and MAX_ROWS + 1 rows, so that the
        caller sees what was cut.
        """
        sql, parameters = summary_sql(question)
        return await self._clickhouse.arrow(sql, parameters)

    async def unpriced(self, tenant: Tenant, window: TimeRange) -> list[Unpriced]:
        rows = await self._clickhouse.rows(_UNPRICED, _within(tenant, window))
        return [Unpriced(**row) for row in rows]

    async def menu(self, tenant: Tenant, window: TimeRange, dimension: str) -> list[str]:
        """The values of a dimension that occur in the range, widened to whole hours, for users to whole days in
        UTC; `tag` for tag names.
        """
        length_us = DAY_US if dimension == "user" else HOUR_US
        if dimension == "tag":
            column, table, join = "splitByChar('=', CAST(tag, 'String'), 2)[1]", Table.MINUTE, "ARRAY JOIN tags AS tag"
        else:
            column, join = f"t.{COLUMNS[dimension]}", ""
            table = {"session": Table.MINUTE, "user": Table.DAY}.get(dimension, Table.HOUR)
        sql = _MENU.format(column=column, table=table, join=join, owner=_OWNER, limit=MAX_MENU_VALUES)
        rows = await self._clickhouse.rows(sql, _within(tenant, widened(window, length_us)))
        return [row["value"] for row in rows]

    async def priced_spans_per_hour(self, tenant: Tenant, window: TimeRange) -> list[tuple[int, int]]:
        """(start of the hour in microseconds, spans that a price list prices) for hours that have such spans."""
        rows = await self._clickhouse.rows(_PRICED_PER_HOUR, _within(tenant, window), timeout_s=300)
        return [(row["hour_us"], row["spans"]) for row in rows]


def summary_sql(question: UsageQuestion) -> tuple[str, dict[str, Any]]:
    """The one statement that answers the question, and its bound values."""
    keys = [*(["bucket"] if question.interval is not Interval.NONE else []), *dimension_columns(question.dimensions)]
    listed = "".join(f"{key}, " for key in keys)
    parameters: dict[str, Any] = question.tenant.parameters()
    parts = [_part(question, piece, keys, parameters) for piece in pieces(question)]
    sql = _SUMMARY.format(
        keys=listed,
        merged_measures=", ".join(f"sum(part.{name}) AS {name}" for name in MEASURES),
        latencies="mapSort(sumMap(part.latency))" if question.latency else _NO_LATENCIES,
        parts=" UNION ALL ".join(parts),
        group_by=_grouped(keys),
        group_cost=_of_group("cost", question),
        group_calls=_of_group("calls", question),
        rank=_rank(question),
        measures=", ".join(MEASURES),
        p50=_QUANTILE.format(q=0.5),
        p95=_QUANTILE.format(q=0.95),
        limit=question.limit,
        order=", ".join([*(["bucket"] if "bucket" in keys else []), "rank"]),
        rows=MAX_ROWS + 1,
    )
    return sql, parameters


def _of_group(measure: str, question: UsageQuestion) -> str:
    """A measure over all intervals of a row's group."""
    if question.interval is Interval.NONE or not question.dimensions:
        return measure
    return f"sum({measure}) OVER (PARTITION BY {', '.join(dimension_columns(question.dimensions))})"


def _rank(question: UsageQuestion) -> str:
    """Groups by what they cost in the whole range; equal ones by their number of calls, then by name."""
    if not question.dimensions:
        return "1"
    dimensions = ", ".join(dimension_columns(question.dimensions))
    return f"dense_rank() OVER (ORDER BY group_cost DESC, group_calls DESC, {dimensions})"


def _part(question: UsageQuestion, piece: Piece, keys: Sequence[str], parameters: dict[str, Any]) -> str:
    measures = _OF_SPANS if piece.table is Table.SPANS else _OF_ROLLUP
    select = [f"{_bucket(question, piece.table)} AS bucket"] if "bucket" in keys else []
    for name, key in zip(question.dimensions, dimension_columns(question.dimensions), strict=True):
        select.append(f"{_dimension(name, key, parameters)} AS {key}")
    select += [f"{sum_} AS {name}" for name, sum_ in measures.items() if question.latency or name != "latency"]
    conditions = [_OWNER, _times(piece, parameters), *_filters(question, parameters)]
    if piece.table is Table.SPANS:
        conditions.append("t.counted")
    return _PART.format(
        select=", ".join(select),
        table=piece.table,
        conditions=" AND ".join(conditions),
        group_by=_grouped(keys),
    )


def _grouped(keys: Sequence[str]) -> str:
    return f"GROUP BY {', '.join(keys)}" if keys else ""


def _bucket(question: UsageQuestion, table: Table) -> str:
    """The start of the interval in the asked zone, as an instant. The zone's name has been checked."""
    moment = "t.start_time" if table is Table.SPANS else "t.bucket"
    start = {Interval.MINUTE: "toStartOfMinute", Interval.HOUR: "toStartOfHour", Interval.DAY: "toStartOfDay"}
    return f"toUnixTimestamp({start[question.interval]}(toTimeZone({moment}, '{question.timezone}')))"


def _dimension(name: str, key: str, parameters: dict[str, Any]) -> str:
    """A tag's value is that of the span's first tag of the name, empty where it has none."""
    if not name.startswith(TAG):
        return f"CAST(t.{COLUMNS[name]}, 'String')" if name in ("user", "session") else f"t.{COLUMNS[name]}"
    parameters[key] = f"{name.removeprefix(TAG)}="
    first = f"arrayFirst(tag -> startsWith(tag, {{{key}:String}}), t.tags)"
    return f"CAST(substring({first}, length({{{key}:String}}) + 1), 'String')"


def _times(piece: Piece, parameters: dict[str, Any]) -> str:
    """Bounds of the table's own time column; a rollup's is a second's clock, so its bounds are whole seconds."""
    spans = piece.table is Table.SPANS
    alternatives = []
    for number, (start, end) in enumerate(piece.ranges):
        names = f"{piece.table}_from_{number}", f"{piece.table}_to_{number}"
        parameters |= dict(zip(names, (start, end) if spans else (start // 10**6, end // 10**6), strict=True))
        reading = "fromUnixTimestamp64Micro({%s:Int64})" if spans else "toDateTime({%s:Int64}, 'UTC')"
        column = "t.start_time" if spans else "t.bucket"
        alternatives.append(f"({column} >= {reading % names[0]} AND {column} < {reading % names[1]})")
    return f"({' OR '.join(alternatives)})"


def _filters(question: UsageQuestion, parameters: dict[str, Any]) -> list[str]:
    conditions = []
    for number, (name, accepted) in enumerate(sorted(question.asked.accepted.items())):
        bound = f"filter_{number}"
        if name.startswith(TAG):
            parameters[bound] = [f"{name.removeprefix(TAG)}={value}" for value in accepted]
            conditions.append(f"hasAny(t.tags, {{{bound}:Array(String)}})")
        else:
            parameters[bound] = list(accepted)
            conditions.append(f"t.{COLUMNS[name]} IN {{{bound}:Array(String)}}")
    return conditions


def _within(tenant: Tenant, window: TimeRange) -> dict[str, Any]:
    return {**tenant.parameters(), "start": window.start_us, "end": window.end_us}
