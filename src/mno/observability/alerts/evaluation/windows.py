"""From which table each part of a window is read, so that the sum is exact and few rows are read. Pure rules.

A window ends now and begins a whole number of minutes before. Its first part of a minute and its newest minute or
two are read from single spans, whole minutes between from the minute rollup, whole hours from that of hours where
it knows the dimensions asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mno.observability.costs.question import HOUR_US, MINUTE_US, Table
from mno.platform.time_range import microseconds

#: The rollups know of a span a second after it can be queried: minutes that ended later than this are read from spans.
ROLLUP_WAIT_S = 5
#: Spans may be dated ahead of our clock by so much.
AHEAD_S = 300
#: From this length on, hours are worth their own part.
HOURS_FROM_S = 3 * 3600

#: Microseconds since the epoch, without the end.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """The parts of one window by table."""

    parts: tuple[tuple[Table, tuple[Range, ...]], ...]

    def of(self, table: Table) -> tuple[Range, ...]:
        return dict(self.parts).get(table, ())


def cut(window_s: int, now: datetime, *, hours: bool) -> Cut:
    """The window of so many seconds that ends now."""
    start = microseconds(now - timedelta(seconds=window_s))
    end = microseconds(now + timedelta(seconds=AHEAD_S))
    settled = microseconds(now - timedelta(seconds=ROLLUP_WAIT_S)) // MINUTE_US * MINUTE_US
    first = -(-start // MINUTE_US) * MINUTE_US
    if first >= settled:
        return Cut(((Table.SPANS, ((start, end),)),))
    spans = _some((start, first), (settled, end))
    first_hour, last_hour = -(-first // HOUR_US) * HOUR_US, settled // HOUR_US * HOUR_US
    if not hours or first_hour >= last_hour:
        return Cut(((Table.SPANS, spans), (Table.MINUTE, ((first, settled),))))
    minutes = _some((first, first_hour), (last_hour, settled))
    parts = ((Table.SPANS, spans), (Table.MINUTE, minutes), (Table.HOUR, ((first_hour, last_hour),)))
    return Cut(tuple((table, ranges) for table, ranges in parts if ranges))


def _some(*ranges: Range) -> tuple[Range, ...]:
    return tuple(one for one in ranges if one[0] < one[1])
