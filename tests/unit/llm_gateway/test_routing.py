"""Which target is tried when, and for how long one waits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.model import Target
from mno.llm_gateway.routing import MAX_PAUSE_S, matches, order, pause_s, sticky_share

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
A, B, SPARE = Target("a", "m", 90), Target("b", "m", 10), Target("spare", "m", 0)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, [A, B, SPARE]), (0.89, [A, B, SPARE]), (0.9, [B, A, SPARE]), (0.999, [B, A, SPARE])]
)
def test_weights_choose_the_first_and_the_rest_follow(share: float, expected: list[Target]) -> None:
    assert order([A, B, SPARE], share) == expected


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.floats(0, 1, exclude_max=True))
def test_every_target_has_one_turn_and_a_weightless_one_is_never_first(weights: list[int], share: float) -> None:
    targets = [Target(str(index), "m", weight) for index, weight in enumerate(weights)]
    chosen = order(targets, share)
    assert sorted(one.provider for one in chosen) == sorted(one.provider for one in targets)
    if sum(weights):
        assert chosen[0].weight > 0


def test_a_sticky_caller_keeps_its_share_and_shares_are_even() -> None:
    shares = [sticky_share("fast", f"user-{n}") for n in range(4000)]
    assert shares == [sticky_share("fast", f"user-{n}") for n in range(4000)]
    assert abs(sum(share < 0.1 for share in shares) / 4000 - 0.1) < 0.02
    assert sticky_share("slow", "user-1") != sticky_share("fast", "user-1")


def test_pauses_double_and_a_longer_one_than_ours_is_the_caller_s() -> None:
    assert [pause_s(attempt, None, NOW, lambda: 1.0) for attempt in range(3)] == [0.25, 0.5, 1.0]
    assert pause_s(30, None, NOW, lambda: 1.0) == MAX_PAUSE_S
    assert pause_s(0, "2", NOW, lambda: 1.0) == 2.0
    assert pause_s(0, "3600", NOW, lambda: 1.0) is None


def test_patterns_name_models() -> None:
    assert matches("gpt-4o-mini", ("gpt-4*",))
    assert matches("anything", ())
    assert not matches("gpt-5", ("gpt-4*", "claude-*"))
