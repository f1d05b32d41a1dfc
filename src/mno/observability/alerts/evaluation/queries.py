"""What usage says to rules: one statement for all rules of a place that group alike.

Each table is read once for all of them: a rule's own window and filters are conditions of its sums (`sumIf`), and
rules with the same ones share them. Sums go over `sign`, so late and restated spans need no thought here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from mno.observability.alerts.evaluation.windows import HOURS_FROM_S, Cut, Range, cut
from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import TOLD, AlertMeasure, Place, Terms
from mno.observability.costs.question import COLUMNS, MINUTE_US, TAG, Table
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import microseconds

#: Groups that one look reads for rules that group alike, those with the most calls.
MAX_READ_GROUPS = 10_000
#: Groups of which is known that they were there lately; see `lately`.
MAX_KNOWN_GROUPS = 1_000
#: For how long a group that has fallen silent is compared by rules that fire below, beyond the window itself.
KNOWN_FOR = timedelta(days=1)
#: How long one look may take, in seconds.
LOOK_TIMEOUT_S = 20.0

_PART = "SELECT {group} AS grouped, {sums} FROM {table} AS t WHERE {conditions}{grouping}"
_LOOK = "SELECT grouped, {sums} FROM ({parts}) AS part {grouping} ORDER BY {calls} DESC, grouped LIMIT {limit}"
_LATELY = """
SELECT {group} AS grouped FROM usage_minute AS t
WHERE {conditions} AND t.bucket >= toDateTime({{since:Int64}}, 'UTC')
GROUP BY grouped HAVING sum(t.calls) > 0 AND grouped != '' ORDER BY sum(t.calls) DESC, grouped LIMIT {limit}
"""
_LATENCY_OF_SPAN = "map(toUInt16(ceil(log(greatest(t.duration_ns / 1000, 1)) / log(1.02))), toInt64(t.sign))"
_OF_SPANS = {
    "calls": "toInt64(t.sign)",
    "errors": "toInt64(t.sign * (t.status = 'error'))",
    "cost": "toDecimal128(t.sign * ifNull(t.cost, 0), 9)",
    "tokens": "t.sign * (t.input_tokens + t.output_tokens)",
    "latency": _LATENCY_OF_SPAN,
}
_OF_ROLLUP = {
    "calls": "t.calls",
    "errors": "t.errors",
    "cost": "t.cost",
    "tokens": "t.input_tokens + t.output_tokens",
    "latency": "t.latency",
}
_NEEDS = {
    AlertMeasure.COST: ("cost",),
    AlertMeasure.CALLS: (),
    AlertMeasure.ERRORS: ("errors",),
    AlertMeasure.ERROR_RATE: ("errors",),
    AlertMeasure.LATENCY: ("latency",),
    AlertMeasure.TOKENS: ("tokens",),
}
_FINE = frozenset({"user", "session"})

#: A rule's readings by group; the one group of a rule that does not group is the empty text.
Readings = dict[str, Reading]
#: What is asked, under the name that the asker gives it.
Asked = Mapping[UUID, Terms]


@dataclass(slots=True)
class _Statement:
    """One statement on its way: its conditions by window and filters, and what is bound."""

    place: Place
    group_by: str
    hours: bool
    now: datetime
    bound: dict[str, Any] = field(default_factory=dict)
    conditions: list[tuple[Cut, str]] = field(default_factory=list)
    known: dict[tuple[Any, ...], int] = field(default_factory=dict)
    sums: dict[str, tuple[int, str]] = field(default_factory=dict)

    def condition(self, terms: Terms) -> int:
        key = terms.window_s, tuple(terms.matches.items())
        if key not in self.known:
            filters = [filter_sql(name, values, self.bound) for name, values in terms.matches.items()]
            self.known[key] = len(self.conditions)
            self.conditions.append((cut(terms.window_s, self.now, hours=self.hours), " AND ".join(filters)))
        return self.known[key]

    def wants(self, terms: Terms) -> None:
        number = self.condition(terms)
        for measure in ("calls", *_NEEDS[terms.measure]):
            self.sums[f"{measure}_{number}"] = number, measure

    def sql(self) -> str:
        tables = [Table.SPANS, Table.MINUTE, Table.HOUR]
        parts = [self._part(table) for table in tables if any(one.of(table) for one, _ in self.conditions)]
        sums = [f"{_summed(measure)}(part.{name}) AS {name}" for name, (_, measure) in self.sums.items()]
        calls = " + ".join(name for name, (_, measure) in self.sums.items() if measure == "calls")
        grouping = f"GROUP BY grouped HAVING grouped != '' AND {calls} != 0" if self.group_by else "GROUP BY grouped"
        return _LOOK.format(
            sums=", ".join(sums), parts=" UNION ALL ".join(parts), grouping=grouping, calls=calls, limit=MAX_READ_GROUPS
        )

    def _part(self, table: Table) -> str:
        of = _OF_SPANS if table is Table.SPANS else _OF_ROLLUP
        sums = []
        for name, (number, measure) in self.sums.items():
            ranges, filters = self.conditions[number][0].of(table), self.conditions[number][1]
            held = " AND ".join(filter(None, (_within(table, ranges), filters)))
            sums.append(f"{_summed(measure)}If({of[measure]}, {held}) AS {name}")
        everything = sorted({one for cut_, _ in self.conditions for one in cut_.of(table)})
        conditions = [*place_sql(self.place, self.bound), _within(table, everything)]
        if table is Table.SPANS:
            conditions.append("t.counted")
        return _PART.format(
            group=group_sql(self.group_by, self.bound),
            sums=", ".join(sums),
            table=table,
            conditions=" AND ".join(conditions),
            grouping=" GROUP BY grouped" if self.group_by else "",
        )


class RuleQueries:
    """Reads for the program's own looks and for previews; each statement is bound to one place."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def readings(self, place: Place, asked: Asked, now: datetime) -> dict[UUID, Readings]:
        """What each of these rules reads now. Rules that are told by facts are left out."""
        found: dict[UUID, Readings] = {}
        for alike in _alike(asked):
            some = {id_: asked[id_] for id_ in alike}
            found |= await self._look(place, some, now)
        return found

    async def lately(self, place: Place, terms: Terms, now: datetime) -> list[str]:
        """Groups of the rule that had calls within the window or KNOWN_FOR, whatever they have now."""
        bound: dict[str, Any] = {}
        conditions = place_sql(place, bound)
        conditions += [filter_sql(name, values, bound) for name, values in terms.matches.items()]
        since = now - max(KNOWN_FOR, timedelta(seconds=terms.window_s))
        bound["since"] = microseconds(since) // MINUTE_US * 60
        sql = _LATELY.format(
            group=group_sql(terms.group_by, bound), conditions=" AND ".join(conditions), limit=MAX_KNOWN_GROUPS
        )
        rows = await self._clickhouse.rows_of_all(sql, bound)
        return [row["grouped"] for row in rows]

    async def _look(self, place: Place, asked: Asked, now: datetime) -> dict[UUID, Readings]:
        first = next(iter(asked.values()))
        statement = _Statement(place, first.group_by, by_hours(first), now)
        for terms in asked.values():
            statement.wants(terms)
        rows = await self._clickhouse.rows_of_all(statement.sql(), statement.bound, timeout_s=LOOK_TIMEOUT_S)
        found: dict[UUID, Readings] = {}
        for id_, terms in asked.items():
            number = statement.condition(terms)
            found[id_] = {
                row["grouped"]: _reading(terms, row, number)
                for row in rows
                if not terms.group_by or row[f"calls_{number}"] != 0
            }
        return found


def reading_of(terms: Terms, calls: int, sums: Mapping[str, Any]) -> Reading:
    """A measure from its sums: `errors`, `cost`, `tokens` (numbers) and `latency` (calls by bucket)."""
    match terms.measure:
        case AlertMeasure.CALLS:
            return Reading(Decimal(calls), calls)
        case AlertMeasure.ERROR_RATE:
            rate = Decimal(int(sums["errors"]) * 100) / calls if calls > 0 else None
            return Reading(None if rate is None else round(rate, 3), calls)
        case AlertMeasure.LATENCY:
            return Reading(quantile_ms(sums["latency"], terms.quantile), calls)
        case AlertMeasure.COST:
            return Reading(Decimal(sums["cost"]), calls)
    return Reading(Decimal(int(sums[str(terms.measure)])), calls)


def quantile_ms(histogram: Mapping[int, int], quantile: int) -> Decimal | None:
    """The n-th quickest call's bucket for n = ceil(q x calls), at the bucket's geometric middle: within 1 %.

    A latency bucket n holds durations up to 1.02^n microseconds (migrations/clickhouse/0001_spans.sql).
    """
    total = sum(histogram.values())
    if total <= 0:
        return None
    wanted, counted = -(-quantile * total // 100), 0
    for bucket in sorted(histogram):
        counted += histogram[bucket]
        if counted >= wanted:
            return round(Decimal(1.02 ** max(bucket - 0.5, 0) / 1000), 3)
    return None


def place_sql(place: Place, bound: dict[str, Any]) -> list[str]:
    bound["team"] = str(place.team_id)
    conditions = ["t.team_id = {team:String}"]
    if place.project_id is not None:
        bound["project"] = str(place.project_id)
        conditions.append("t.project_id = {project:String}")
    return conditions


def filter_sql(name: str, values: Sequence[str], bound: dict[str, Any]) -> str:
    key = f"value_{len(bound)}"
    if name.startswith(TAG):
        bound[key] = [f"{name.removeprefix(TAG)}={value}" for value in values]
        return f"hasAny(t.tags, {{{key}:Array(String)}})"
    bound[key] = list(values)
    return f"t.{COLUMNS[name]} IN {{{key}:Array(String)}}"


def group_sql(name: str, bound: dict[str, Any]) -> str:
    """A tag's value is that of the span's first tag of the name."""
    if not name:
        return "''"
    if not name.startswith(TAG):
        return f"CAST(t.{COLUMNS[name]}, 'String')"
    bound["tag"] = f"{name.removeprefix(TAG)}="
    first = "arrayFirst(tag -> startsWith(tag, {tag:String}), t.tags)"
    return f"CAST(substring({first}, length({{tag:String}}) + 1), 'String')"


def _alike(asked: Asked) -> Iterable[list[UUID]]:
    """Rules that one statement can answer: of one grouping, and all by hours or none."""
    batches: dict[tuple[str, bool], list[UUID]] = {}
    for id_, terms in asked.items():
        if terms.measure not in TOLD:
            batches.setdefault((terms.group_by, by_hours(terms)), []).append(id_)
    return batches.values()


def by_hours(terms: Terms) -> bool:
    """Whether the rollup of hours may answer: it knows neither users, sessions nor tags."""
    names = {terms.group_by, *terms.matches}
    return terms.window_s >= HOURS_FROM_S and not any(name in _FINE or name.startswith(TAG) for name in names)


def _reading(terms: Terms, row: Mapping[str, Any], number: int) -> Reading:
    sums = {measure: row[f"{measure}_{number}"] for measure in _NEEDS[terms.measure]}
    return reading_of(terms, int(row[f"calls_{number}"]), sums)


def _summed(measure: str) -> str:
    return "sumMap" if measure == "latency" else "sum"


def _within(table: Table, ranges: Iterable[Range]) -> str:
    """The numbers are our own, not the asker's."""
    column, unit = ("t.start_time", 1) if table is Table.SPANS else ("t.bucket", 10**6)
    reading = "fromUnixTimestamp64Micro(toInt64({}))" if table is Table.SPANS else "toDateTime({}, 'UTC')"
    alternatives = [
        f"({column} >= {reading.format(start // unit)} AND {column} < {reading.format(end // unit)})"
        for start, end in ranges
    ]
    return f"({' OR '.join(alternatives)})" if alternatives else "0"
