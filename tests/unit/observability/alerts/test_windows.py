"""A window is cut into parts that meet and never overlap, whatever the moment, without any clock on a wall."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.alerts.evaluation.windows import (
    AHEAD_S,
    ROLLUP_WAIT_S,
    Cut,
    Range,
    base,
    base_end_us,
    since,
    whole,
)
from mno.observability.costs.question import HOUR_US, MINUTE_US, Table
from mno.platform.time_range import microseconds

_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 365 * 86_400 * 10**6).map(lambda after_us: _YEAR + timedelta(microseconds=after_us))
windows = st.integers(1, 24 * 60).map(lambda minutes: minutes * 60)


def parts(*cuts: Cut) -> list[Range]:
    return sorted(one for found in cuts for ranges in found.values() for one in ranges)


def meets(found: list[Range], start: datetime, now: datetime) -> bool:
    """Whether the parts are everything from `start` on, each moment once."""
    ends = found[0][0], found[-1][1]
    return ends == (microseconds(start), microseconds(now + timedelta(seconds=AHEAD_S))) and all(
        one[1] == other[0] for one, other in pairwise(found)
    )


@given(moments, windows)
def test_the_parts_of_a_window_are_the_window(now: datetime, window_s: int) -> None:
    assert meets(parts(whole(window_s, now)), now - timedelta(seconds=window_s), now)


@given(moments, st.integers(11, 24 * 60), st.integers(0, 1_440), st.booleans())
def test_a_base_and_what_came_since_are_the_window_from_the_base_on(
    now: datetime, minutes: int, later_s: int, hours: bool
) -> None:
    after = now + timedelta(seconds=later_s)
    found = parts(base(minutes * 60, now, hours=hours), since(base_end_us(now), after))
    assert meets(found, now - timedelta(minutes=minutes), after)


@given(moments, windows, st.booleans())
def test_rollups_are_read_by_whole_units_and_only_where_they_know(now: datetime, window_s: int, hours: bool) -> None:
    known = microseconds(now - timedelta(seconds=ROLLUP_WAIT_S))
    for found in (whole(window_s, now), base(max(window_s, 660), now, hours=hours)):
        for table, length in ((Table.MINUTE, MINUTE_US), (Table.HOUR, HOUR_US)):
            for start, end in found.get(table, ()):
                assert start % length == end % length == 0
                assert end <= known
        spans = sum(end - start for start, end in found[Table.SPANS])
        assert spans <= 3 * MINUTE_US + (AHEAD_S + ROLLUP_WAIT_S) * 1_000_000


def test_long_windows_read_hours_where_they_may() -> None:
    now = datetime(2026, 11, 1, 12, 30, 20, tzinfo=UTC)
    assert base(86_400, now, hours=True)[Table.HOUR]
    assert Table.HOUR not in base(86_400, now, hours=False)
