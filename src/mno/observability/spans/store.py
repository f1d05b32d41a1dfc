"""The span table: what the writer reads and writes. Views for people are in `queries.py`.

Everything here runs on the one writing thread, so that reading a row and restating it cannot interleave
with another write; `known_spans` alone is asked beside it, when no block is on its way. A block is in `spans` at
once, where people find it; what it says of usage is remembered and passed on to the rollups for several blocks
together, by `settle` (docs/decisions/0010).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.spans.columns import PRICE_COLUMNS, usage_entries, usage_part
from mno.observability.spans.model import KnownSpan, SpanKey, TraceKey
from mno.observability.spans.recount import Recount
from mno.platform.clickhouse import ClickHouse

#: Rows whose usage is remembered at most, about 400 bytes each; then it is passed on whatever the clock says.
MOST_UNSETTLED = 60_000

#: Moments of spans that lie farther apart than this are recounted apart.
_GAP_US = 3_600_000_000

_TRACE_BOUNDS = """
SELECT trace_id, min(start_time) AS first, max(last_start) AS last FROM traces
WHERE team_id = {team:String} AND project_id = {project:String}
  AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
GROUP BY trace_id
"""

_SKELETONS = """
SELECT trace_id, span_id, parent_span_id,
       toUnixTimestamp64Micro(start_time) AS start_us,
       start_us + intDiv(any(duration_ns), 1000) AS end_us,
       any(usage_kind) != 'none' AS has_usage,
       argMax(counted, (revision, sign)) AS counted,
       any(if(usage_kind = 'call', JSONExtractString(attributes, 'gen_ai.response.id'), '')) AS response_id,
       any(source) AS source
FROM spans
WHERE team_id = {team:String} AND project_id = {project:String}
  AND start_time BETWEEN fromUnixTimestamp64Micro({first:Int64}) AND fromUnixTimestamp64Micro({last:Int64})
  AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
GROUP BY trace_id, span_id, parent_span_id, start_time
"""

#: The current row of each span: of all its revisions the last, and of that the row with sign 1.
_CURRENT_ROWS = """
SELECT * FROM spans
WHERE team_id = {team:String} AND project_id = {project:String}
  AND start_time BETWEEN fromUnixTimestamp64Micro({first:Int64}) AND fromUnixTimestamp64Micro({last:Int64})
  AND (trace_id, span_id) IN (
      SELECT (toFixedString(unhex(pair.1), 16), toFixedString(unhex(pair.2), 8))
      FROM (SELECT arrayJoin(arrayZip({traces:Array(String)}, {spans:Array(String)})) AS pair))
ORDER BY revision DESC, sign DESC
LIMIT 1 BY trace_id, span_id, start_time
"""

#: The next spans that a price list prices, oldest first, without their texts.
_PRICED_ROWS = """
SELECT {columns} FROM (
    SELECT * FROM spans
    WHERE team_id = {{team:String}} AND project_id = {{project:String}}
      AND start_time >= fromUnixTimestamp64Micro({{first:Int64}})
      AND start_time < fromUnixTimestamp64Micro({{last:Int64}})
      AND usage_kind != 'none' AND price_source != 'reported'
)
ORDER BY start_time, trace_id, span_id, revision DESC, sign DESC
LIMIT 1 BY start_time, trace_id, span_id
LIMIT {{limit:UInt32}}
"""


class SpanStore:
    """Rows of `spans` and the rollups that follow from them.

    The rollup `traces` follows with the block itself. The usage rollups follow with `settle`; what went wrong on
    the way is made good there by a recount of the spans that it touched, so nothing is added twice or lost.
    """

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._recount = Recount(clickhouse)
        #: What the rollups have not been told yet.
        self._unsettled: list[pa.Table] = []
        self._unsettled_rows = 0
        #: Ranges of start, by team and project, of which nobody knows what the rollups were told.
        self._doubtful: dict[tuple[str, str], set[tuple[int, int]]] = {}

    @property
    def settled(self) -> bool:
        """Whether the rollups know of everything that was inserted."""
        return not self._unsettled and not self._doubtful

    def horizon_us(self) -> int:
        """The latest end of any span in the store, in microseconds; -1 when it is empty."""
        table = self._clickhouse.read_now(
            "SELECT if(count() = 0, toInt64(-1), toUnixTimestamp64Micro(max(end_time))) AS horizon FROM traces"
        )
        return int(table["horizon"][0].as_py())

    def insert(self, block: pa.Table) -> None:
        """Adds rows, which can be found when this returns; the usage rollups know of them after `settle`."""
        if self._unsettled_rows >= MOST_UNSETTLED:
            self._pass_on()
        usage = usage_part(block)
        try:
            self._clickhouse.insert("spans", block)
        except BaseException:
            self._doubt_rows(usage)
            raise
        self._unsettled.append(usage)
        self._unsettled_rows += usage.num_rows

    def settle(self) -> None:
        """Makes all rollups equal to the spans. Where this raises they are not yet, and the next call goes on."""
        self._pass_on()
        while self._doubtful:
            owner, ranges = next(iter(self._doubtful.items()))
            for first_us, last_us in _merged(ranges):
                self._recount.repair(*owner, first_us, last_us)
            del self._doubtful[owner]

    def doubt(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:
        """Has the next `settle` recount the rollups around spans that start in this range, both ends included."""
        self._doubtful.setdefault((team_id, project_id), set()).add((first_us, last_us))

    def _pass_on(self) -> None:
        """Tells the rollups of what is remembered. A failure may have told some of them: a recount will find out."""
        parts, self._unsettled, self._unsettled_rows = self._unsettled, [], 0
        if not parts:
            return
        try:
            if (entries := usage_entries(parts)).num_rows:
                self._clickhouse.insert("usage_entries", entries)
        except BaseException:
            for part in parts:
                self._doubt_rows(part)
            raise

    def _doubt_rows(self, rows: pa.Table) -> None:
        columns = (rows[name].to_pylist() for name in ("team_id", "project_id"))
        starts = rows["start_time"].cast(pa.int64()).to_pylist()
        owned: dict[tuple[str, str], list[int]] = {}
        for team, project, start_us in zip(*columns, starts, strict=True):
            owned.setdefault((team, project), []).append(start_us)
        for owner, starts_us in owned.items():
            for stretch in stretches(starts_us):
                self.doubt(*owner, *stretch)

    def sync(self) -> None:
        """Returns when what was inserted is on the disk; from any thread."""
        self._clickhouse.sync()

    def known_spans(self, keys: Sequence[TraceKey]) -> Iterator[tuple[TraceKey, KnownSpan]]:
        """The skeleton of every one of these traces that the store holds."""
        for (team, project), ids in _by_project((key.team_id, key.project_id, key.trace_id) for key in keys).items():
            owner = {"team": team, "project": project}
            bounds = self._clickhouse.read_now(_TRACE_BOUNDS, {**owner, "ids": [trace_id.hex() for trace_id in ids]})
            if bounds.num_rows == 0:
                continue
            table = self._clickhouse.read_now(
                _SKELETONS,
                {
                    **owner,
                    "ids": [trace_id.hex() for trace_id in bounds["trace_id"].to_pylist()],
                    "first": _microseconds(pc.min(bounds["first"])),
                    "last": _microseconds(pc.max(bounds["last"])),
                },
            )
            for row in table.to_pylist():
                row["has_usage"], row["counted"] = bool(row["has_usage"]), bool(row["counted"])
                known = KnownSpan(**row)
                yield TraceKey(team, project, known.trace_id), known

    def current_rows(self, keys: Sequence[SpanKey]) -> list[pa.Table]:
        """The rows that stand for these spans now, a table a project."""
        tables = []
        by_project: dict[tuple[str, str], list[SpanKey]] = {}
        for key in keys:
            by_project.setdefault((key.trace.team_id, key.trace.project_id), []).append(key)
        for (team, project), wanted in by_project.items():
            starts = [key.start_us for key in wanted]
            parameters: dict[str, Any] = {
                "team": team,
                "project": project,
                "first": min(starts),
                "last": max(starts),
                "traces": [key.trace.trace_id.hex() for key in wanted],
                "spans": [key.span_id.hex() for key in wanted],
            }
            tables.append(self._clickhouse.read_now(_CURRENT_ROWS, parameters))
        return tables

    def priced_rows(self, team_id: str, project_id: str, first_us: int, last_us: int, limit: int) -> pa.Table:
        """What prices depend on, of at most `limit` spans that start in this range, in order of start."""
        return self._clickhouse.read_now(
            _PRICED_ROWS.format(columns=", ".join(PRICE_COLUMNS)),
            {"team": team_id, "project": project_id, "first": first_us, "last": last_us, "limit": limit},
        )


def restatement(current: pa.Table, changed: dict[str, pa.Array]) -> pa.Table:
    """Two rows for every row of `current`: its reversal, and the row with `changed` columns.

    Both stand in one block, so that no reader sees one without the other. They keep the row's `ingested_at`:
    it is when the span arrived, and lists that are being paged through stand on it (spans/cursor.py).
    """
    count = current.num_rows
    reversal = _with(current, {"sign": pa.array(np.full(count, -1, np.int8))})
    restated = _with(
        current,
        {
            "sign": pa.array(np.ones(count, np.int8)),
            "revision": pc.add(current["revision"], pa.scalar(1, pa.uint32())),
            **changed,
        },
    )
    return pa.concat_tables([reversal, restated])


def joined(blocks: Sequence[pa.Table]) -> pa.Table:
    """Several blocks as one, in the column types of the first; an insert of one block is atomic."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    alike = [first, *(block.select(first.column_names).cast(first.schema) for block in blocks[1:])]
    return pa.concat_tables(alike).unify_dictionaries().combine_chunks()


def _with(table: pa.Table, columns: dict[str, Any]) -> pa.Table:
    return pa.table({name: columns.get(name, table[name]) for name in table.column_names})


def _by_project(items: Iterable[tuple[str, str, bytes]]) -> dict[tuple[str, str], list[bytes]]:
    grouped: dict[tuple[str, str], list[bytes]] = {}
    for team, project, trace_id in items:
        grouped.setdefault((team, project), []).append(trace_id)
    return grouped


def _microseconds(scalar: pa.Scalar) -> int:
    return int(scalar.cast(pa.int64()).as_py())


def stretches(starts_us: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges that hold all of these moments, split where nothing lies for an hour."""
    ordered = sorted(starts_us)
    cuts = [index for index, (before, after) in enumerate(pairwise(ordered), 1) if after - before > _GAP_US]
    edges = [0, *cuts, len(ordered)]
    return [(ordered[first], ordered[last - 1]) for first, last in pairwise(edges)]


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same moments in ranges that do not overlap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
