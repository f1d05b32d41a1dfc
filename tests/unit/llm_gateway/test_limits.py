"""A key's pace: what fits passes, and whoever is refused hears when it fits again."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.model import KeyPolicy
from mno.llm_gateway.pace.limits import Limits
from mno.platform.errors import LimitExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def policy(**limits: int) -> KeyPolicy:
    return KeyPolicy(uuid4(), **limits)  # type: ignore[arg-type]


def call(limits: Limits, held: KeyPolicy, tokens: int = 0, used: int | None = None) -> None:
    ticket = limits.enter(held, "key", tokens)
    if used is not None:
        ticket.used(used)
    ticket.end()


def test_requests_of_a_minute_run_out_and_come_back() -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(requests_per_minute=3)
    for _ in range(3):
        call(limits, held)
    with pytest.raises(LimitExceeded, match="3 requests a minute") as refusal:
        call(limits, held)
    assert refusal.value.retry_after_s == 20
    clock.now += 20
    call(limits, held)
    with pytest.raises(LimitExceeded):
        call(limits, held)


def test_tokens_that_were_not_used_are_given_back() -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(tokens_per_minute=1000)
    call(limits, held, tokens=900, used=100)
    call(limits, held, tokens=900, used=900)
    with pytest.raises(LimitExceeded, match="1000 tokens a minute"):
        call(limits, held, tokens=100)


def test_more_than_was_reserved_is_paid_off_before_the_next_call() -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(tokens_per_minute=60)
    call(limits, held, tokens=10, used=120)
    with pytest.raises(LimitExceeded) as refusal:
        call(limits, held, tokens=1)
    assert refusal.value.retry_after_s == 61


def test_a_call_larger_than_a_minute_s_worth_passes_when_the_minute_is_whole() -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(tokens_per_minute=60)
    call(limits, held, tokens=1_000_000, used=60)
    with pytest.raises(LimitExceeded):
        call(limits, held, tokens=1_000_000)
    clock.now += 60
    call(limits, held, tokens=1_000_000, used=0)


def test_calls_at_one_time_are_counted() -> None:
    limits, held = Limits(Clock()), policy(concurrent_calls=1)
    running = limits.enter(held, "key", 0)
    with pytest.raises(LimitExceeded, match="1 calls running"):
        call(limits, held)
    running.end()
    call(limits, held)


def test_what_was_used_without_a_limit_is_no_debt_on_the_day_that_it_gets_one() -> None:
    limits, free = Limits(Clock()), policy(concurrent_calls=9)
    for _ in range(100):
        call(limits, free, tokens=1_000, used=1_000)
    call(limits, replace(free, requests_per_minute=5, tokens_per_minute=5), tokens=1)


def test_a_refused_call_takes_nothing() -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(requests_per_minute=10, tokens_per_minute=10)
    call(limits, held, tokens=10, used=10)
    for _ in range(20):
        with pytest.raises(LimitExceeded):
            call(limits, held, tokens=10)
    clock.now += 60
    call(limits, held, tokens=10)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200)), max_size=60))
def test_no_minute_has_more_than_two_minutes_worth(steps: list[tuple[int, int]]) -> None:
    clock = Clock()
    limits, held = Limits(clock), policy(tokens_per_minute=100)
    granted: list[tuple[float, int]] = []
    for seconds, tokens in steps:
        clock.now += seconds
        try:
            call(limits, held, tokens=tokens, used=min(tokens, 100))
        except LimitExceeded as refusal:
            wait = refusal.retry_after_s
            assert wait is not None and wait >= 1  # noqa: PT018
            continue
        granted.append((clock.now, min(tokens, 100)))
        assert sum(amount for at, amount in granted if at > clock.now - 60) <= 200
