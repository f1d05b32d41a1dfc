"""Days as people call them, in their time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.costs.days import Days, range_of

TAIPEI = ZoneInfo("Asia/Taipei")
NOW = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)  # the second of March there


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        (Days.TODAY, "2026-03-01T16:00", "2026-03-01T20:30"),
        (Days.YESTERDAY, "2026-02-28T16:00", "2026-03-01T16:00"),
        (Days.LAST_7_DAYS, "2026-02-22T16:00", "2026-03-01T16:00"),
        (Days.THIS_MONTH, "2026-02-28T16:00", "2026-03-01T20:30"),
        (Days.LAST_MONTH, "2026-01-31T16:00", "2026-02-28T16:00"),
    ],
)
def test_days_begin_at_midnight_of_the_team(days: Days, start: str, end: str) -> None:
    found = range_of(days, TAIPEI, NOW)
    assert (f"{found.start:%Y-%m-%dT%H:%M}", f"{found.end:%Y-%m-%dT%H:%M}") == (start, end)


@given(
    st.sampled_from(Days),
    st.sampled_from(["UTC", "Asia/Taipei", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 10**9),
)
def test_a_range_is_never_empty_and_yesterday_ends_where_today_begins(days: Days, zone: str, seconds: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    found = range_of(days, ZoneInfo(zone), now)
    assert found.start < found.end <= now + timedelta(microseconds=1)
    assert range_of(Days.YESTERDAY, ZoneInfo(zone), now).end == range_of(Days.TODAY, ZoneInfo(zone), now).start
