"""What a stopped hub left in its span store, read by a process of its own: `python stored.py FOLDER`.

The embedded engine cannot be opened twice in one process, and a test process may have its own open already.
Prints JSON: how often each span stands there, and by how many rows the rollups differ from a recount.
"""

import json
import sys
from pathlib import Path

from mno.observability.spans.recount import Recount
from mno.platform.clickhouse import ClickHouse


def main(folder: Path) -> None:
    clickhouse = ClickHouse(folder)
    clickhouse.open()
    try:
        spans = clickhouse.read_now("SELECT lower(hex(span_id)) AS id, sum(sign) AS rows FROM spans GROUP BY id")
        counted = clickhouse.read_now("SELECT sum(sign * counted) AS n FROM spans")["n"][0].as_py()
        ranges = clickhouse.read_now(
            "SELECT team_id, project_id, toUnixTimestamp64Micro(min(start_time)) AS first,"
            " toUnixTimestamp64Micro(max(start_time)) AS last FROM spans GROUP BY team_id, project_id"
        ).to_pylist()
        recount = Recount(clickhouse)
        differences = sum(
            recount.differences(owned["team_id"], owned["project_id"], owned["first"], owned["last"])
            for owned in ranges
        )
    finally:
        clickhouse.close()
    times = dict(zip(spans["id"].to_pylist(), spans["rows"].to_pylist(), strict=True))
    print(json.dumps({"times": times, "counted": counted, "differences": differences}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
