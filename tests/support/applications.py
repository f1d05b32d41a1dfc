"""Applications, made once for a process: in place of each service stands what finds that of the node at hand.

Making one takes longer than most tests take: two hundred routes with their validators. The routes, the layers and the
problem documents are the real ones; what they hold of the services is looked up in those of the node that has borrowed
the application.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from mno.bootstrap import Services
from mno.entry.web import create_app
from mno.platform.config import Config

#: What an application holds by its value: nobody changes it, and it is the same wherever the configuration is.
_VALUES = (str, bytes, int, float, bool, Path, tuple, frozenset, dict, Config, type(None))


class Stand:
    """Takes the place of one service while the application is made; everything is asked of the one that serves now."""

    making = False

    def __init__(self, part: Callable[[], Any]) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part(), name)
        if not Stand.making or isinstance(found, _VALUES):
            return found
        return Stand(lambda: getattr(self._part(), name))

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._part()(*positional, **named)


class _Made:
    """One application, and the node that it serves at present."""

    def __init__(self, make: Callable[[Any], FastAPI], node: Any) -> None:
        self.node = node
        Stand.making = True
        try:
            self.app = make(Stand(lambda: self.node))
        finally:
            Stand.making = False


class Kept:
    """Applications of one kind: each serves one node at a time, and what a test put into its state goes with it."""

    def __init__(self, make: Callable[[Any], FastAPI]) -> None:
        self._make = make
        self._free: list[_Made] = []

    @contextmanager
    def over(self, node: Any) -> Iterator[FastAPI]:
        """One that nobody else has; `make` got what stands for `node`."""
        made = self._free.pop() if self._free else _Made(self._make, node)
        made.node, state = node, dict(made.app.state._state)
        try:
            yield made.app
        finally:
            made.app.state._state = state
            self._free.append(made)


class Applications:
    """The whole program's: one kind for each configuration, the data folder apart."""

    def __init__(self) -> None:
        self._kinds: dict[Config, Kept] = {}

    def over(self, services: Services) -> AbstractContextManager[FastAPI]:
        """A context with the application over these services."""
        return self._kinds.setdefault(replace(services.config, data_folder=Path()), Kept(create_app)).over(services)
