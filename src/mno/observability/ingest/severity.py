"""The level of a log line: OpenTelemetry's severity numbers and the names that loggers give them.

Source: OpenTelemetry, "Logs Data Model", sections "Field: SeverityNumber" and "Mapping of SeverityNumber". Numbers go
from 1 to 24, four for each level; 0 says nothing.
"""

from enum import StrEnum


class LogLevel(StrEnum):
    """From the least grave to the gravest."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"

    @property
    def floor(self) -> int:
        """The lowest severity number of the level."""
        return _LEVELS.index(self) * 4 + 1


_LEVELS = tuple(LogLevel)
_HIGHEST = 24
#: What loggers of the common languages and syslog call it, where that is no level's own name.
_SYNONYMS = {
    "verbose": 1,
    "fine": 5,
    "information": 9,
    "informational": 9,
    "notice": 10,
    "warning": 13,
    "err": 17,
    "severe": 17,
    "exception": 17,
    "critical": 21,
    "crit": 21,
    "alert": 22,
    "emergency": 23,
    "emerg": 23,
    "panic": 23,
}
_NUMBERS = {level.value: level.floor for level in _LEVELS} | _SYNONYMS


def number_of(name: str) -> int:
    """The severity number of a level's name in any case; 0 for a name that is none."""
    return _NUMBERS.get(name.strip().lower(), 0)


def level_of(number: int) -> LogLevel | None:
    """The level to which a severity number belongs; None where it says nothing."""
    return _LEVELS[(number - 1) // 4] if 1 <= number <= _HIGHEST else None
