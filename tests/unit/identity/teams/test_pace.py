"""How often one address may knock."""

import pytest

from mno.identity.teams.invitations.pace import MAX_COUNTED_ADDRESSES, MAX_KNOCKS, PACE_WINDOW_S, Pace
from mno.platform.errors import LimitExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_window_later_the_door_is_open_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(MAX_KNOCKS):
        pace.count("203.0.113.1")
    with pytest.raises(LimitExceeded) as refusal:
        pace.count("203.0.113.1")
    assert refusal.value.retry_after_s == PACE_WINDOW_S + 1
    pace.count("203.0.113.2")
    clock.now = PACE_WINDOW_S
    pace.count("203.0.113.1")


def test_many_addresses_do_not_fill_the_memory() -> None:
    pace = Pace(Clock())
    for number in range(MAX_COUNTED_ADDRESSES * 2 + 1):
        pace.count(str(number))
    assert len(pace._knocks) <= MAX_COUNTED_ADDRESSES
