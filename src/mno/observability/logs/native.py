"""Log lines of the native API, for callers without OpenTelemetry: one JSON object a line.

As strict as token events (ingest/native.py): its author reads our documentation, so a field that we do not know is a
typing error more likely than an extension.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from mno.observability.ingest.attributes import shortened
from mno.observability.ingest.messages import as_text, dumped
from mno.observability.ingest.model import MAX_ATTRIBUTES_PER_SPAN, Refused, Rejection
from mno.observability.ingest.native import moment_of, text_of
from mno.observability.ingest.otlp_json import identity
from mno.observability.ingest.plausibility import check_times
from mno.observability.ingest.severity import LogLevel, level_of, number_of
from mno.observability.ingest.signals import LOGS_SCHEMA, line_id, table_of
from mno.observability.spans.model import Owner
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid, TooLarge

#: Log lines in one request of the native API.
MAX_LINES_PER_REQUEST = 10_000
#: A line whose body or attributes, as JSON text, are longer is refused.
MAX_LINE_CHARACTERS = 256 * 1024

_FIELDS = frozenset(
    {"time", "level", "topic", "body", "attributes", "trace_id", "span_id", "service", "agent", "event_name", "id"}
)


@dataclass(frozen=True, slots=True)
class Published:
    """Lines as rows of `otel_logs`, and what was refused of the others."""

    rows: pa.Table
    rejections: list[Rejection]


def rows_of(records: Iterable[Any], owner: Owner) -> Published:
    """The lines of one request; `TooLarge` beyond MAX_LINES_PER_REQUEST. A line that breaks a rule is a rejection."""
    now = now_ns()
    rows: list[dict[str, Any]] = []
    rejections: list[Rejection] = []
    for index, record in enumerate(records):
        if index >= MAX_LINES_PER_REQUEST:
            raise TooLarge(f"The request holds more than {MAX_LINES_PER_REQUEST:,} log lines.")
        try:
            rows.append(_row_of(record, owner.project_id, now))
        except Invalid as refusal:
            rejections.append(Rejection(index, "", str(refusal)))
    return Published(table_of(rows, LOGS_SCHEMA, owner, now), rejections)


def _row_of(record: Any, project_id: str, now: int) -> dict[str, Any]:
    if isinstance(record, Invalid):
        raise record
    if type(record) is not dict:
        raise Refused("the line is not a JSON object")
    if unknown := sorted(set(record) - _FIELDS):
        raise Refused(f"unknown field '{unknown[0][:80]}'; known are {', '.join(sorted(_FIELDS))}")
    key = text_of(record, "id")
    if key and record.get("time") is None:
        raise Refused("a line with an id needs a time, so that a retry is recognised as the same")
    time_ns = moment_of(record, now)
    check_times(time_ns, time_ns, now)
    severity, number = _severity(record)
    return {
        "id": line_id(project_id, key),
        "time": time_ns // 1000,
        "observed_time": now // 1000,
        "trace_id": _id(record, "trace_id", 16),
        "span_id": _id(record, "span_id", 8),
        "severity_number": number,
        "severity": severity,
        "topic": text_of(record, "topic"),
        "event_name": text_of(record, "event_name"),
        "service": text_of(record, "service"),
        "scope": "",
        "agent": text_of(record, "agent"),
        "body": _within("" if record.get("body") is None else as_text(record["body"]), "body"),
        "attributes": _attributes(record.get("attributes")),
        "resource": "{}",
    }


def _severity(record: dict[str, Any]) -> tuple[str, int]:
    """The level as its sender wrote it, and its number: `info` where none is given."""
    written = record.get("level")
    if written is None:
        return LogLevel.INFO, LogLevel.INFO.floor
    if type(written) is int and (level := level_of(written)):
        return level, written
    number = number_of(written) if type(written) is str else 0
    if number == 0:
        raise Refused(f"level is {written!r:.40}, not one of {', '.join(LogLevel)}, nor a number from 1 to 24")
    return str(written), number


def _id(record: dict[str, Any], name: str, length: int) -> bytes:
    found = identity(record.get(name), name)
    if found and len(found) != length:
        raise Refused(f"its {name} has {len(found) * 2} hexadecimal digits, not {length * 2}")
    return found or bytes(length)


def _attributes(value: Any) -> str:
    if value is None:
        return "{}"
    if type(value) is not dict:
        raise Refused("attributes are not an object of names and values")
    if len(value) > MAX_ATTRIBUTES_PER_SPAN:
        raise Refused(f"it has more than {MAX_ATTRIBUTES_PER_SPAN:,} attributes")
    return _within(dumped(shortened(value)), "attributes")


def _within(text: str, what: str) -> str:
    if len(text) > MAX_LINE_CHARACTERS:
        raise Refused(f"{what} is longer than {MAX_LINE_CHARACTERS:,} characters")
    return text
