"""A project may say so much in a minute, and another's minute is its own."""

import pytest

from mno.events.pace import Pace
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id


def test_what_comes_too_often_is_refused_until_the_minute_is_over() -> None:
    now = [100.0]
    pace, busy, quiet = Pace(lambda: now[0], most=2), new_id(), new_id()
    pace.admit(busy)
    pace.admit(busy)
    now[0] += 20
    with pytest.raises(LimitExceeded, match="logs") as refused:
        pace.admit(busy)
    assert refused.value.retry_after_s == 40
    pace.admit(quiet)
    now[0] += 40
    pace.admit(busy)
