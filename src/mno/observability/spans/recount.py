"""Recount: makes the rollups equal to the spans again, by adding the difference.

The writer and the views keep the rollups right as long as the process lives. When it dies in the middle of an
insert, or before the usage of a block was passed on (store.py), rows may be missing; then what the rollups should
say is computed from the spans once more, and what they lack (or have too much) is inserted. Run twice it adds
nothing, so it is also the proof that nothing is wrong: `differences` counts the rows that a recount would add.

The rollups' shape is read from the engine (column types and the views' own SELECT), so it is said once, in
the migration. Only `usage_minute` is filled from rows that nobody keeps: those are the counted spans.

Whoever compares or repairs has passed on all usage before, or it would be counted twice: outside of tests and
tools only `SpanStore.settle` asks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mno.platform.clickhouse import ClickHouse

_OWN = "team_id = {team:String} AND project_id = {project:String}"


@dataclass(frozen=True, slots=True)
class Rollup:
    """A rollup table, the view that fills it, and how each of its columns adds up."""

    table: str
    #: The name that its view reads from, and the table that holds those rows.
    source: str
    facts: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    maps: tuple[str, ...]
    #: Columns for which saying a thing twice changes nothing: min, max, sets, argMin; with their function.
    settled: Mapping[str, str]
    select: str

    def difference(self, source_filter: str, own_filter: str) -> str:
        """SELECT of the rows to add; both filters are SQL conditions."""
        fresh = re.sub(
            rf"FROM (\S*\b){self.source}\b",
            rf"FROM (SELECT * FROM \1{self.facts} WHERE {source_filter}) AS {self.source}",
            self.select, count=1,
        )  # fmt: skip
        columns = ", ".join((*self.keys, *self.sums, *self.maps, *self.settled))
        negative = ", ".join(
            (
                *self.keys,
                *(f"-{name} AS {name}" for name in self.sums),
                *(f"mapApply((k, v) -> (k, -v), {name}) AS {name}" for name in self.maps),
                *self.settled,
            )
        )
        added = ", ".join(
            (
                *(f"rows.{name} AS {name}" for name in self.keys),
                *(f"sum(rows.{name}) AS {name}" for name in self.sums),
                *(f"sumMap(rows.{name}) AS {name}" for name in self.maps),
                *(f"{function}(rows.{name}) AS {name}" for name, function in self.settled.items()),
            )
        )
        return (
            f"SELECT {added} FROM (SELECT {columns} FROM ({fresh}) UNION ALL "
            f"SELECT {negative} FROM {self.table} WHERE {own_filter}) AS rows "
            f"GROUP BY {', '.join(self.keys)} HAVING {' OR '.join(f'{name} != 0' for name in self.sums)}"
        )


class Recount:
    """Compares rollups with their source and repairs them; runs on the writing thread."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    def repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> int:
        """Adds what is missing for spans that start in this range of microseconds; returns the rows added."""
        return sum(
            self._add(rollup, parameters, filters)
            for rollup, parameters, filters in self._plans(team_id, project_id, first_us, last_us)
        )

    def differences(self, team_id: str, project_id: str, first_us: int, last_us: int) -> int:
        """How many rows `repair` would add; 0 when the rollups equal a recount."""
        return sum(
            self._count(rollup, parameters, filters)
            for rollup, parameters, filters in self._plans(team_id, project_id, first_us, last_us)
        )

    def _add(self, rollup: Rollup, parameters: dict[str, Any], filters: tuple[str, str]) -> int:
        missing = self._count(rollup, parameters, filters)
        if missing:
            columns = ", ".join((*rollup.keys, *rollup.sums, *rollup.maps, *rollup.settled))
            sql = f"INSERT INTO {rollup.table} ({columns}) {rollup.difference(*filters)}"
            self._clickhouse.command_now(sql, parameters)
        return missing

    def _count(self, rollup: Rollup, parameters: dict[str, Any], filters: tuple[str, str]) -> int:
        table = self._clickhouse.read_now(f"SELECT count() AS n FROM ({rollup.difference(*filters)})", parameters)
        return int(table["n"][0].as_py())

    def _plans(
        self, team_id: str, project_id: str, first_us: int, last_us: int
    ) -> list[tuple[Rollup, dict[str, Any], tuple[str, str]]]:
        """Minute first, because the longer ones are made from it.

        The traces that touch the range are recounted whole, and the minutes as far as those traces reach: a
        restated parent may lie well before its child.
        """
        owner: dict[str, Any] = {"team": team_id, "project": project_id}
        touched = f"(SELECT trace_id FROM spans WHERE {_within('start_time')})"
        within = {**owner, "first": first_us, "last": last_us + 1}
        first_us, last_us = self._reach(within, touched)
        kept_us = self._kept_from_us(owner)
        plans = []
        for table, source, facts, condition, unit_us in (
            ("usage_minute", "usage_entries", "spans", f"counted AND {_within('start_time')}", 60_000_000),
            ("usage_hour", "usage_minute", "usage_minute", _within("bucket"), 3_600_000_000),
            ("usage_day", "usage_minute", "usage_minute", _within("bucket"), 86_400_000_000),
        ):
            whole_units = {"first": first_us // unit_us * unit_us, "last": (last_us // unit_us + 1) * unit_us}
            if facts == "spans":  # what retention deleted is not missing
                whole_units["first"] = max(whole_units["first"], kept_us)
            filters = (condition, _within("bucket"))
            plans.append((self._rollup(table, source, facts), {**owner, **whole_units}, filters))
        reach = _within("start_time", "reach_first", "reach_last")
        traces_filters = (f"{reach} AND trace_id IN {touched}", f"{_OWN} AND trace_id IN {touched}")
        reached = {**within, "reach_first": first_us, "reach_last": last_us + 1}
        plans.append((self._rollup("traces", "spans", "spans"), reached, traces_filters))
        return plans

    def _kept_from_us(self, owner: dict[str, Any]) -> int:
        """The midnight before which retention deleted spans and left their usage; far back where it deleted none."""
        marks = self._clickhouse.read_now(
            f"SELECT toUnixTimestamp64Micro(max(kept_from)) AS us FROM retention_marks WHERE {_OWN} HAVING count() > 0",
            owner,
        ).to_pylist()
        return int(marks[0]["us"]) if marks else -(2**62)

    def _reach(self, within: dict[str, Any], touched: str) -> tuple[int, int]:
        """First and last start, in microseconds, of any span of the touched traces."""
        bounds = self._clickhouse.read_now(
            "SELECT toUnixTimestamp64Micro(min(start_time)) AS first, toUnixTimestamp64Micro(max(last_start)) AS last "
            f"FROM traces WHERE {_OWN} AND trace_id IN {touched} HAVING count() > 0",
            within,
        ).to_pylist()
        firsts = [within["first"], *(row["first"] for row in bounds)]
        lasts = [within["last"] - 1, *(row["last"] for row in bounds)]
        return min(firsts), max(lasts)

    def _rollup(self, table: str, source: str, facts: str) -> Rollup:
        columns = self._clickhouse.read_now(
            "SELECT name, type, is_in_sorting_key FROM system.columns "
            "WHERE database = currentDatabase() AND table = {table:String} ORDER BY position",
            {"table": table},
        ).to_pylist()
        select = self._clickhouse.read_now(
            "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {view:String}",
            {"view": f"{table}_view"},
        )["as_select"][0].as_py()
        functions = {column["name"]: _function(column["type"]) for column in columns}
        keys = tuple(column["name"] for column in columns if column["is_in_sorting_key"])
        rest = {name: function for name, function in functions.items() if name not in keys}
        return Rollup(
            table=table,
            source=source,
            facts=facts,
            keys=keys,
            sums=tuple(name for name, function in rest.items() if function == "sum"),
            maps=tuple(name for name, function in rest.items() if function == "sumMap"),
            settled={name: function for name, function in rest.items() if function not in ("sum", "sumMap")},
            select=select,
        )


def _within(column: str, first: str = "first", last: str = "last") -> str:
    """`first <= column < last`, both parameters in microseconds, of the project that is bound."""
    moment = "toDateTime64(fromUnixTimestamp64Micro({%s:Int64}), 6, 'UTC')"
    return f"{_OWN} AND {column} >= {moment % first} AND {column} < {moment % last}"


def _function(column_type: str) -> str:
    """`sum` for SimpleAggregateFunction(sum, Int64), `argMinMergeState` for AggregateFunction(argMin, …)."""
    simple = re.match(r"SimpleAggregateFunction\((\w+),", column_type)
    if simple:
        return simple.group(1)
    state = re.match(r"AggregateFunction\((\w+),", column_type)
    return f"{state.group(1)}MergeState" if state else ""
