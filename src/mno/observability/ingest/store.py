"""The tables of logs and metrics, as their writer sees them (signal_writer.py); everything blocks."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from mno.platform.clickhouse import ClickHouse

#: Ids in one question; more would make a query that the engine does not parse.
_IDS_AT_ONCE = 2_000

_KNOWN = """
SELECT toUnixTimestamp64Micro(time) AS us, id FROM otel_logs
WHERE team_id = {team:String} AND project_id = {project:String}
  AND time BETWEEN fromUnixTimestamp64Micro({first:Int64}) AND fromUnixTimestamp64Micro({last:Int64})
  AND id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
"""

#: When and which: two lines are the same when both are.
LineKey = tuple[int, bytes]


class SignalStore:
    """Used by the one store thread."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    def insert(self, table: str, rows: pa.Table) -> None:
        """One block, which is on the disk when this returns (migration 0005). `Invalid`, `Unavailable`."""
        self._clickhouse.insert(table, rows)

    def known(self, team_id: str, project_id: str, keys: Sequence[LineKey]) -> set[LineKey]:
        """Those of the log lines that the store has already; moments in microseconds since 1970."""
        found: set[LineKey] = set()
        for part in _parts(sorted(keys)):
            parameters = {
                "team": team_id,
                "project": project_id,
                "first": part[0][0],
                "last": part[-1][0],
                "ids": [id_.hex() for _, id_ in part],
            }
            rows = self._clickhouse.read_now(_KNOWN, parameters).to_pylist()
            found |= {(row["us"], row["id"]) for row in rows}
        return found


def _parts(keys: list[LineKey]) -> Iterator[list[LineKey]]:
    for start in range(0, len(keys), _IDS_AT_ONCE):
        yield keys[start : start + _IDS_AT_ONCE]
