"""From which table each part of a window is read, so that the sum is exact and few rows are read. Pure rules.

A window ends now and begins a whole number of minutes before. Its first part of a minute and its newest minute or
two are read from single spans, whole minutes between from the minute rollup, whole hours from that of hours where
it knows the dimensions asked for.

Long windows are not read anew at every look: their older part, the base, is remembered for a sixtieth of the window,
and a look reads what came since. So they hold up to a sixtieth more than their length, as rolling budgets do. A span is
dated by its beginning and arrives after its end, so the base ends some minutes back.
"""

from datetime import datetime, timedelta

from mno.observability.costs.question import HOUR_US, MINUTE_US, Table
from mno.platform.time_range import microseconds

#: The rollups know of a span a second after it can be queried: minutes that ended later than this are read from spans.
ROLLUP_WAIT_S = 5
#: Spans may be dated ahead of our clock by so much.
AHEAD_S = 300
#: Up to this length a window is read whole at every look.
EXACT_WINDOW_S = 600
#: How far back a base ends: what arrives no later than this after its beginning is in the next look.
BASE_WAIT_S = 300
#: From this length on, hours are worth their own part.
HOURS_FROM_S = 3 * 3600
#: A base is remembered for this part of its window, and for so many seconds at least.
_BASE_PART, _BASE_LEAST_S = 60, 10

#: Microseconds since the epoch, without the end.
Range = tuple[int, int]
#: What is read from each table.
Cut = dict[Table, tuple[Range, ...]]


def settled_us(now: datetime) -> int:
    """The whole minute up to which the rollups know everything that can be queried."""
    return microseconds(now - timedelta(seconds=ROLLUP_WAIT_S)) // MINUTE_US * MINUTE_US


def start_us(window_s: int, now: datetime) -> int:
    return microseconds(now - timedelta(seconds=window_s))


def whole(window_s: int, now: datetime) -> Cut:
    """The window of so many seconds that ends now."""
    start, end, settled = start_us(window_s, now), _end_us(now), settled_us(now)
    first = _up(start, MINUTE_US)
    if first >= settled:
        return {Table.SPANS: ((start, end),)}
    return {Table.SPANS: _some((start, first), (settled, end)), Table.MINUTE: ((first, settled),)}


def base_end_us(now: datetime) -> int:
    """Where a base ends that is read now."""
    return settled_us(now) - BASE_WAIT_S * 10**6


def base(window_s: int, now: datetime, *, hours: bool) -> Cut:
    """The older part of a long window."""
    start, end = start_us(window_s, now), base_end_us(now)
    first = _up(start, MINUTE_US)
    first_hour, last_hour = _up(first, HOUR_US), end // HOUR_US * HOUR_US
    spans = _some((start, first))
    if not hours or first_hour >= last_hour:
        return {Table.SPANS: spans, Table.MINUTE: _some((first, end))}
    minutes = _some((first, first_hour), (last_hour, end))
    return {Table.SPANS: spans, Table.MINUTE: minutes, Table.HOUR: ((first_hour, last_hour),)}


def since(base_end_us: int, now: datetime) -> Cut:
    """What came after a base."""
    settled = settled_us(now)
    return {Table.SPANS: ((settled, _end_us(now)),), Table.MINUTE: _some((base_end_us, settled))}


def base_lifetime_us(window_s: int) -> int:
    """How long a base of such a window is remembered."""
    return max(window_s * 10**6 // _BASE_PART, _BASE_LEAST_S * 10**6)


def _end_us(now: datetime) -> int:
    return microseconds(now + timedelta(seconds=AHEAD_S))


def _up(moment: int, length: int) -> int:
    return -(-moment // length) * length


def _some(*ranges: Range) -> tuple[Range, ...]:
    return tuple(one for one in ranges if one[0] < one[1])
