"""Periods cover all time without gap or overlap, whatever the clock on the wall does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.budgets.model import MAX_ROLLING_S, ROLLING_PARTS, SHORTEST_ROLLING_S, Cycle, Period
from mno.observability.budgets.periods import EPOCH, part_s, window_at

#: Ordinary ones, half hours, a clock that moves by half an hour or by two, at midnight, and a day that was skipped.
ZONES = (
    "UTC",
    "Asia/Taipei",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Apia",
)
CALENDAR = (Cycle.HOUR, Cycle.DAY, Cycle.WEEK, Cycle.MONTH)
moments = st.datetimes(
    *map(datetime.fromisoformat, ("2005-01-01", "2036-01-01")),
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
periods = st.sampled_from(CALENDAR).map(Period)


@given(periods, zones, moments)
def test_a_moment_lies_in_its_period_and_the_next_begins_where_it_ends(
    period: Period, zone: ZoneInfo, at: datetime
) -> None:
    window = window_at(period, zone, at)
    assert window.since <= at < window.until
    assert window_at(period, zone, window.until).since == window.until
    assert window_at(period, zone, window.until - timedelta(microseconds=1)) == window
    assert window_at(period, zone, window.since) == window
    assert window.head == window.part == window.since
    assert window.resets_at == window.until


@given(periods, zones, moments)
def test_a_calendar_period_begins_at_its_first_local_time(period: Period, zone: ZoneInfo, at: datetime) -> None:
    start = window_at(period, zone, at).since
    local, before = start.astimezone(zone), (start - timedelta(microseconds=1)).astimezone(zone)
    assert (local.second, local.microsecond) == (0, 0)
    match period.cycle:
        case Cycle.HOUR:
            assert (local.hour, local.utcoffset()) != (before.hour, before.utcoffset())
        case Cycle.DAY:
            assert local.date() != before.date()
        case Cycle.WEEK:
            assert before.isocalendar()[:2] != local.isocalendar()[:2]
        case _:
            assert (before.year, before.month) != (local.year, local.month)


@pytest.mark.parametrize(
    ("cycle", "zone", "at", "start", "end"),
    [
        # Berlin's spring day has 23 hours, its autumn day 25
        (Cycle.DAY, "Europe/Berlin", "2026-03-29T10:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        (Cycle.DAY, "Europe/Berlin", "2026-10-25T10:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        # the hour from two to three comes twice: two periods
        (Cycle.HOUR, "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T00:00", "2026-10-25T01:00"),
        (Cycle.HOUR, "Europe/Berlin", "2026-10-25T01:30", "2026-10-25T01:00", "2026-10-25T02:00"),
        (Cycle.MONTH, "America/New_York", "2026-03-20T00:00", "2026-03-01T05:00", "2026-04-01T04:00"),
        (Cycle.MONTH, "Asia/Taipei", "2026-11-30T16:00", "2026-11-30T16:00", "2026-12-31T16:00"),
        (Cycle.WEEK, "America/New_York", "2026-03-08T12:00", "2026-03-02T05:00", "2026-03-09T04:00"),
        # Cairo leaps over midnight: its day begins at one
        (Cycle.DAY, "Africa/Cairo", "2026-04-24T12:00", "2026-04-23T22:00", "2026-04-24T21:00"),
        (Cycle.DAY, "Asia/Kolkata", "2026-06-01T12:00", "2026-05-31T18:30", "2026-06-01T18:30"),
    ],
)
def test_days_with_a_change_of_the_clock_keep_their_bounds(
    cycle: Cycle, zone: str, at: str, start: str, end: str
) -> None:
    window = window_at(Period(cycle), ZoneInfo(zone), datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert window.since == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert window.until == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(st.integers(SHORTEST_ROLLING_S, MAX_ROLLING_S), moments)
def test_a_rolling_window_holds_its_length_and_at_most_a_part_more(length: int, at: datetime) -> None:
    window = window_at(Period(Cycle.ROLLING, length), ZoneInfo("UTC"), at)
    part = timedelta(seconds=part_s(length))
    assert window.since <= at - timedelta(seconds=length) < window.since + part
    assert window.part <= at < window.part + part
    assert window.head == EPOCH
    assert part.total_seconds() % 60 == 0
    assert (window.part - window.since) / part <= ROLLING_PARTS + 1
    for edge in (window.since, window.part):
        assert (edge - EPOCH) % part == timedelta(0)


@given(st.integers(SHORTEST_ROLLING_S, MAX_ROLLING_S), moments)
def test_a_rolling_window_stays_until_it_says(length: int, at: datetime) -> None:
    period, zone = Period(Cycle.ROLLING, length), ZoneInfo("UTC")
    window = window_at(period, zone, at)
    last = window_at(period, zone, window.until - timedelta(microseconds=1))
    assert (last.part, last.since) == (window.part, window.since)
    following = window_at(period, zone, window.until)
    assert (following.part, following.since) != (window.part, window.since)
    assert window_at(period, zone, window.resets_at).since > window.since
