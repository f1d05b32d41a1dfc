"""Where measuring coverage costs much and shows nothing new.

Python 3.11 has no cheap way to measure: while it does, everything runs at half its speed, the libraries as well. So it
is measured at the beginning of each test, of whatever a fixture does for the first time, and nothing else: a test that
goes on does the same again. What is not measured counts as not run, so the figure is never too good.

No test may add an audit hook: it is asked at each change of a tracer, and where it lets a thread go on that is about to
be measured, Python 3.11 refuses that thread its tracer.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: For the environment of a program whose lines other tests measure, or that is killed before it could tell.
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}

#: How long a test is measured, in seconds of this process's time.
MEASURED_S = 0.15

_set_up: set[object] = set()


@contextmanager
def measured(seconds: float) -> Iterator[None]:
    """What runs here in this thread, until `seconds` of processor time have passed; 0 stands for all of it."""
    before, left = sys.gettrace(), signal.setitimer(signal.ITIMER_VIRTUAL, seconds)[0]
    sys.settrace(threading.gettrace())  # as a new thread is measured: by a tracer of its own
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, left)
        sys.settrace(before)


def _enough(_: int, __: Any) -> None:
    sys.settrace(None)


signal.signal(signal.SIGVTALRM, _enough)
signal.siginterrupt(signal.SIGVTALRM, False)


def pytest_collection_finish() -> None:
    """From here on nothing is measured but what is said below."""
    sys.settrace(None)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> Iterator[None]:
    """A fixture is measured when it is set up for the first time in this process."""
    which = (fixturedef.func, getattr(request, "param_index", 0))
    if which in _set_up:
        return (yield)
    _set_up.add(which)
    with measured(0):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """A test is measured at its beginning."""
    with measured(MEASURED_S):
        return (yield)
