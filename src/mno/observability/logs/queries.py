"""The read side of logs: every question that a person asks of them, in SQL.

Lines are read in the order in which they lie on disk, newest first, and reading stops as soon as a page is full. What
came after a cursor is read in the order of arrival, over the few granules that a min-max index leaves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from mno.observability.logs.cursor import Place
from mno.observability.logs.model import LogFilter
from mno.observability.spans.cursor import Snapshot
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse

#: How long a question may search before it says so, in seconds.
SEARCH_TIMEOUT_S = 10
#: Lines that arrived longer ago than this are surely visible, in seconds.
_SETTLED_AFTER_S = 60
#: Where several programs write to one store, their blocks may become visible in another order than their times say, by
#: this much at most, in seconds; a reader in the order of arrival stays so far behind.
SHARED_LAG_S = 2
#: Lists show the first characters of a body, and attributes only up to this length; one line alone is shown whole.
SHOWN_BODY_CHARACTERS = 16_000
SHOWN_ATTRIBUTES_CHARACTERS = 64_000

_TENANT = "team_id = {team:String} AND project_id = {project:String}"

_ARRIVED = f"""
SELECT toUnixTimestamp64Micro(if(count() = 0, now64(6) - toIntervalSecond({_SETTLED_AFTER_S}), max(ingested_at))) AS us,
       toUnixTimestamp64Micro(now64(6) - toIntervalSecond({SHARED_LAG_S})) AS lagging_us
FROM otel_logs WHERE {_TENANT} AND ingested_at > now64(6) - toIntervalSecond({_SETTLED_AFTER_S})
"""

_COLUMNS = """
       id, toUnixTimestamp64Micro(time) AS us, toUnixTimestamp64Micro(ingested_at) AS arrived_us,
       trace_id, span_id, severity_number, severity, topic, event_name, service, scope, agent, resource, api_key_id"""

_WHOLE = f"{_COLUMNS}, body AS shown_body, attributes AS shown_attributes, 0 AS cut"

_SHORTENED = f"""{_COLUMNS}, substringUTF8(body, 1, {SHOWN_BODY_CHARACTERS}) AS shown_body,
       if(lengthUTF8(attributes) > {SHOWN_ATTRIBUTES_CHARACTERS}, '{{}}', attributes) AS shown_attributes,
       lengthUTF8(body) > {SHOWN_BODY_CHARACTERS} OR lengthUTF8(attributes) > {SHOWN_ATTRIBUTES_CHARACTERS} AS cut"""

#: Small blocks and no read-ahead: a page is full after a few granules, and then reading must stop.
_READ_IN_ORDER = f"""
SETTINGS optimize_read_in_order = 1, read_in_order_use_buffering = 0, max_block_size = 4096,
         max_execution_time = {SEARCH_TIMEOUT_S}
"""

_LINES = """
SELECT {columns} FROM otel_logs WHERE {conditions}
ORDER BY {order}
LIMIT {limit}
{settings}
"""

_NEWEST_FIRST = "time DESC, id DESC"
_OLDEST_FIRST = "time, id"
_BY_ARRIVAL = "ingested_at, id"

_BARS = """
SELECT intDiv(toUnixTimestamp64Micro(time), {{step_us:Int64}}) * {{step_us:Int64}} AS us,
       if(severity_number BETWEEN 1 AND 24, intDiv(severity_number - 1, 4) + 1, 0) AS level,
       count() AS lines
FROM otel_logs WHERE {conditions}
GROUP BY us, level
ORDER BY us, level
SETTINGS max_execution_time = {timeout}
"""

#: `{{column}}` is a name of ours, never the caller's.
_CLASSES = """
SELECT {column} AS name, count() AS lines
FROM otel_logs WHERE {conditions}
GROUP BY name
ORDER BY lines DESC, name
LIMIT {limit}
SETTINGS max_execution_time = {timeout}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """Lines of one level in one step of the histogram; `level` counts from 1 (trace) to 6 (fatal), 0 is none."""

    us: int
    level: int
    lines: int


class LogQueries:
    """Read views of `otel_logs`; each question is bound to one tenant. `LimitExceeded` when one takes too long."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    @property
    def shared(self) -> bool:
        """Whether other programs may write to the same store."""
        return not self._clickhouse.embedded

    async def arrived_us(self, tenant: Tenant) -> int:
        """An instant such that every line that arrived by then is visible, and none will be added to them."""
        [row] = await self._clickhouse.rows(_ARRIVED, tenant.parameters())
        return min(int(row["us"]), int(row["lagging_us"])) if self.shared else int(row["us"])

    async def newest(
        self, tenant: Tenant, snapshot: Snapshot, asked: LogFilter, *, below: Place | None, limit: int
    ) -> list[dict[str, Any]]:
        """The next lines of the snapshot below `below`, newest first."""
        conditions, parameters = _of_snapshot(tenant, snapshot, asked)
        if below is not None:
            conditions.append(_beyond("time", "<", "below"))
            parameters |= _place("below", below)
        return await self._lines(_SHORTENED, conditions, parameters, _NEWEST_FIRST, limit)

    async def arrived(
        self, tenant: Tenant, asked: LogFilter, *, after: Place, until_us: int, limit: int
    ) -> list[dict[str, Any]]:
        """The next lines in the order of arrival."""
        conditions, parameters = _matching(tenant, asked)
        conditions += [
            _beyond("ingested_at", ">", "after"),
            "ingested_at <= fromUnixTimestamp64Micro({until_us:Int64})",
        ]
        parameters |= _place("after", after) | {"until_us": until_us}
        return await self._lines(_SHORTENED, conditions, parameters, _BY_ARRIVAL, limit)

    async def line(self, tenant: Tenant, place: Place) -> dict[str, Any] | None:
        """One line, whole."""
        conditions = [
            _TENANT,
            "time = fromUnixTimestamp64Micro({line_us:Int64})",
            "id = toFixedString(unhex({line_id:String}), 16)",
        ]
        found = await self._lines(
            _WHOLE, conditions, tenant.parameters() | _place("line", place), _NEWEST_FIRST, limit=1
        )
        return found[0] if found else None

    async def beside(
        self, tenant: Tenant, asked: LogFilter, *, line: Place, within_us: int, older: bool, limit: int
    ) -> list[dict[str, Any]]:
        """The nearest lines before or after one, nearest first, at most `within_us` away."""
        conditions, parameters = _matching(tenant, asked)
        farthest = line.us - within_us if older else line.us + within_us
        conditions += [
            _beyond("time", "<" if older else ">", "line"),
            f"time {'>=' if older else '<='} fromUnixTimestamp64Micro({{farthest_us:Int64}})",
        ]
        parameters |= _place("line", line) | {"farthest_us": farthest}
        order = _NEWEST_FIRST if older else _OLDEST_FIRST
        return await self._lines(_SHORTENED, conditions, parameters, order, limit)

    async def bars(self, tenant: Tenant, snapshot: Snapshot, asked: LogFilter, *, step_s: int) -> list[Bar]:
        """Lines by time and level; bars without a line are left out."""
        conditions, parameters = _of_snapshot(tenant, snapshot, asked)
        sql = _BARS.format(conditions=" AND ".join(conditions), timeout=SEARCH_TIMEOUT_S)
        rows = await self._clickhouse.rows(sql, parameters | {"step_us": step_s * 1_000_000})
        return [Bar(**row) for row in rows]

    async def topics(self, tenant: Tenant, snapshot: Snapshot, asked: LogFilter, *, limit: int) -> list[dict[str, Any]]:
        """Lines by topic, the most frequent first."""
        return await self._classes("topic", tenant, snapshot, asked, limit)

    async def services(
        self, tenant: Tenant, snapshot: Snapshot, asked: LogFilter, *, limit: int
    ) -> list[dict[str, Any]]:
        """Lines by service, the most frequent first."""
        return await self._classes("service", tenant, snapshot, asked, limit)

    async def _classes(
        self, column: str, tenant: Tenant, snapshot: Snapshot, asked: LogFilter, limit: int
    ) -> list[dict[str, Any]]:
        conditions, parameters = _of_snapshot(tenant, snapshot, asked)
        sql = _CLASSES.format(column=column, conditions=" AND ".join(conditions), limit=limit, timeout=SEARCH_TIMEOUT_S)
        return await self._clickhouse.rows(sql, parameters)

    async def _lines(
        self, columns: str, conditions: Sequence[str], parameters: dict[str, Any], order: str, limit: int
    ) -> list[dict[str, Any]]:
        sql = _LINES.format(
            columns=columns, conditions=" AND ".join(conditions), order=order, limit=limit, settings=_READ_IN_ORDER
        )
        return await self._clickhouse.rows(sql, parameters)


def _beyond(column: str, sign: str, name: str) -> str:
    """Beyond a place in the order of (column, id), so that the index of the column is used."""
    moment = f"fromUnixTimestamp64Micro({{{name}_us:Int64}})"
    return (
        f"{column} {sign}= {moment} AND ({column} {sign} {moment}"
        f" OR id {sign} toFixedString(unhex({{{name}_id:String}}), 16))"
    )


def _place(name: str, place: Place) -> dict[str, Any]:
    return {f"{name}_us": place.us, f"{name}_id": place.id.hex()}


def _of_snapshot(tenant: Tenant, snapshot: Snapshot, asked: LogFilter) -> tuple[list[str], dict[str, Any]]:
    conditions, parameters = _matching(tenant, asked)
    conditions += [
        "time >= fromUnixTimestamp64Micro({from_us:Int64})",
        "time < fromUnixTimestamp64Micro({to_us:Int64})",
        "ingested_at <= fromUnixTimestamp64Micro({arrived_us:Int64})",
    ]
    bounds = {"from_us": snapshot.from_us, "to_us": snapshot.to_us, "arrived_us": snapshot.arrived_us}
    return conditions, parameters | bounds


def _matching(tenant: Tenant, asked: LogFilter) -> tuple[list[str], dict[str, Any]]:
    conditions = [_TENANT]
    parameters = tenant.parameters()
    if asked.level is not None:
        conditions.append("severity_number >= {severity:UInt8}")
        parameters["severity"] = asked.level.floor
    for column, id_ in (("trace_id", asked.trace_id), ("span_id", asked.span_id)):
        if id_:
            conditions.append(f"{column} = toFixedString(unhex({{{column}:String}}), {len(id_)})")
            parameters[column] = id_.hex()
    for column, accepted in (("topic", asked.topics), ("service", asked.services), ("agent", asked.agents)):
        if accepted:
            conditions.append(f"{column} IN {{{column}s:Array(String)}}")
            parameters[f"{column}s"] = list(accepted)
    for number, (name, accepted) in enumerate(asked.attributes):
        key, values = f"attribute_{number}", f"values_{number}"
        conditions.append(
            f"(JSONExtractString(attributes, {{{key}:String}}) IN {{{values}:Array(String)}}"
            f" OR JSONExtractRaw(attributes, {{{key}:String}}) IN {{{values}:Array(String)}})"
        )
        parameters |= {key: name, values: list(accepted)}
    if asked.text:
        condition, needles = _text_search(asked.text)
        conditions.append(condition)
        parameters |= needles
    return conditions, parameters


def _text_search(text: str) -> tuple[str, dict[str, Any]]:
    """Case-insensitive. A body may be JSON, and attributes are, which writes some characters in another way."""
    in_json = orjson.dumps(text)[1:-1].decode()
    in_ascii = orjson.dumps(json.dumps(text)[1:-1])[1:-1].decode()
    places = {"body": {text, in_json}, "topic": {text}, "attributes": {in_json, in_ascii}}
    names = {needle: f"text_{number}" for number, needle in enumerate(sorted({text, in_json, in_ascii}))}
    found = [
        f"positionCaseInsensitiveUTF8({column}, {{{names[needle]}:String}}) > 0"
        for column, needles in places.items()
        for needle in sorted(needles)
    ]
    return f"({' OR '.join(found)})", {name: needle for needle, name in names.items()}
