"""A usage summary as a file: CSV for a spreadsheet, Parquet for a data frame."""

import csv
import io
from typing import Any

import orjson

from mno.observability.costs.usage import Summary, rows_of
from mno.platform import money
from mno.platform.time_range import shown

#: A cell that begins so is run as a formula by spreadsheets; source: OWASP, "CSV Injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def summary_json(summary: Summary) -> bytes:
    """The JSON of a `UsageSummary`."""
    rate = summary.rate
    window = summary.question.window
    return orjson.dumps(
        {
            "currency": summary.currency,
            "rate": f"{rate.rate.normalize():f}" if rate else None,
            "rate_date": rate.dated.isoformat() if rate else None,
            "from": shown(window.start),
            "to": shown(window.end),
            "interval": str(summary.question.interval),
            "unpriced_calls": summary.unpriced_calls,
            "truncated": summary.truncated,
            "rows": rows_of(summary.table, amount=money.shown, moment=_second),
        }
    )


def summary_csv(summary: Summary) -> bytes:
    """UTF-8 with a header line; text that a spreadsheet would run as a formula gets a `'` before it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*summary.table.column_names, "currency"])
    for row in rows_of(summary.table, amount=money.shown, moment=_second):
        writer.writerow([*map(_cell, row.values()), summary.currency])
    return text.getvalue().encode()


def summary_parquet(summary: Summary) -> bytes:
    """One column a field, with its real type; the currency stands in the file's metadata."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    named = summary.table.replace_schema_metadata({"currency": summary.currency})
    pq.write_table(named, buffer, compression="zstd")
    return buffer.getvalue()


def _second(moment: Any) -> str:
    """A bucket's start: whole seconds, so no fraction."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
