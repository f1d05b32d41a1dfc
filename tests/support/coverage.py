"""Where measuring coverage costs much and shows nothing new."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: For the environment of a program whose lines other tests measure, or that is killed before it could tell.
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}

_measured: set[str] = set()


@contextmanager
def measured_once(what: str) -> Iterator[None]:
    """Lets what runs the same lines in every test be traced the first time only in this process."""
    tracer = sys.gettrace() if what in _measured else None
    _measured.add(what)
    if tracer is not None:
        sys.settrace(None)
    try:
        yield
    finally:
        if tracer is not None:
            sys.settrace(tracer)
