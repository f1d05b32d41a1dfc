"""The log as a file: CSV for a spreadsheet, JSON lines for programs; a part at a time, whatever its length."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from mno.audit.model import Entry
from mno.audit.wire import entry_json

#: A cell that begins so is run as a formula by spreadsheets; source: OWASP, "CSV Injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "time", "seq", "id", "actor_kind", "actor_id", "actor_name", "person", "action", "resource", "resource_name",
    "outcome", "times", "detail", "difference", "address", "user_agent", "trace_id", "erased", "hash",
)  # fmt: skip


def json_lines(entries: Sequence[Entry]) -> bytes:
    """One JSON object a line."""
    return b"".join(orjson.dumps(entry_json(entry), option=orjson.OPT_APPEND_NEWLINE) for entry in entries)


def csv_lines(entries: Sequence[Entry]) -> bytes:
    """Lines in the order of COLUMNS; text that a spreadsheet would run as a formula gets a `'` before it."""
    text = io.StringIO()
    writer = csv.writer(text)
    for entry in entries:
        fields = entry_json(entry)
        actor: dict[str, Any] = fields.pop("actor")
        difference = fields.pop("difference")
        fields |= {
            "actor_kind": actor["kind"],
            "actor_id": actor["id"],
            "actor_name": actor["name"],
            "person": actor["person"],
            "difference": orjson.dumps(difference).decode() if difference else "",
        }
        writer.writerow([_cell(fields[column]) for column in COLUMNS])
    return text.getvalue().encode()


def csv_header() -> bytes:
    return (",".join(COLUMNS) + "\r\n").encode()


async def streamed(
    first: bytes, batches: AsyncIterator[list[Entry]], lines: Callable[[Sequence[Entry]], bytes]
) -> AsyncIterator[bytes]:
    """The file's bytes as its entries are read."""
    if first:
        yield first
    async for batch in batches:
        yield lines(batch)


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
