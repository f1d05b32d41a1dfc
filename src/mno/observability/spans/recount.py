"""Recount: makes the rollups equal to the spans again, by adding the difference.

The views keep the rollups right as long as the process lives. When it dies in the middle of an insert, a
part of a view's rows may be missing; then what the rollups should say is computed from the spans once more,
and what they lack (or have too much) is inserted. Run twice it adds nothing, so it is also the proof that
nothing is wrong: `differences` counts the rows that a recount would add.

The rollups' shape is read from the engine (column types and the views' own SELECT), so it is said once, in
the migration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mno.platform.clickhouse import ClickHouse


@dataclass(frozen=True, slots=True)
class Rollup:
    """A rollup table, the view that fills it, and how each of its columns adds up."""

    table: str
    source: str
    time_column: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    maps: tuple[str, ...]
    #: Columns for which saying a thing twice changes nothing: min, max, sets, argMin; with their function.
    settled: Mapping[str, str]
    select: str

    def difference(self, source_filter: str, own_filter: str) -> str:
        """SELECT of the rows to add; both filters are SQL conditions."""
        fresh = re.sub(
            rf"FROM (\S*\b{self.source})\b", rf"FROM (SELECT * FROM \1 WHERE {source_filter}) AS {self.source}",
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
        """Minute before hour, because the hour rollup is made from the minutes."""
        owner = {"team": team_id, "project": project_id}
        plans = []
        for name, source, time_column, unit_us in (
            ("usage_minute", "spans", "bucket", 60_000_000),
            ("usage_hour", "usage_minute", "bucket", 3_600_000_000),
        ):
            first = first_us // unit_us * unit_us
            last = (last_us // unit_us + 1) * unit_us
            source_time = "start_time" if source == "spans" else "bucket"
            plans.append(
                (
                    self._rollup(name, source, time_column),
                    {**owner, "first": first, "last": last},
                    (_within(source_time), _within(time_column)),
                )
            )
        plans.append(self._traces_plan(owner, first_us, last_us))
        return plans

    def _traces_plan(
        self, owner: dict[str, Any], first_us: int, last_us: int
    ) -> tuple[Rollup, dict[str, Any], tuple[str, str]]:
        """All spans of the traces that have a span in the range, however far the traces reach."""
        touched = f"(SELECT trace_id FROM spans WHERE {_within('start_time')})"
        bounds = self._clickhouse.read_now(
            "SELECT toUnixTimestamp64Micro(min(start_time)) AS first, toUnixTimestamp64Micro(max(last_start)) AS last "
            f"FROM traces WHERE team_id = {{team:String}} AND project_id = {{project:String}} AND trace_id IN {touched}",
            {**owner, "first": first_us, "last": last_us + 1},
        ).to_pylist()[0]
        parameters = {
            **owner,
            "first": first_us,
            "last": last_us + 1,
            "reach_first": min(first_us, bounds["first"] or first_us),
            "reach_last": max(last_us, bounds["last"] or last_us) + 1,
        }
        reach = _within("start_time").replace("{first:", "{reach_first:").replace("{last:", "{reach_last:")
        own = "team_id = {team:String} AND project_id = {project:String}"
        return (
            self._rollup("traces", "spans", "start_time"),
            parameters,
            (f"{reach} AND trace_id IN {touched}", f"{own} AND trace_id IN {touched}"),
        )

    def _rollup(self, table: str, source: str, time_column: str) -> Rollup:
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
            time_column=time_column,
            keys=keys,
            sums=tuple(name for name, function in rest.items() if function == "sum"),
            maps=tuple(name for name, function in rest.items() if function == "sumMap"),
            settled={name: function for name, function in rest.items() if function not in ("sum", "sumMap")},
            select=select,
        )


def _within(column: str) -> str:
    seconds = "toDateTime64(fromUnixTimestamp64Micro({%s:Int64}), 6, 'UTC')"
    return (
        "team_id = {team:String} AND project_id = {project:String} "
        f"AND {column} >= {seconds % 'first'} AND {column} < {seconds % 'last'}"
    )


def _function(column_type: str) -> str:
    """`sum` for SimpleAggregateFunction(sum, Int64), `argMinMergeState` for AggregateFunction(argMin, …)."""
    simple = re.match(r"SimpleAggregateFunction\((\w+),", column_type)
    if simple:
        return simple.group(1)
    state = re.match(r"AggregateFunction\((\w+),", column_type)
    return f"{state.group(1)}MergeState" if state else ""
