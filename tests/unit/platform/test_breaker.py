"""Who fails again and again is left alone, then tried once."""

from hypothesis import given
from hypothesis import strategies as st

from mno.platform.breaker import FAILURES, MAX_REST_S, REST_S, Breakers

TARGET = ("provider", "model")


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def failing(breakers: Breakers, times: int) -> None:
    for _ in range(times):
        breakers.begin(TARGET)
        breakers.failed(TARGET)


def test_failures_in_a_row_open_it_and_a_rest_lets_one_call_through() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    failing(breakers, FAILURES - 1)
    assert breakers.lets_through(TARGET)
    failing(breakers, 1)
    assert not breakers.lets_through(TARGET)
    assert breakers.states() == {TARGET: "open"}
    assert breakers.wait_s(TARGET) == REST_S
    clock.now += REST_S
    assert breakers.states() == {TARGET: "half-open"}
    assert breakers.lets_through(TARGET)
    breakers.begin(TARGET)
    assert not breakers.lets_through(TARGET), "one trial at a time"
    breakers.worked(TARGET)
    assert breakers.lets_through(TARGET)
    assert breakers.states() == {}


def test_a_failed_trial_doubles_the_rest_up_to_its_limit() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    failing(breakers, FAILURES)
    rests = []
    for _ in range(10):
        clock.now += breakers.wait_s(TARGET)
        failing(breakers, 1)
        rests.append(breakers.wait_s(TARGET))
    assert rests[:3] == [REST_S * 2, REST_S * 4, REST_S * 8]
    assert rests[-1] == MAX_REST_S


def test_success_between_failures_keeps_it_closed() -> None:
    breakers = Breakers(Clock())
    for _ in range(10):
        failing(breakers, FAILURES - 1)
        breakers.worked(TARGET)
    assert breakers.lets_through(TARGET)


def test_a_trial_whose_caller_left_lets_the_next_one_try() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    failing(breakers, FAILURES)
    clock.now += REST_S
    breakers.begin(TARGET)
    breakers.undecided(TARGET)
    assert breakers.lets_through(TARGET)


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_the_rest() -> None:
    breakers = Breakers(Clock())
    failing(breakers, FAILURES)
    for _ in range(20):
        breakers.failed(TARGET)
    assert breakers.wait_s(TARGET) == REST_S


@given(st.lists(st.sampled_from(["begin", "worked", "failed", "undecided", "wait"]), max_size=60))
def test_it_never_stays_shut_for_longer_than_its_longest_rests(steps: list[str]) -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for step in steps:
        if step == "wait":
            clock.now += 7
        elif step != "begin" or breakers.lets_through(TARGET):
            getattr(breakers, step)(TARGET)
    clock.now += 2 * MAX_REST_S
    assert breakers.lets_through(TARGET)


def test_who_watches_is_told_of_the_first_opening_and_of_the_closing() -> None:
    clock = Clock()
    breakers, told = Breakers(clock), list[tuple[str, bool]]()
    breakers.watch(lambda key, works: told.append((key[0], works)))
    breakers.worked(TARGET)
    for _ in range(FAILURES - 1):
        breakers.failed(TARGET)
    assert told == []
    breakers.failed(TARGET)
    clock.now += 1_000
    breakers.begin(TARGET)
    breakers.failed(TARGET)
    assert told == [(TARGET[0], False)]
    clock.now += 1_000
    breakers.begin(TARGET)
    breakers.worked(TARGET)
    assert told == [(TARGET[0], False), (TARGET[0], True)]


def test_what_another_process_suspects_is_tried_once_before_it_is_believed() -> None:
    clock = Clock()
    breakers, told = Breakers(clock), list[bool]()
    breakers.watch(lambda _, works: told.append(works))
    breakers.suspect(TARGET)
    assert breakers.lets_through(TARGET)
    breakers.begin(TARGET)
    assert not breakers.lets_through(TARGET)
    breakers.worked(TARGET)
    assert told == [True]
