"""Wire shapes of logs. Times are RFC 3339 in UTC."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class LogRecord(BaseModel):
    """One log line as it is sent. It describes the request; `native.py` reads it, line by line, so that one bad line
    does not cost the others.
    """

    model_config = ConfigDict(extra="forbid")

    body: Any = Field("", description="What is said: text, or any JSON.")
    time: datetime | None = Field(None, description="RFC 3339; now where it is left out.")
    level: str | int = Field("info", description="trace, debug, info, warn, error, fatal, a logger's name, or 1 to 24.")
    topic: str = Field("", description="What the line is about, such as billing or tools.search.")
    attributes: dict[str, Any] = Field(default_factory=dict)
    trace_id: str = Field("", description="32 hexadecimal digits.")
    span_id: str = Field("", description="16 hexadecimal digits.")
    service: str = ""
    agent: str = ""
    event_name: str = ""
    id: str = Field("", description="Makes sending again safe; needs `time`.")


def records_body() -> dict[str, Any]:
    """The request body of publishing, for the OpenAPI description."""
    record = LogRecord.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "array", "items": record}},
                "application/x-ndjson": {"schema": record},
            },
        }
    }


class RejectedLogLine(BaseModel):
    """One line that was not taken."""

    index: int = Field(description="Its place in the request, from 0.")
    reason: str


class LogsReceipt(BaseModel):
    """What became of published lines. A line sent again with the same `id` and time is accepted and kept once."""

    accepted: int
    rejected: list[RejectedLogLine]


LevelName = Literal["trace", "debug", "info", "warn", "error", "fatal", "none"]


class LogLine(BaseModel):
    """One line. `cut`: body or attributes are longer than lists show; ask for the line itself."""

    id: str
    time: str
    ingested_at: str
    level: LevelName
    severity: str
    topic: str
    service: str
    scope: str
    agent: str
    event_name: str
    trace_id: str | None
    span_id: str | None
    body: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    api_key_id: str
    cut: bool


class LogPage(BaseModel):
    """Lines of a list, newest first; or, asked with `after`, what arrived since, oldest first.

    `next_cursor` leads to older lines and is null at the end and with `after`. `tail` is the `after` of what arrives
    later; `more` says that some of it has arrived already.
    """

    items: list[LogLine]
    next_cursor: str | None
    tail: str
    more: bool


class LogClass(BaseModel):
    name: str
    lines: int


class LogBar(BaseModel):
    """One step of the histogram: its start, and lines by level."""

    time: str
    levels: dict[LevelName, int]


class LogSummary(BaseModel):
    """Counts of the lines that a filter finds. Topics and services: the most frequent ones."""

    total: int
    levels: dict[LevelName, int]
    topics: list[LogClass]
    services: list[LogClass]
    step_s: int
    histogram: list[LogBar]


class LogSurroundings(BaseModel):
    """A line, whole, between those before and after it, all oldest first."""

    before: list[LogLine]
    line: LogLine
    after: list[LogLine]


class StreamedLogs(BaseModel):
    """One event `logs` of the live stream; the event's id is the cursor behind its last line."""

    items: list[LogLine]
