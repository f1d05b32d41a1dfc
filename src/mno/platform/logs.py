"""Logs of the program itself: one line an event on standard error, as text or JSON, without secrets."""

import json
import logging
import re
import sys

_SECRET = re.compile(
    r"(mno[rt]?_[A-Za-z0-9]{4})[A-Za-z0-9_-]{8,}|((?:token|password|authorization)[=:]\s*)\S+", re.IGNORECASE
)


def without_secrets(text: str) -> str:
    """The text with keys, tokens and passwords cut off."""
    return _SECRET.sub(lambda match: f"{match[1] or match[2]}…", text)


def configure(level: str, form: str) -> None:
    """Sends every logger's lines to standard error; `form` is `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for quiet in (
        "apprise",
        "uvicorn.access",
        "uvicorn.error",
        "httpx",
        "httpx2",
        "httpcore",
        "psycopg.pool",
        "procrastinate",
        "clickhouse_connect",
    ):
        logging.getLogger(quiet).setLevel(max(logging.WARNING, root.level))


#: Whoever can put an end of a line into a message could else write lines of their own.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))} | {0x2028: " ", 0x2029: " "}


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name for it
        return super().formatMessage(record).translate(_CONTROLS)

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
