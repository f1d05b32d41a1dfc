"""Where measuring coverage costs much and shows nothing new.

Python 3.11 has no cheap way to measure: while it does, everything runs at half its speed, the libraries as well. So it
stops where the same lines run again and again. What is not measured counts as not run, so the figure is never too good.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest

#: For the environment of a program whose lines other tests measure, or that is killed before it could tell.
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}

#: Of each property test, the first so many examples.
MEASURED_EXAMPLES = 15

_set_up: set[object] = set()


@contextmanager
def traced_by(tracer: Any) -> Iterator[None]:
    """Lets `tracer` see what runs in this thread, or nobody."""
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> Iterator[None]:
    """A fixture is measured when it is set up for the first time in this process."""
    which = (fixturedef.func, getattr(request, "param_index", 0))
    if sys.gettrace() is None or which not in _set_up:
        _set_up.add(which)
        return (yield)
    with traced_by(None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Of a property test only the first examples are measured, and not the library that invents them."""
    tracer, property_test = sys.gettrace(), getattr(pyfuncitem.obj, "hypothesis", None)
    if tracer is None or property_test is None or inspect.iscoroutinefunction(property_test.inner_test):
        return (yield)
    whole = property_test.inner_test
    property_test.inner_test = _measured_at_first(whole, tracer)
    try:
        with traced_by(None):
            return (yield)
    finally:
        property_test.inner_test = whole


def _measured_at_first(test: Callable[..., None], tracer: Any) -> Callable[..., None]:
    measured = 0

    @wraps(test)
    def one_example(*positional: Any, **named: Any) -> None:
        nonlocal measured
        measured += 1
        with traced_by(tracer if measured <= MEASURED_EXAMPLES else None):
            test(*positional, **named)

    return one_example
