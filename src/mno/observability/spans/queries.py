"""The read side of spans: every question that a person asks of them, in SQL.

The list of traces is read from `spans` newest first, in the order in which they lie on disk, and stops as
soon as a page is full; totals come from the rollup `traces` by its key. One trace is read whole, within the
exact range of its time, and each span is taken at its last revision, which settles restatements.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from mno.observability.spans.cursor import Position, Snapshot
from mno.observability.spans.filters import SpanFilter, Status
from mno.platform.clickhouse import ClickHouse

#: How long the list may search before it says so, in seconds.
SEARCH_TIMEOUT_S = 10
#: Spans that arrived longer ago than this are surely visible, in seconds.
_SETTLED_AFTER_S = 60

_TENANT = "team_id = {team:String} AND project_id = {project:String}"
_IDS = "(SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))"

_ARRIVED = f"""
SELECT toUnixTimestamp64Micro(if(count() = 0, now64(6) - toIntervalSecond({_SETTLED_AFTER_S}), max(ingested_at))) AS us
FROM spans WHERE ingested_at > now64(6) - toIntervalSecond({_SETTLED_AFTER_S})
"""

#: Small blocks and no read-ahead: the page is full after a few granules, and then reading must stop.
_READ_IN_ORDER = f"""
SETTINGS optimize_read_in_order = 1, read_in_order_use_buffering = 0, max_block_size = 4096,
         max_execution_time = {SEARCH_TIMEOUT_S}
"""

_NEWEST = """
SELECT trace_id, toUnixTimestamp64Micro(start_time) AS start_us
FROM spans
WHERE {conditions}
ORDER BY start_time DESC, trace_id DESC
LIMIT 1 BY trace_id
LIMIT {limit}
{settings}
"""

_MATCHING_SINCE = """
SELECT DISTINCT trace_id
FROM spans
WHERE {conditions} AND trace_id IN {ids}
SETTINGS max_execution_time = {timeout}
"""

_TOTALS = f"""
SELECT trace_id,
       toUnixTimestamp64Micro(min(traces.start_time)) AS start_us,
       toUnixTimestamp64Micro(max(traces.last_start)) AS last_start_us,
       toUnixTimestamp64Micro(max(traces.end_time)) AS end_us,
       sum(traces.spans) AS spans,
       sum(traces.span_errors) AS errors,
       sum(traces.calls) AS calls,
       sum(traces.unpriced_calls) AS unpriced_calls,
       sum(traces.input_tokens) AS input_tokens,
       sum(traces.output_tokens) AS output_tokens,
       sum(traces.cost) AS cost,
       argMinMerge(traces.name) AS name,
       max(traces.user_id) AS user,
       max(traces.session_id) AS session,
       max(traces.agent) AS agent,
       max(traces.environment) AS environment,
       max(traces.service) AS service,
       arraySort(groupUniqArrayArray(traces.models)) AS models
FROM traces
WHERE {_TENANT} AND trace_id IN {_IDS}
GROUP BY trace_id
"""

_BOUNDS = f"""
SELECT toUnixTimestamp64Micro(min(traces.start_time)) AS first_us,
       toUnixTimestamp64Micro(max(traces.last_start)) AS last_us,
       toUnixTimestamp64Micro(max(traces.end_time)) AS end_us,
       argMinMerge(traces.name) AS name
FROM traces
WHERE {_TENANT} AND trace_id = toFixedString(unhex({{trace:String}}), 16)
HAVING count() > 0
"""

_OF_TRACE = f"""
WHERE {_TENANT}
  AND start_time BETWEEN fromUnixTimestamp64Micro({{first:Int64}}) AND fromUnixTimestamp64Micro({{last:Int64}})
  AND trace_id = toFixedString(unhex({{trace:String}}), 16)
"""


#: Of each span the row that stands: the last revision. `FINAL` gives the same and reads the whole time range for it.
_CURRENT = "ORDER BY start_time, trace_id, span_id, revision DESC, sign DESC LIMIT 1 BY start_time, trace_id, span_id"

#: As few expressions as can be: to understand a query takes the engine longer than to read a trace.
_SPANS_OF_TRACE = f"""
SELECT span_id, parent_span_id, toUnixTimestamp64Micro(start_time) AS start_us, duration_ns,
       name, kind, operation, status, provider, model, agent, tool, service,
       CAST(usage_kind, 'String') AS usage_kind, counted, cost, toDecimalString(cost, 9) AS cost_text,
       input_tokens, output_tokens, cache_read_tokens, reasoning_tokens,
       cache_write_5m_tokens + cache_write_1h_tokens AS cache_write_tokens,
       empty(input_messages) AND empty(output_messages) AS without_messages
FROM spans
{_OF_TRACE}
{_CURRENT}
LIMIT {{limit:UInt32}}
"""

_TOTALS_OF_TRACE = f"""
SELECT sum(toInt64(sign)) AS spans,
       sum(toInt64(sign * (status = 'error'))) AS errors,
       sum(toInt64(sign * counted)) AS calls,
       sum(toInt64(sign * counted * isNull(spans.cost))) AS unpriced_calls,
       sum(sign * counted * spans.input_tokens) AS input_tokens,
       sum(sign * counted * spans.output_tokens) AS output_tokens,
       sum(sign * counted * spans.cache_read_tokens) AS cache_read_tokens,
       sum(sign * counted * (cache_write_5m_tokens + cache_write_1h_tokens)) AS cache_write_tokens,
       sum(sign * counted * spans.reasoning_tokens) AS reasoning_tokens,
       sum(sign * counted * ifNull(spans.cost, 0)) AS cost
FROM spans
{_OF_TRACE}
"""

_SPAN = f"""
SELECT *, CAST(usage_kind, 'String') AS usage_kind_name,
       toUnixTimestamp64Micro(start_time) AS start_us, toUnixTimestamp64Micro(ingested_at) AS ingested_us
FROM spans
{_OF_TRACE} AND span_id = toFixedString(unhex({{span:String}}), 8)
{_CURRENT}
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose spans are read."""

    team_id: str
    project_id: str

    def parameters(self) -> dict[str, Any]:
        return {"team": self.team_id, "project": self.project_id}


@dataclass(frozen=True, slots=True)
class TraceBounds:
    """Where a trace lies: starts of its first and last span and its end, in microseconds since the epoch."""

    first_us: int
    last_us: int
    end_us: int
    name: str


class SpanQueries:
    """Read views of the tables `spans` and `traces`; each question is bound to one tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def arrived_us(self) -> int:
        """An instant such that every span that arrived by then is visible, and none will be added to them."""
        return int((await self._clickhouse.rows_of_all(_ARRIVED))[0]["us"])

    async def newest_traces(
        self, tenant: Tenant, snapshot: Snapshot, asked: SpanFilter, *, before: Position | None, limit: int
    ) -> list[Position]:
        """The next traces below `before`, by their newest matching span below it.

        `LimitExceeded` when the search takes longer than SEARCH_TIMEOUT_S.
        """
        conditions, parameters = _matching(tenant, snapshot, asked)
        if before is not None:
            conditions.append(
                "start_time <= fromUnixTimestamp64Micro({before_us:Int64})"
                " AND (start_time < fromUnixTimestamp64Micro({before_us:Int64})"
                " OR trace_id < toFixedString(unhex({before_id:String}), 16))"
            )
            parameters |= {"before_us": before.start_us, "before_id": before.trace_id.hex()}
        sql = _NEWEST.format(conditions=" AND ".join(conditions), limit=limit, settings=_READ_IN_ORDER)
        return [Position(**row) for row in await self._clickhouse.rows(sql, parameters)]

    async def matching_since(
        self,
        tenant: Tenant,
        snapshot: Snapshot,
        asked: SpanFilter,
        *,
        since: Position,
        until_us: int,
        trace_ids: Sequence[bytes],
    ) -> set[bytes]:
        """Those of the traces that have a matching span at or above `since`."""
        conditions, parameters = _matching(tenant, snapshot, asked)
        conditions.append(
            "start_time >= fromUnixTimestamp64Micro({since_us:Int64})"
            " AND start_time <= fromUnixTimestamp64Micro({until_us:Int64})"
            " AND (start_time > fromUnixTimestamp64Micro({since_us:Int64})"
            " OR trace_id >= toFixedString(unhex({since_id:String}), 16))"
        )
        parameters |= {
            "since_us": since.start_us,
            "since_id": since.trace_id.hex(),
            "until_us": until_us,
            "ids": [trace_id.hex() for trace_id in trace_ids],
        }
        sql = _MATCHING_SINCE.format(conditions=" AND ".join(conditions), ids=_IDS, timeout=SEARCH_TIMEOUT_S)
        return {row["trace_id"] for row in await self._clickhouse.rows(sql, parameters)}

    async def totals(self, tenant: Tenant, trace_ids: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
        """The rollup's row of each trace; `cost` is a Decimal in USD, `*_us` microseconds since the epoch."""
        parameters = {**tenant.parameters(), "ids": [trace_id.hex() for trace_id in trace_ids]}
        rows = await self._clickhouse.rows(_TOTALS, parameters)
        return {row["trace_id"]: row for row in rows}

    async def bounds(self, tenant: Tenant, trace_id: str) -> TraceBounds | None:
        rows = await self._clickhouse.rows(_BOUNDS, {**tenant.parameters(), "trace": trace_id})
        return TraceBounds(**rows[0]) if rows else None

    async def spans_of_trace(self, tenant: Tenant, trace_id: str, bounds: TraceBounds, *, limit: int) -> pa.Table:
        """The trace's spans by start time, at most `limit`; `rendering` knows the columns."""
        parameters = {**_of_trace(tenant, trace_id, bounds), "limit": limit}
        return await self._clickhouse.arrow(_SPANS_OF_TRACE, parameters)

    async def totals_of_trace(self, tenant: Tenant, trace_id: str, bounds: TraceBounds) -> dict[str, Any]:
        """Sums over the trace; tokens and cost of the counted spans only."""
        return (await self._clickhouse.rows(_TOTALS_OF_TRACE, _of_trace(tenant, trace_id, bounds)))[0]

    async def span(self, tenant: Tenant, trace_id: str, span_id: str, bounds: TraceBounds) -> dict[str, Any] | None:
        """Every column of one span; of spans that share the id, the first."""
        rows = await self._clickhouse.rows(_SPAN, {**_of_trace(tenant, trace_id, bounds), "span": span_id})
        return rows[0] if rows else None


def _of_trace(tenant: Tenant, trace_id: str, bounds: TraceBounds) -> dict[str, Any]:
    return {**tenant.parameters(), "trace": trace_id, "first": bounds.first_us, "last": bounds.last_us}


def _matching(tenant: Tenant, snapshot: Snapshot, asked: SpanFilter) -> tuple[list[str], dict[str, Any]]:
    """The conditions under which a row is a matching span of the snapshot."""
    conditions = [
        _TENANT,
        "start_time >= fromUnixTimestamp64Micro({from_us:Int64})",
        "start_time < fromUnixTimestamp64Micro({to_us:Int64})",
        "sign = 1",
        "ingested_at <= fromUnixTimestamp64Micro({arrived_us:Int64})",
    ]
    parameters: dict[str, Any] = {
        **tenant.parameters(),
        "from_us": snapshot.from_us,
        "to_us": snapshot.to_us,
        "arrived_us": snapshot.arrived_us,
    }
    for column, accepted in _columns(asked).items():
        if accepted:
            conditions.append(f"{column} IN {{{column}:Array(String)}}")
            parameters[column] = list(accepted)
    for number, (name, accepted) in enumerate(asked.tags):
        conditions.append(f"hasAny(tags, {{tag_{number}:Array(String)}})")
        parameters[f"tag_{number}"] = [f"{name}={value}" for value in accepted]
    if asked.status is Status.ERROR:
        conditions.append("status = 'error'")
    if asked.min_duration_ms > 0:
        conditions.append("duration_ns >= {min_duration_ns:Int64}")
        parameters["min_duration_ns"] = int(asked.min_duration_ms * 1_000_000)
    if asked.text:
        condition, needles = _text_search(asked.text)
        conditions.append(condition)
        parameters |= needles
    return conditions, parameters


def _columns(asked: SpanFilter) -> Mapping[str, tuple[str, ...]]:
    return {
        "provider": asked.providers,
        "model": asked.models,
        "user_id": asked.users,
        "session_id": asked.sessions,
        "agent": asked.agents,
        "environment": asked.environments,
        "operation": asked.operations,
        "tool": asked.tools,
    }


_PLAIN_TEXT = ("name", "model", "user_id", "session_id", "agent", "tool", "status_message")
_JSON_TEXT = ("input_messages", "output_messages", "attributes")


def _text_search(text: str) -> tuple[str, dict[str, Any]]:
    """Case-insensitive search for `text` in all that a span says, and by its ids.

    JSON columns hold the text as JSON writes it; an attribute that was JSON itself holds it escaped twice,
    and often in ASCII (Python's `json.dumps` writes Chinese so).
    """
    in_json = orjson.dumps(text)[1:-1].decode()
    in_nested = orjson.dumps(_ascii_json(text))[1:-1].decode()
    parameters: dict[str, Any] = {"text": text, "text_json": in_json, "text_nested": in_nested}
    places = [f"positionCaseInsensitiveUTF8({column}, {{text:String}}) > 0" for column in _PLAIN_TEXT]
    places += [f"positionCaseInsensitiveUTF8({column}, {{text_json:String}}) > 0" for column in _JSON_TEXT]
    if in_nested != in_json:
        places += [f"positionCaseInsensitiveUTF8({column}, {{text_nested:String}}) > 0" for column in _JSON_TEXT]
    if _is_hexadecimal(text, 32):
        places.append("trace_id = toFixedString(unhex({text:String}), 16)")
    if _is_hexadecimal(text, 16):
        places.append("span_id = toFixedString(unhex({text:String}), 8)")
    return f"({' OR '.join(places)})", parameters


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _is_hexadecimal(text: str, digits: int) -> bool:
    return len(text) == digits and all(digit in "0123456789abcdefABCDEF" for digit in text)
