"""What differs between two definitions, and what hides in one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.offers.pins.comparison import Difference, differences, digest, hidden

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from("abc"), VALUES))
def test_what_is_the_same_differs_nowhere_however_it_is_ordered(definition: dict[str, Any]) -> None:
    turned = dict(reversed(definition.items()))
    assert differences(definition, turned) == []
    assert digest(definition) == digest(turned)


def test_a_difference_names_its_place() -> None:
    before = {"a": {"b": [1], "c": 2}, "d": 3}
    after = {"a": {"b": [2], "c": 2}, "e": 4}
    expected = [Difference("/a/b", [1], [2]), Difference("/d", 3, None), Difference("/e", None, 4)]
    assert differences(before, after) == expected
    assert digest(before) != digest(after)


@pytest.mark.parametrize(
    "character", ["\u200b", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\ufe0f", "\u3164", "\x1b", "\ue000", "\u00ad"]
)
def test_characters_that_nobody_sees_are_found_in_names_and_values(character: str) -> None:
    assert hidden({"a": ["fine", f"x{character}"]}) == [f"/a/1: U+{ord(character):04X} at 1"]
    assert hidden({f"k{character}": 1}) == [f"/: U+{ord(character):04X} at 1"]


def test_ordinary_text_of_any_language_hides_nothing() -> None:
    assert hidden({"a": "Zeile eins\n\tzwei, ü", "b": "查詢天氣：台北", "c": "🌦 और مرحبا"}) == []
