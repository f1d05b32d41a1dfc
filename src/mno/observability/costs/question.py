"""What a reader asks of usage: a time range, how to divide it, by what to group, what to leave out.

Pure rules: reading a question from text, and deciding from which table each piece of its range is read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from mno.observability.spans.queries import Tenant
from mno.platform.errors import Invalid
from mno.platform.time_range import TimeRange, from_microseconds

#: Groups of one answer, unless the caller asks for another number of them.
DEFAULT_GROUPS = 1_000
#: The most groups that a caller may ask for.
MAX_GROUPS = 10_000
#: Rows of one answer: groups times intervals.
MAX_ROWS = 100_000
#: Names by which one question may group.
MAX_DIMENSIONS = 8
#: Values by which one question may filter.
MAX_FILTER_VALUES = 200
#: Intervals that one answer may hold: 31 days of minutes.
MAX_INTERVALS = 44_640

#: How a reader calls a dimension, and the column that holds it.
COLUMNS: Mapping[str, str] = {
    "provider": "provider",
    "model": "model",
    "project": "project_id",
    "user": "user_id",
    "session": "session_id",
    "agent": "agent",
    "api_key": "api_key_id",
    "environment": "environment",
}
#: Dimensions that only the minute rollup knows.
FINE_DIMENSIONS = frozenset({"session"})
TAG = "tag:"
_TIMEZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


class Interval(StrEnum):
    NONE = "none"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


_LENGTHS = {Interval.MINUTE: timedelta(minutes=1), Interval.HOUR: timedelta(hours=1), Interval.DAY: timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Values of one dimension are alternatives, different dimensions must all hold."""

    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(map(len, self.accepted.values())) > MAX_FILTER_VALUES:
            raise Invalid(f"A question may carry at most {MAX_FILTER_VALUES} filter values.")
        for name in self.accepted:
            checked_dimension(name)

    @classmethod
    def from_parameters(cls, parameters: Iterable[tuple[str, str]]) -> "UsageFilter":
        """Out of a query string: `model=a&model=b&tag:team=search`; other names are left alone."""
        accepted: dict[str, tuple[str, ...]] = {}
        for name, value in parameters:
            if (name in COLUMNS and name != "project") or name.startswith(TAG):
                accepted[name] = (*accepted.get(name, ()), value)
        return cls(accepted)


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    """One question. `dimensions` are names of COLUMNS or `tag:NAME`; days and hours are those of `timezone`.

    `limit` is the number of groups (not rows): those that cost most, each with all of its intervals.
    """

    tenant: Tenant
    window: TimeRange
    interval: Interval = Interval.NONE
    dimensions: tuple[str, ...] = ()
    asked: UsageFilter = field(default_factory=UsageFilter)
    timezone: str = "UTC"
    limit: int = DEFAULT_GROUPS
    #: Quantiles of the latency cost more than all sums together where there are thousands of groups.
    latency: bool = True

    def __post_init__(self) -> None:
        if len(self.dimensions) > MAX_DIMENSIONS:
            raise Invalid(f"A question may group by at most {MAX_DIMENSIONS} dimensions.")
        if len(set(self.dimensions)) < len(self.dimensions):
            raise Invalid("A question may group by a dimension only once.")
        for name in self.dimensions:
            checked_dimension(name)
        if not 1 <= self.limit <= MAX_GROUPS:
            raise Invalid(f"'limit' must be between 1 and {MAX_GROUPS}.")
        zone(self.timezone)
        length = _LENGTHS.get(self.interval)
        if length and (self.window.end - self.window.start) / length > MAX_INTERVALS:
            raise Invalid(
                f"The range holds more than {MAX_INTERVALS} intervals of one {self.interval}; "
                "choose a longer interval or a shorter range."
            )


def parsed_dimensions(text: str) -> tuple[str, ...]:
    """`provider,tag:team` as names; empty text is no dimension."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def checked_dimension(name: str) -> str:
    """The name itself; `Invalid` when there is no such dimension."""
    if name not in COLUMNS and not (name.startswith(TAG) and 0 < len(name) - len(TAG) <= 200):
        raise Invalid(f"'{name[:60]}' is no dimension; there are {', '.join(COLUMNS)} and tag:NAME.")
    return name


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; `Invalid` when there is none."""
    try:
        if _TIMEZONE.fullmatch(name):
            return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        pass
    raise Invalid(f"'{name[:64]}' is no time zone; write an IANA name such as Asia/Taipei.")


class Table(StrEnum):
    """Where figures are read, the coarser the faster."""

    SPANS = "spans"
    MINUTE = "usage_minute"
    #: An hour without users.
    HOUR = "usage_hour"
    #: A day in UTC, with users.
    DAY = "usage_day"


@dataclass(frozen=True, slots=True)
class Piece:
    """Parts of the range that are read from one table; microseconds, each with its start and without its end."""

    table: Table
    ranges: tuple[tuple[int, int], ...]


def pieces(question: UsageQuestion) -> list[Piece]:
    """The range cut so that the sum is exact: the longest whole units from the shortest rollup that knows
    enough, shorter units beside them, and single spans within the minutes at both ends.
    """
    found = []
    left: tuple[int, int] | None = (question.window.start_us, question.window.end_us)
    ladder = _ladder(question)
    for (table, _), (_, longer_us) in pairwise(ladder):
        assert left is not None
        inner = _whole(*left, longer_us)
        found.append(Piece(table, _around(*left, inner)))
        left = inner
        if left is None:
            break
    if left is not None:
        found.append(Piece(ladder[-1][0], (left,)))
    return [piece for piece in found if piece.ranges]


def _ladder(question: UsageQuestion) -> list[tuple[Table, int]]:
    """The tables to read, each with the length of its rows in microseconds, ever longer."""
    minutes = [(Table.SPANS, 1), (Table.MINUTE, MINUTE_US)]
    if needs_minutes(question):
        return minutes
    if "user" not in {*question.dimensions, *question.asked.accepted}:
        return [*minutes, (Table.HOUR, HOUR_US)]
    days_are_ours = question.interval is Interval.DAY and question.timezone == "UTC"
    return [*minutes, (Table.DAY, DAY_US)] if question.interval is Interval.NONE or days_are_ours else minutes


def needs_minutes(question: UsageQuestion) -> bool:
    """Whether no rollup of hours can answer: a finer interval, an unknown dimension, hours that begin at :30."""
    names = {*question.dimensions, *question.asked.accepted}
    if question.interval is Interval.MINUTE or names & FINE_DIMENSIONS or any(name.startswith(TAG) for name in names):
        return True
    return question.interval is not Interval.NONE and _has_odd_offset(zone(question.timezone), question.window)


def _has_odd_offset(timezone: ZoneInfo, window: TimeRange) -> bool:
    """Whether the zone's clock is off by part of an hour at either end of the range."""
    hour = timedelta(hours=1)
    return any((moment.astimezone(timezone).utcoffset() or hour) % hour for moment in (window.start, window.end))


def _whole(start: int, end: int, length: int) -> tuple[int, int] | None:
    first, last = -(-start // length) * length, end // length * length
    return (first, last) if first < last else None


def _around(start: int, end: int, inner: tuple[int, int] | None) -> tuple[tuple[int, int], ...]:
    if inner is None:
        return ((start, end),)
    return tuple(part for part in ((start, inner[0]), (inner[1], end)) if part[0] < part[1])


def widened(window: TimeRange, length_us: int) -> TimeRange:
    """The range widened to whole hours or days in UTC, for menus of values that need not be exact."""
    start = window.start_us // length_us * length_us
    end = -(-window.end_us // length_us) * length_us
    return TimeRange(from_microseconds(start), from_microseconds(end))


def dimension_columns(dimensions: Sequence[str]) -> list[str]:
    """SQL names for the dimensions of an answer: `d0`, `d1`, …"""
    return [f"d{number}" for number in range(len(dimensions))]
