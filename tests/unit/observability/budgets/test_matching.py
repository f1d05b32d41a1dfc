"""Which calls count against which budget, on whose counter, and with how much."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.budgets.matching import (
    amount_of,
    checked_amounts,
    checked_dimensions,
    checked_matches,
    counter_of,
    fallback_cost,
    tags_of,
)
from mno.observability.budgets.model import DIMENSIONS, MAX_CALL_AMOUNT, Amounts, Unit, Unpriced
from mno.platform.errors import Invalid
from support.budgets import a_budget

PROJECT, OTHER = UUID(int=1), UUID(int=2)
CALL = {"user": "ann", "agent": "clerk", "provider": "openai", "model": "gpt-4o", "tag:feature": "search"}
names = st.sampled_from([*DIMENSIONS, "tag:feature"])
calls = st.dictionaries(names, st.sampled_from("abc"), max_size=6)


@pytest.mark.parametrize(
    ("wish", "who"),
    [
        ({}, ""),
        ({"project_id": PROJECT}, ""),
        ({"project_id": OTHER}, None),
        ({"matches": {"model": "gpt-4o"}}, ""),
        ({"matches": {"model": "gpt-4o", "user": "ann"}}, ""),
        ({"matches": {"model": "gpt-4o", "user": "bob"}}, None),
        ({"matches": {"session": "s"}}, None),
        ({"matches": {"tag:feature": "search"}}, ""),
        ({"matches": {"model": "gpt-*"}}, ""),
        ({"matches": {"model": "*4o"}}, ""),
        ({"matches": {"model": "gpt*mini"}}, None),
        ({"matches": {"model": "gpt-4."}}, None),
        ({"matches": {"user": "a*"}}, None),
        ({"per": "user"}, "ann"),
        ({"per": "tag:feature"}, "search"),
        ({"per": "session"}, None),
        ({"per": "user", "matches": {"provider": "gemini"}}, None),
    ],
)
def test_a_call_counts_on_the_budgets_whose_conditions_all_hold(wish: dict[str, Any], who: str | None) -> None:
    assert counter_of(a_budget(**wish), PROJECT, CALL) == who


@given(calls, calls)
def test_a_budget_with_more_conditions_counts_no_more_calls(call: Mapping[str, str], matches: dict[str, str]) -> None:
    budget = a_budget(matches=matches)
    assert (counter_of(budget, PROJECT, call) is not None) == (matches.items() <= call.items())
    for name in matches:
        wider = a_budget(matches={key: value for key, value in matches.items() if key != name})
        assert counter_of(budget, PROJECT, call) is None or counter_of(wider, PROJECT, call) is not None


@pytest.mark.parametrize(
    ("wish", "cost", "amount"),
    [
        ({}, 7, 7),
        ({"unit": Unit.TOKENS}, 7, 1_000),
        ({"unit": Unit.CALLS}, None, 1),
        ({"unpriced": Unpriced.ALLOW}, None, 0),
        ({"unpriced": Unpriced.BLOCK}, None, None),
        ({"unpriced": Unpriced.BLOCK, "hard": False}, None, 0),
        ({"unpriced": Unpriced.PRICE, "fallback_nano": 3_000_000_001}, None, 3_000_001),
    ],
)
def test_an_amount_is_in_the_budget_s_unit(wish: dict[str, Any], cost: int | None, amount: int | None) -> None:
    assert amount_of(a_budget(**wish), Amounts(cost, 1_000, 1)) == amount


@given(st.integers(0, MAX_CALL_AMOUNT), st.integers(0, MAX_CALL_AMOUNT))
def test_an_assumed_price_never_rounds_down(tokens: int, price: int) -> None:
    assert 0 <= fallback_cost(tokens, price) * 1_000_000 - tokens * price < 1_000_000


@pytest.mark.parametrize(
    ("matches", "per"),
    [
        ({"colour": "red"}, ""),
        ({"tag:": "x"}, ""),
        ({"user": ""}, ""),
        ({"user": "x" * 400}, ""),
        ({"user": "ann"}, "user"),
        ({}, "project"),
        ({}, "model"),
        ({"model": "a*b*c*d*e"}, ""),
        ({f"tag:{number}": "x" for number in range(11)}, ""),
    ],
)
def test_conditions_that_say_nothing_are_refused(matches: dict[str, str], per: str) -> None:
    with pytest.raises(Invalid):
        checked_matches(matches, per)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 1_001])
def test_what_a_database_cannot_hold_is_refused_before_it_spoils_a_turn(value: str) -> None:
    with pytest.raises(Invalid, match="user"):
        checked_dimensions({"user": value})


@pytest.mark.parametrize(
    "amounts", [Amounts(-1, 0), Amounts(0, -1), Amounts(0, 0, -1), Amounts(MAX_CALL_AMOUNT + 1, 0)]
)
def test_amounts_that_no_call_can_have_are_refused(amounts: Amounts) -> None:
    with pytest.raises(Invalid):
        checked_amounts(amounts)


def test_tags_are_written_as_spans_carry_them() -> None:
    assert tags_of({"tag:b": "2", "user": "x", "tag:a": "1=1"}) == ["a=1=1", "b=2"]
