"""A window is cut into parts that meet and never overlap, whatever the moment, without any clock on a wall."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.alerts.evaluation.windows import AHEAD_S, ROLLUP_WAIT_S, cut
from mno.observability.costs.question import HOUR_US, MINUTE_US, Table
from mno.platform.time_range import microseconds

_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 365 * 86_400 * 10**6).map(lambda after_us: _YEAR + timedelta(microseconds=after_us))


@given(moments, st.integers(1, 24 * 60), st.booleans())
def test_the_parts_of_a_window_are_the_window(now: datetime, minutes: int, hours: bool) -> None:
    found = cut(minutes * 60, now, hours=hours)
    parts = sorted(one for _, ranges in found.parts for one in ranges)
    assert parts[0][0] == microseconds(now - timedelta(minutes=minutes))
    assert parts[-1][1] == microseconds(now + timedelta(seconds=AHEAD_S))
    assert all(one[1] == other[0] for one, other in pairwise(parts))


@given(moments, st.integers(1, 24 * 60))
def test_rollups_are_read_by_whole_units_and_only_when_they_know(now: datetime, minutes: int) -> None:
    found = cut(minutes * 60, now, hours=True)
    known = microseconds(now - timedelta(seconds=ROLLUP_WAIT_S))
    for table, length in ((Table.MINUTE, MINUTE_US), (Table.HOUR, HOUR_US)):
        for start, end in found.of(table):
            assert start % length == end % length == 0
            assert end <= known
    spans = sum(end - start for start, end in found.of(Table.SPANS))
    assert spans <= 3 * MINUTE_US + (AHEAD_S + ROLLUP_WAIT_S) * 1_000_000


def test_long_windows_read_hours_where_they_may() -> None:
    now = datetime(2026, 11, 1, 12, 30, 20, tzinfo=UTC)
    assert cut(86_400, now, hours=True).of(Table.HOUR)
    assert not cut(86_400, now, hours=False).of(Table.HOUR)
    assert not cut(60, now, hours=True).of(Table.MINUTE)
