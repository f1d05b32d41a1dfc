"""A program that dies again and again rests longer each time."""

import pytest

from mno.mcp_gateway.ways.duplex.pauses import LIVED_S, MAX_REST_S, Pauses


@pytest.mark.parametrize(("deaths", "rest_s"), [(0, 0), (1, 1), (2, 2), (3, 4), (6, 32), (7, MAX_REST_S), (5_000, 60)])
def test_the_rest_doubles_up_to_its_limit(deaths: int, rest_s: float) -> None:
    pauses = Pauses()
    for _ in range(deaths):
        pauses.died(started=10, now=11)
    assert pauses.left_s(11) == rest_s
    assert pauses.left_s(11 + rest_s + 1) == 0


def test_a_program_that_lived_for_a_while_died_by_accident() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.died(started=0, now=1)
    pauses.died(started=100, now=100 + LIVED_S)
    assert pauses.left_s(100 + LIVED_S) == 1
