"""Coverage is measured where something new may run, and stops where a test goes on with the same."""

import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from support.coverage import measured, pytest_fixture_setup


def early() -> None: ...


def late() -> None: ...


@pytest.fixture
def seen() -> Iterator[list[str]]:
    """The names of the functions that a thread's tracer was told of, in place of coverage's own."""
    names: list[str] = []

    def tracer(frame: FrameType, _: str, __: Any) -> None:
        names.append(frame.f_code.co_name)

    coverage = threading.gettrace()
    threading.settrace(tracer)
    yield names
    threading.settrace(coverage)


def test_a_test_is_measured_until_it_has_had_its_time(seen: list[str]) -> None:
    before = sys.gettrace()
    with measured(0.1):
        early()
        while sys.gettrace():
            pass
        late()
    assert sys.gettrace() is before
    assert "early" in seen
    assert "late" not in seen


def test_without_a_limit_everything_is_measured(seen: list[str]) -> None:
    with measured(0):
        early()
        late()
    assert {"early", "late"} <= set(seen)


def test_a_fixture_is_measured_the_first_time(seen: list[str]) -> None:
    def set_up(call: Callable[[], None]) -> None:
        hook = pytest_fixture_setup(SimpleNamespace(func=set_up), SimpleNamespace())  # type: ignore[arg-type]
        next(hook)
        call()
        next(hook, None)

    before = sys.gettrace()
    sys.settrace(None)
    try:
        set_up(early)
        set_up(late)
    finally:
        sys.settrace(before)
    assert "early" in seen
    assert "late" not in seen
