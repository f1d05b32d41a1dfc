"""The one statement that sums what several rules of a place ask, each over its own parts and filters.

The parts of all rules cut time into slices. Each table is read once and summed by slice, for each dimension that
somebody groups by (grouping sets), with one condition for each set of filters; which slices make a rule's window is
added up here. So the statement stays small however many rules there are. Sums go over `sign`, and late and restated
spans need no thought here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mno.observability.alerts.evaluation.sums import Sums, added
from mno.observability.alerts.evaluation.windows import Cut, Range
from mno.observability.alerts.model import TOOL_COLUMNS, Place, Terms
from mno.observability.costs.question import COLUMNS, TAG, Table

#: Groups, each in one slice of time, that one look reads of a table, those with the most calls.
MAX_READ_GROUPS = 20_000
#: How long one look may take, in seconds.
LOOK_TIMEOUT_S = 20

_PART = """(SELECT {groups}{slices} AS slice, {which} AS grouping, {sums} FROM {table} AS t WHERE {conditions}
GROUP BY {sets} ORDER BY {calls} DESC LIMIT {limit} BY grouping)"""
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
_COLUMNS = {**TOOL_COLUMNS, **COLUMNS}
_TABLES = (Table.SPANS, Table.MINUTE, Table.HOUR)

#: A table and one slice of time.
_Slice = tuple[Table, Range]


@dataclass(slots=True)
class Statement:
    """Grows by `ask`; the bound values grow with it."""

    place: Place
    bound: dict[str, Any] = field(default_factory=dict)
    #: By what is grouped, the parts, and the number of the filters.
    _asked: list[tuple[str, Cut, int]] = field(default_factory=list)
    _groupings: list[str] = field(default_factory=list)
    #: The sets of filters in SQL, and what is summed under each.
    _filters: dict[tuple[Any, ...], tuple[str, set[str]]] = field(default_factory=dict)

    def ask(self, terms: Terms, parts: Cut, measures: Iterable[str]) -> int:
        """The number under which `found` knows it."""
        key = tuple(terms.matches.items())
        if key not in self._filters:
            filters = [filter_sql(name, values, self.bound) for name, values in terms.matches.items()]
            self._filters[key] = " AND ".join(filters), {"calls"}
        self._filters[key][1].update(measures)
        if terms.group_by and terms.group_by not in self._groupings:
            self._groupings.append(terms.group_by)
        self._asked.append((terms.group_by, parts, list(self._filters).index(key)))
        return len(self._asked) - 1

    def sql(self) -> str:
        slices = self._slices()
        parts = [self._part(table, slices) for table in _TABLES if any(one[0] is table for one in slices)]
        return " UNION ALL ".join(parts) + _SETTINGS

    def found(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Sums]]:
        """Every asker's sums by group, out of the answer, in the order in which they asked."""
        cells: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
        for row in rows:
            cells.setdefault((row["grouping"], row["slice"]), []).append(row)
        slices = self._slices()
        measures = [names for _, names in self._filters.values()]
        answers = []
        for group_by, parts, number in self._asked:
            place = self._groupings.index(group_by) if group_by else -1
            name = f"g{place}" if group_by else ""
            own = (cells.get((place + 1, here), ()) for here, one in enumerate(slices) if _holds(parts, one))
            answers.append(added(_sums(some, name, number, measures[number]) for some in own))
        return answers

    def _slices(self) -> list[_Slice]:
        """The pieces into which everybody's parts cut time; those that nobody asks for are left out."""
        found: list[_Slice] = []
        for table in _TABLES:
            edges = sorted({edge for _, parts, _ in self._asked for one in parts.get(table, ()) for edge in one})
            between = ((table, one) for one in pairwise(edges))
            found += [one for one in between if any(_holds(parts, one) for _, parts, _ in self._asked)]
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
        names = [f"g{place}" for place in range(len(self._groupings))]
        groups = [group_sql(group, self.bound, name) for group, name in zip(self._groupings, names, strict=True)]
        return _PART.format(
            groups="".join(f"{group} AS {name}, " for group, name in zip(groups, names, strict=True)),
            slices=_numbered(table, own),
            which=self._which(names),
            sums=", ".join(sums),
            table=table,
            conditions=" AND ".join(conditions),
            sets=self._sets(names),
            calls=" + ".join(f"calls_{number}" for number in range(len(self._filters))),
            limit=MAX_READ_GROUPS,
        )

    def _sets(self, names: Sequence[str]) -> str:
        """Everything together where somebody asks for it, and each grouping for itself."""
        sets = [f"({name}, slice)" for name in names]
        if any(not group_by for group_by, _, _ in self._asked):
            sets.insert(0, "(slice)")
        return f"GROUPING SETS ({', '.join(sets)})"

    def _which(self, names: Sequence[str]) -> str:
        """The number of a row's grouping from 1, 0 for everything together."""
        if not names:
            return "toUInt16(0)"
        return f"toUInt16(multiIf({', '.join(f'grouping({name}) = 0, {n}' for n, name in enumerate(names, 1))}, 0))"


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
    return f"t.{_COLUMNS[name]} IN {{{key}:Array(String)}}"


def group_sql(name: str, bound: dict[str, Any], key: str = "tag") -> str:
    """A tag's value is that of the span's first tag of the name, which is bound as `key`."""
    if not name:
        return "''"
    if not name.startswith(TAG):
        return f"CAST(t.{_COLUMNS[name]}, 'String')"
    bound[key] = f"{name.removeprefix(TAG)}="
    first = f"arrayFirst(tag -> startsWith(tag, {{{key}:String}}), t.tags)"
    return f"CAST(substring({first}, length({{{key}:String}}) + 1), 'String')"


def _holds(parts: Cut, one: _Slice) -> bool:
    table, (start, end) = one
    return any(first <= start and end <= last for first, last in parts.get(table, ()))


def _sums(rows: Iterable[Mapping[str, Any]], group: str, number: int, measures: Iterable[str]) -> dict[str, Sums]:
    """By the value of the group's column; what has none is left out."""
    return {
        row[group] if group else "": {name: row[f"{name}_{number}"] for name in measures}
        for row in rows
        if not group or row[group]
    }


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
