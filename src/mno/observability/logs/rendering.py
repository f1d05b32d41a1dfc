"""Rows of `otel_logs` as the shapes that people are shown."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from mno.observability.ingest.severity import LogLevel, level_of
from mno.observability.logs.cursor import Place, line_text
from mno.observability.logs.queries import Bar
from mno.observability.logs.schemas import LevelName, LogBar, LogLine
from mno.platform.time_range import from_microseconds, shown

LEVEL_NAMES: tuple[LevelName, ...] = ("none", *(level.value for level in LogLevel))


def line_of(row: Mapping[str, Any]) -> LogLine:
    level = level_of(row["severity_number"])
    return LogLine(
        id=line_text(Place(row["us"], row["id"])),
        time=shown(from_microseconds(row["us"])),
        ingested_at=shown(from_microseconds(row["arrived_us"])),
        level=level.value if level else "none",
        severity=row["severity"],
        topic=row["topic"],
        service=row["service"],
        scope=row["scope"],
        agent=row["agent"],
        event_name=row["event_name"],
        trace_id=_id(row["trace_id"]),
        span_id=_id(row["span_id"]),
        body=row["shown_body"],
        attributes=_object(row["shown_attributes"]),
        resource=_object(row["resource"]),
        api_key_id=row["api_key_id"],
        cut=bool(row["cut"]),
    )


def histogram_of(bars: Iterable[Bar], from_us: int, to_us: int, step_s: int) -> list[LogBar]:
    """Every step of the range, also those without a line."""
    step_us = step_s * 1_000_000
    counts: dict[int, dict[LevelName, int]] = {}
    for bar in bars:
        counts.setdefault(bar.us, {})[LEVEL_NAMES[bar.level]] = bar.lines
    first = from_us // step_us * step_us
    return [LogBar(time=shown(from_microseconds(us)), levels=counts.get(us, {})) for us in range(first, to_us, step_us)]


def totals_of(bars: Iterable[Bar]) -> dict[LevelName, int]:
    totals: dict[LevelName, int] = dict.fromkeys(LEVEL_NAMES, 0)
    for bar in bars:
        totals[LEVEL_NAMES[bar.level]] += bar.lines
    return totals


def _id(value: bytes) -> str | None:
    return value.hex() if any(value) else None


def _object(text: str) -> dict[str, Any]:
    """Redaction may leave text that is no JSON any more; it is shown as it is."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return {"": text}
    return value if type(value) is dict else {"": value}
