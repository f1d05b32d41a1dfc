"""The forecast on series whose future is known."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Series
from mno.observability.forecast.projection import projected, run_out

UTC_CALENDAR = Calendar(ZoneInfo("UTC"))
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def office(weeks: int, *, calendar: Calendar = UTC_CALENDAR, start: datetime = MONDAY) -> Series:
    """4 USD an hour from 9 to 17 on weekdays, 1 USD else, on the calendar's clocks; holidays are Sundays."""
    hours = calendar.hours_of_week(start, weeks * 168)
    working = (hours // 24 < 5) & (hours % 24 >= 9) & (hours % 24 < 17) & ~calendar.holidays(start, weeks * 168)
    return Series("office", start, np.where(working, 4.0, 1.0))


def test_a_series_that_repeats_itself_goes_on_so() -> None:
    found = projected(office(6), UTC_CALENDAR, 168)
    assert found is not None
    assert found.start == MONDAY + timedelta(weeks=6)
    assert found.hourly.middle == pytest.approx(office(1).values, abs=0.15)
    assert found.total.middle[-1] == pytest.approx(office(1).values.sum(), rel=0.01)


def test_a_new_level_holds_and_the_old_one_is_forgotten() -> None:
    values = office(8).values.copy()
    values[-6 * 24 :] *= 3
    found = projected(Series("office", MONDAY, values), UTC_CALENDAR, 168)
    assert found is not None
    assert found.total.middle[-1] == pytest.approx(3 * office(1).values.sum(), rel=0.1)


def test_days_are_those_of_the_time_zone() -> None:
    calendar = Calendar(ZoneInfo("Asia/Taipei"))
    hours = calendar.hours_of_week(datetime(2026, 3, 1, 16, tzinfo=UTC), 25)
    assert hours[0] == 0
    assert hours[24] == 24


def test_a_change_of_the_clock_inside_the_range_is_followed() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    # on 29 March 2026 the hour from 02:00 to 03:00 does not happen
    hours = calendar.hours_of_week(datetime(2026, 3, 28, 23, tzinfo=UTC), 4)
    assert [int(hour) % 24 for hour in hours] == [0, 1, 3, 4]


def test_a_public_holiday_is_forecast_as_a_sunday() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"), "DE")
    # five weeks up to Thursday; the next day is Good Friday
    series = office(5, calendar=calendar, start=datetime(2026, 2, 26, 22, tzinfo=UTC))
    found = projected(series, calendar, 24)
    assert found is not None
    assert calendar.holidays(series.end, 24).all()
    assert found.hourly.middle.max() < 1.5


def test_too_little_history_gives_no_forecast() -> None:
    assert projected(Series("young", MONDAY, np.ones(47)), UTC_CALENDAR, 24) is None


def test_silence_is_forecast_to_go_on() -> None:
    found = projected(Series("silent", MONDAY, np.zeros(2000)), UTC_CALENDAR, 24)
    assert found is not None
    assert found.total.high_95[-1] == 0


def test_a_budget_runs_out_when_the_sum_passes_it() -> None:
    found = projected(Series("steady", MONDAY, np.full(6 * 168, 2.0)), UTC_CALENDAR, 100)
    assert found is not None
    out = run_out(found, 20.0)
    assert out.likely is not None
    assert abs(out.likely - (found.start + timedelta(hours=10))) <= timedelta(hours=1)
    assert out.earliest is not None
    assert out.earliest <= out.likely
    assert out.latest is None or out.latest >= out.likely
    assert run_out(found, 0.0).likely == found.start
    assert run_out(found, 1e9).likely is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1e6, allow_nan=False), min_size=48, max_size=400),
    st.integers(1, 24 * 40),
)
def test_bounds_enclose_the_middle_and_sums_never_fall(values: list[float], hours: int) -> None:
    found = projected(Series("any", MONDAY, np.array(values)), UTC_CALENDAR, hours)
    assert found is not None
    for band in (found.hourly, found.total):
        assert len(band.middle) == hours
        assert np.all(np.isfinite(band.high_95))
        assert np.all(band.low_95 >= 0)
    total = found.total
    assert np.all(total.low_95 <= total.low_80 + 1e-6)
    assert np.all(total.low_80 <= total.middle + 1e-6)
    assert np.all(total.middle <= total.high_80 + 1e-6)
    assert np.all(total.high_80 <= total.high_95 + 1e-6)
    assert np.all(np.diff(total.high_80) >= 0)
