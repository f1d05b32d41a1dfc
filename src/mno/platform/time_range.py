"""The time range of a question: `from` and `to` as people write them, resolved once to two instants.

RFC 3339, or relative to the present: `now`, `-15m`, `-24h`, `-30d`. The range contains its start and not its end.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mno.platform.errors import Invalid

DEFAULT_FROM = "-24h"
DEFAULT_TO = "now"
#: What the engine's DateTime64 holds; a range outside is cut to it.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2261, 12, 31, tzinfo=UTC)

_RELATIVE = re.compile(r"-([0-9]{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """`start` belongs to the range, `end` does not; both are UTC."""

    start: datetime
    end: datetime

    @property
    def start_us(self) -> int:
        return microseconds(self.start)

    @property
    def end_us(self) -> int:
        return microseconds(self.end)


def parsed_range(start: str, end: str, now: datetime) -> TimeRange:
    """The range between two texts; `Invalid` when one is no time or the range is empty or reversed."""
    parsed = TimeRange(parsed_time(start, now, name="from"), parsed_time(end, now, name="to"))
    if parsed.start >= parsed.end:
        raise Invalid(f"'from' ({shown(parsed.start)}) must be earlier than 'to' ({shown(parsed.end)}).")
    return parsed


def parsed_time(text: str, now: datetime, *, name: str = "time") -> datetime:
    """One instant in UTC; a time without an offset is read as UTC. `Invalid` when it is not a time."""
    text = text.strip()
    if text == "now":
        return now
    if relative := _RELATIVE.fullmatch(text):
        return _before(now, int(relative[1]), _UNITS[relative[2]])
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            f"'{name}' is '{text[:60]}', which is no time. "
            "Write RFC 3339 (2026-11-21T08:00:00Z), or now, -15m, -24h, -30d."
        ) from None
    return min(max(moment, EARLIEST), LATEST)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since the Unix epoch."""
    return (moment - EARLIEST) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """The instant that many microseconds after the Unix epoch."""
    return EARLIEST + timedelta(microseconds=value)


def shown(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _before(now: datetime, count: int, unit: str) -> datetime:
    try:
        return max(now - timedelta(**{unit: count}), EARLIEST)
    except OverflowError:
        return EARLIEST
