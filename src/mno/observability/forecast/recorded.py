"""Reads recorded hourly series out of a CSV file, to backtest on what really happened.

The first line names the columns: `timestamp` (RFC 3339; without an offset it is UTC), `value`, and perhaps `scope`
where several series stand in one file. Rows may come in any order; those of the same hour and scope add up, and an
hour without a row is 0.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mno.observability.forecast.model import HOUR, Series
from mno.platform.errors import Invalid

#: Hours between a series' first and last row: ten years.
MAX_SERIES_HOURS = 87_840
#: Different scopes in one file.
MAX_CSV_SCOPES = 10_000


def read_csv(file: Path) -> list[Series]:
    """The series of a file by the name of their scope; `Invalid` says in which line it cannot be read."""
    sums: dict[str, dict[int, float]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"timestamp", "value"} <= set(rows.fieldnames or ()):
            raise Invalid(f"{file.name} needs the columns timestamp and value in its first line, and perhaps scope.")
        for row in rows:
            hour, value = _read(row, rows.line_num)
            of_scope = sums.setdefault(row.get("scope") or file.stem, {})
            of_scope[hour] = of_scope.get(hour, 0.0) + value
            if len(sums) > MAX_CSV_SCOPES:
                raise Invalid(f"{file.name} has more than {MAX_CSV_SCOPES} scopes.")
    if not sums:
        raise Invalid(f"{file.name} has no rows.")
    return [_series(name, of_scope) for name, of_scope in sorted(sums.items())]


def _read(row: dict[str, str], line: int) -> tuple[int, float]:
    try:
        moment = datetime.fromisoformat(row["timestamp"].strip())
        value = float(row["value"])
    except (ValueError, AttributeError, TypeError):
        raise Invalid(f"Line {line} has no time and number: {row.get('timestamp')}, {row.get('value')}.") from None
    if not np.isfinite(value) or value < 0:
        raise Invalid(f"Line {line}: {row['value']} is no amount.")
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp()) // HOUR, value


def _series(name: str, sums: dict[int, float]) -> Series:
    first, last = min(sums), max(sums)
    if last - first >= MAX_SERIES_HOURS:
        raise Invalid(f"'{name[:60]}' reaches over more than {MAX_SERIES_HOURS} hours.")
    values = np.zeros(last - first + 1)
    for hour, value in sums.items():
        values[hour - first] = value
    return Series(name, datetime.fromtimestamp(first * HOUR, UTC), values)
