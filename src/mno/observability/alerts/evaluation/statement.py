"""The one statement that sums what several rules of a place ask, each over its own parts and filters.

The parts of all rules cut time into slices. Each table is read once and summed by group and slice, with one condition
for each set of filters; which slices make a rule's window is added up here. So the statement stays small however many
rules there are. Sums go over `sign`, and late and restated spans need no thought here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mno.observability.alerts.evaluation.sums import Sums, added
from mno.observability.alerts.evaluation.windows import Cut, Range
from mno.observability.alerts.model import Place, Terms
from mno.observability.costs.question import COLUMNS, TAG, Table

#: Groups, each in one slice of time, that one look reads of a table, those with the most calls.
MAX_READ_GROUPS = 20_000
#: How long one look may take, in seconds.
LOOK_TIMEOUT_S = 20

_PART = "SELECT {group} AS grouped, {slices} AS slice, {sums} FROM {table} AS t WHERE {conditions} {grouping}"
#: What the engine compiles it would hardly use again: the statement's times are other ones at each look.
_SETTINGS = f"""
SETTINGS max_execution_time = {LOOK_TIMEOUT_S}, compile_expressions = 0, compile_aggregate_expressions = 0"""
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
_TABLES = (Table.SPANS, Table.MINUTE, Table.HOUR)

#: A table and one slice of time.
_Slice = tuple[Table, Range]


@dataclass(slots=True)
class Statement:
    """Grows by `ask`; the bound values grow with it."""

    place: Place
    group_by: str
    bound: dict[str, Any] = field(default_factory=dict)
    _asked: list[tuple[Cut, int]] = field(default_factory=list)
    #: The sets of filters in SQL, and what is summed under each.
    _filters: dict[tuple[Any, ...], tuple[str, set[str]]] = field(default_factory=dict)

    def ask(self, terms: Terms, parts: Cut, measures: Iterable[str]) -> int:
        """The number under which `found` knows it."""
        key = tuple(terms.matches.items())
        if key not in self._filters:
            filters = [filter_sql(name, values, self.bound) for name, values in terms.matches.items()]
            self._filters[key] = " AND ".join(filters), {"calls"}
        self._filters[key][1].update(measures)
        self._asked.append((parts, list(self._filters).index(key)))
        return len(self._asked) - 1

    def sql(self) -> str:
        slices = self._slices()
        parts = [self._part(table, slices) for table in _TABLES if any(one[0] is table for one in slices)]
        return " UNION ALL ".join(parts) + _SETTINGS

    def found(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, dict[str, Any]]]:
        """Every asker's sums by group, out of the answer, in the order in which they asked."""
        by_slice: dict[int, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_slice.setdefault(row["slice"], []).append(row)
        slices = self._slices()
        measures = [names for _, names in self._filters.values()]
        answers = []
        for parts, number in self._asked:
            own = [place for place, one in enumerate(slices) if _holds(parts, one)]
            answers.append(added(_sums(by_slice.get(place, ()), number, measures[number]) for place in own))
        return answers

    def _slices(self) -> list[_Slice]:
        """The pieces into which everybody's parts cut time; those that nobody asks for are left out."""
        found: list[_Slice] = []
        for table in _TABLES:
            edges = sorted({edge for parts, _ in self._asked for one in parts.get(table, ()) for edge in one})
            found += [
                (table, one) for one in pairwise(edges) if any(_holds(parts, (table, one)) for parts, _ in self._asked)
            ]
        return found

    def _part(self, table: Table, slices: Sequence[_Slice]) -> str:
        of = _OF_SPANS if table is Table.SPANS else _OF_ROLLUP
        sums = [
            f"{_summed(of[measure], measure, filters)} AS {measure}_{number}"
            for number, (filters, measures) in enumerate(self._filters.values())
            for measure in sorted(measures)
        ]
        own = [(place, one) for place, (where, one) in enumerate(slices) if where is table]
        conditions = [*place_sql(self.place, self.bound), _within(table, [one for _, one in own])]
        if table is Table.SPANS:
            conditions.append("t.counted")
        grouping = "GROUP BY grouped, slice"
        if self.group_by:
            grouping += f" HAVING grouped != '' ORDER BY calls_0 DESC, grouped LIMIT {MAX_READ_GROUPS}"
        return "(" + _PART.format(
            group=group_sql(self.group_by, self.bound),
            slices=_numbered(table, own),
            sums=", ".join(sums),
            table=table,
            conditions=" AND ".join(conditions),
            grouping=grouping,
        ) + ")"  # fmt: skip


def place_sql(place: Place, bound: dict[str, Any]) -> list[str]:
    """Whose rows."""
    bound["team"] = str(place.team_id)
    conditions = ["t.team_id = {team:String}"]
    if place.project_id is not None:
        bound["project"] = str(place.project_id)
        conditions.append("t.project_id = {project:String}")
    return conditions


def filter_sql(name: str, values: Sequence[str], bound: dict[str, Any]) -> str:
    """Which of them: those with one of the values."""
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


def _holds(parts: Cut, one: _Slice) -> bool:
    table, (start, end) = one
    return any(first <= start and end <= last for first, last in parts.get(table, ()))


def _sums(rows: Iterable[Mapping[str, Any]], number: int, measures: Iterable[str]) -> dict[str, Sums]:
    return {row["grouped"]: {name: row[f"{name}_{number}"] for name in measures} for row in rows}


def _summed(value: str, measure: str, filters: str) -> str:
    function = "sumMap" if measure == "latency" else "sum"
    return f"{function}If({value}, {filters})" if filters else f"{function}({value})"


def _numbered(table: Table, own: Sequence[tuple[int, Range]]) -> str:
    """Which slice a row belongs to, by its time; all rows lie in one of them."""
    column, moment = _clock(table)
    *first, (last, _) = own
    if not first:
        return f"toUInt16({last})"
    choices = ", ".join(f"{column} < {moment(end)}, {place}" for place, (_, end) in first)
    return f"toUInt16(multiIf({choices}, {last}))"


def _within(table: Table, ranges: Iterable[Range]) -> str:
    """The numbers are our own, not the asker's."""
    column, moment = _clock(table)
    joined: list[list[int]] = []
    for start, end in ranges:
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return f"({' OR '.join(f'({column} >= {moment(a)} AND {column} < {moment(b)})' for a, b in joined)})"


def _clock(table: Table) -> tuple[str, Any]:
    if table is Table.SPANS:
        return "t.start_time", lambda moment: f"fromUnixTimestamp64Micro(toInt64({moment}))"
    return "t.bucket", lambda moment: f"toDateTime({moment // 10**6}, 'UTC')"
