"""A list of traces as a file: CSV for a spreadsheet, Parquet for a data frame."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from mno.observability.spans.schemas import TraceRow

#: A cell that begins so is run as a formula by spreadsheets; source: OWASP, "CSV Injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_TYPES = pa.schema(
    [
        ("trace_id", pa.string()),
        ("name", pa.string()),
        ("start_time", pa.timestamp("us", "UTC")),
        ("duration_ms", pa.float64()),
        ("spans", pa.int64()),
        ("errors", pa.int64()),
        ("calls", pa.int64()),
        ("unpriced_calls", pa.int64()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cost", pa.decimal128(38, 9)),
        ("models", pa.list_(pa.string())),
        ("user", pa.string()),
        ("session", pa.string()),
        ("agent", pa.string()),
        ("environment", pa.string()),
        ("service", pa.string()),
    ]
)


def traces_csv(rows: Sequence[TraceRow]) -> bytes:
    """UTF-8 with a header line; models are joined by `;`, and text that a spreadsheet would run gets a `'`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_TYPES.names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in _TYPES.names])
    return text.getvalue().encode()


def traces_parquet(rows: Sequence[TraceRow]) -> bytes:
    """One column a field, with its real type; times are UTC, cost is a decimal of USD."""
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in _TYPES.names}
    columns["cost"] = [Decimal(cost) for cost in columns["cost"]]
    columns["start_time"] = [datetime.fromisoformat(time) for time in columns["start_time"]]
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_TYPES), buffer, compression="zstd")
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
