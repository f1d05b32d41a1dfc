"""What a reader asks of logs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mno.observability.ingest.severity import LogLevel
from mno.platform.errors import Invalid

#: Names and values that one question may carry.
MAX_LOG_FILTER_VALUES = 100
#: The free text of a search.
MAX_SEARCH_CHARACTERS = 500
_ATTRIBUTE = "attr:"


class Surroundings(StrEnum):
    """Which lines surround a hit: all of the project, or those that share something with it."""

    ALL = "all"
    SERVICE = "service"
    TOPIC = "topic"
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """An empty field asks nothing; values of one field are alternatives, and all fields must hold.

    `level` means it and everything graver. `attributes` are (name, accepted values). `text` is looked for in bodies,
    topics and attributes, whatever its case.
    """

    level: LogLevel | None = None
    trace_id: bytes = b""
    span_id: bytes = b""
    topics: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        values = (self.topics, self.services, self.agents, *(accepted for _, accepted in self.attributes))
        if sum(map(len, values)) > MAX_LOG_FILTER_VALUES:
            raise Invalid(f"A question may carry at most {MAX_LOG_FILTER_VALUES} filter values.")
        if len(self.text) > MAX_SEARCH_CHARACTERS:
            raise Invalid(f"The search text may have at most {MAX_SEARCH_CHARACTERS} characters.")


def attribute_filters(parameters: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`attr:region=eu&attr:region=us` from a query string, as (name, accepted values)."""
    accepted: dict[str, list[str]] = {}
    for name, value in parameters:
        if name.startswith(_ATTRIBUTE):
            accepted.setdefault(name.removeprefix(_ATTRIBUTE), []).append(value)
    return tuple((name, tuple(values)) for name, values in sorted(accepted.items()))


def hex_id(text: str, digits: int, what: str) -> bytes:
    """An id from its hexadecimal digits; empty for no text, `Invalid` for anything else."""
    if not text:
        return b""
    try:
        found = bytes.fromhex(text) if len(text) == digits else b""
    except ValueError:
        found = b""
    if not found:
        raise Invalid(f"The {what} id is '{text[:60]}', which is not {digits} hexadecimal digits.")
    return found


def histogram_step_s(span_us: int, max_bars: int) -> int:
    """Seconds of one bar: a range of `span_us` microseconds has at most `max_bars` of them, and one for its edge."""
    wanted = span_us / 1_000_000 / max_bars
    return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])


_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS_S = (
    1, 2, 5, 10, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 365 * _DAY,
    3650 * _DAY,
)  # fmt: skip
