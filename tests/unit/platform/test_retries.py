"""Pauses that grow, and those that the other side asks for."""

from datetime import UTC, datetime

import pytest

from mno.platform.retries import MAX_BACKOFF_S, asked_pause_s, backoff_s

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_pauses_double_up_to_five_minutes() -> None:
    assert [backoff_s(attempts) for attempts in (0, 1, 2, 3)] == [1.0, 1.0, 2.0, 4.0]
    assert backoff_s(10_000) == MAX_BACKOFF_S


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        ("-4", 0.0),
        ("Sat, 21 Nov 2026 08:00:09 GMT", 9.0),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(retry_after: str | None, seconds: float | None) -> None:
    assert asked_pause_s(retry_after, NOW) == seconds
