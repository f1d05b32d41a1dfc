"""The application, made once for a process: in place of each service stands what finds that of the test at hand.

Making it takes longer than most tests take: two hundred routes with their validators, and as much again when the first
request looks for its route. The routes, the layers and the problem documents are the real ones; what they hold of the
services is looked up in those of the test that asked for the application last.
"""

from collections.abc import Callable
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

    def __init__(self, part: Callable[[], Any]) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part(), name)
        if not Applications.making or isinstance(found, _VALUES):
            return found
        return Stand(lambda: getattr(self._part(), name))

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._part()(*positional, **named)


class Applications:
    """One for each configuration, the data folder apart."""

    making = False

    def __init__(self) -> None:
        self._made: dict[Config, FastAPI] = {}
        self._serving: Services | None = None

    def over(self, services: Services) -> FastAPI:
        """The application; it serves these services until somebody asks for it with others."""
        self._serving = services
        key = replace(services.config, data_folder=Path())
        if key not in self._made:
            Applications.making = True
            try:
                self._made[key] = create_app(Stand(lambda: self._serving))  # type: ignore[arg-type]
            finally:
                Applications.making = False
        return self._made[key]
