"""Who drove a difference, on parts whose answer is plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.anomalies.drivers import Part, drivers

DIMENSIONS = ("model", "api_key", "agent")


def test_a_model_on_a_key_is_named_as_one_driver() -> None:
    parts = [
        Part(("large", "key_a", ""), 92.0, 10.0),
        Part(("large", "key_b", ""), 10.0, 10.0),
        Part(("small", "key_b", ""), 23.0, 5.0),
    ]
    first, second = drivers(parts, DIMENSIONS)
    assert first.values == {"model": "large", "api_key": "key_a"}
    assert first.share == 82.0
    assert (first.amount, first.usual) == (92.0, 10.0)
    assert second.values == {"model": "small", "api_key": "key_b"}
    assert second.share == 18.0


def test_a_model_that_rose_on_every_key_is_named_alone() -> None:
    parts = [Part(("large", f"key_{n}", ""), 20.0, 10.0) for n in range(5)] + [Part(("small", "key_0", ""), 5.0, 5.0)]
    [driver] = drivers(parts, DIMENSIONS)
    assert driver.values == {"model": "large"}
    assert driver.share == 100.0


def test_an_agent_that_explains_all_is_named_with_its_model_and_key() -> None:
    parts = [Part(("large", "key_a", "planner"), 50.0, 0.0), Part(("large", "key_a", "writer"), 10.0, 10.0)]
    [driver] = drivers(parts, DIMENSIONS)
    assert driver.values == {"model": "large", "api_key": "key_a", "agent": "planner"}


def test_a_fall_has_drivers_too() -> None:
    [driver] = drivers([Part(("m", "", ""), 0.0, 40.0), Part(("n", "", ""), 11.0, 10.0)], DIMENSIONS)
    assert driver.values == {"model": "m"}
    assert driver.share == pytest.approx(102.6)


def test_no_difference_has_no_drivers() -> None:
    assert drivers([Part(("m", "k", "a"), 5.0, 5.0)], DIMENSIONS) == ()
    assert drivers([], DIMENSIONS) == ()
    assert drivers([Part(("", "", ""), 9.0, 5.0)], DIMENSIONS) == ()


@given(
    st.lists(
        st.builds(
            Part,
            st.tuples(*[st.sampled_from(["", "x", "y", "z"])] * 3),
            st.floats(0, 1e6),
            st.floats(0, 1e6),
        ),
        max_size=30,
    )
)
def test_drivers_are_few_and_each_is_worth_its_word(parts: list[Part]) -> None:
    found = drivers(parts, DIMENSIONS)
    assert len(found) <= 5
    assert all(driver.values and driver.share >= 10 for driver in found)
