from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.errors import Invalid
from mno.platform.time_range import EARLIEST, LATEST, from_microseconds, microseconds, parsed_range, parsed_time, shown

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
instants = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("-90s", NOW - timedelta(seconds=90)),
        ("-15m", NOW - timedelta(minutes=15)),
        ("-24h", NOW - timedelta(hours=24)),
        ("-30d", NOW - timedelta(days=30)),
        ("-2w", NOW - timedelta(weeks=2)),
        ("-999999999d", EARLIEST),
        ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00:00.123456+08:00", datetime(2026, 11, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        (" 2026-11-01T08:00 ", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T00:00:00Z", LATEST),
    ],
)
def test_times_as_people_write_them(text: str, expected: datetime) -> None:
    assert parsed_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "15m", "-15", "-1y", "--1h", "2026-13-01", "1e9", "-\u0661h"])
def test_what_is_no_time_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Invalid, match="'from' is"):
        parsed_range(text, "now", NOW)


@pytest.mark.parametrize(("start", "end"), [("now", "now"), ("-1h", "-2h"), ("2026-11-02", "2026-11-01")])
def test_a_range_runs_forwards(start: str, end: str) -> None:
    with pytest.raises(Invalid, match="earlier"):
        parsed_range(start, end, NOW)


@given(instants)
def test_an_instant_comes_back_from_its_text_and_its_number(moment: datetime) -> None:
    assert parsed_time(shown(moment), NOW) == moment
    assert from_microseconds(microseconds(moment)) == moment


@given(st.text(max_size=40))
def test_fuzz_any_text_is_a_time_or_is_refused(text: str) -> None:
    try:
        moment = parsed_time(text, NOW)
    except Invalid:
        return
    assert EARLIEST <= moment <= LATEST
    assert moment.utcoffset() == timedelta(0)
