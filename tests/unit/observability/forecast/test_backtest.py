"""Backtests: what is counted, on the synthetic set and on series from a file."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mno.observability.forecast.backtest import outcomes, verdict
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Band, Projection, Series
from mno.observability.forecast.recorded import read_csv
from mno.observability.forecast.synthetic import START, scopes
from mno.platform.errors import Invalid

UTC_CALENDAR = Calendar(ZoneInfo("UTC"))


def naive(series: Series, calendar: Calendar, hours: int) -> Projection:
    """The same hour of the week before, with bounds that hold everything and nothing."""
    middle = np.resize(series.values[-168:], hours)
    everything = np.full(hours, np.inf)
    band = Band(middle, -everything, everything, middle, middle)
    sums = np.cumsum(middle)
    return Projection(series.end, band, Band(sums, sums + 1e9, sums + 2e9, -everything, everything))


def test_the_seasonal_naive_forecast_is_as_good_as_itself() -> None:
    [scope] = scopes(7, count=1)
    found = verdict(outcomes(scope.series, scope.calendar, naive))
    assert found is not None
    assert found.against_naive == pytest.approx(1.0)
    assert found.total_against_naive == pytest.approx(1.0)
    assert (found.hours_80, found.total_80, found.total_95) == (100.0, 0.0, 100.0)


def test_the_synthetic_set_is_the_same_for_the_same_seed_and_as_large_as_is_promised() -> None:
    first, second = scopes(5), scopes(5)
    assert len(first) == 30
    assert all(len(one.series.values) >= 8 * 168 for one in first)
    assert all(np.array_equal(a.series.values, b.series.values) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(scopes(6)[0].series.values, first[0].series.values)
    assert all(one.series.name.startswith("synthetic") for one in first)


def test_forecasts_beat_the_week_before_on_series_that_were_not_used_to_make_them() -> None:
    found = verdict(row for one in scopes(4711, count=4) for row in outcomes(one.series, one.calendar))
    assert found is not None
    assert found.mase < 0.9
    assert found.against_naive < 0.85
    assert 72 < found.hours_80 < 88


def test_a_series_that_is_too_short_gives_no_verdict() -> None:
    assert verdict(outcomes(Series("short", START, np.ones(600)), UTC_CALENDAR)) is None


def test_a_csv_is_read_by_scope_and_hour(tmp_path: Path) -> None:
    file = tmp_path / "spend.csv"
    file.write_text(
        "timestamp,scope,value\n2026-01-01T02:30:00Z,b,1.5\n2026-01-01T00:10:00,a,1\n"
        "2026-01-01T08:50:00+08:00,a,2\n2026-01-01T02:00:00Z,a,4\n"
    )
    first, second = read_csv(file)
    assert first.name == "a"
    assert first.values.tolist() == [3.0, 0.0, 4.0]
    assert (second.name, second.start.hour, second.values.tolist()) == ("b", 2, [1.5])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,much\n", "columns timestamp and value"),
        ("timestamp,value\n", "has no rows"),
        ("timestamp,value\nyesterday,1\n", "Line 2"),
        ("timestamp,value\n2026-01-01,-1\n", "no amount"),
        ("timestamp,value\n2026-01-01,nan\n", "no amount"),
        ("timestamp,value\n1990-01-01,1\n2026-01-01,1\n", "hours"),
    ],
)
def test_a_csv_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "spend.csv"
    file.write_text(text)
    with pytest.raises(Invalid, match=said):
        read_csv(file)


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(Invalid, match="ISO 3166"):
        Calendar(ZoneInfo("UTC"), "ZZ").holidays(START, 24)
