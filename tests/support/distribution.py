"""How the tests are dealt to the workers: file by file, the long ones early, so that nobody waits at the end.

Journeys and clients are few and long, and start programs of their own; between two of them comes a file of many
short tests, which keeps most of them from running at the same time.
"""

from collections.abc import Iterable
from itertools import chain, zip_longest

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

_LONG = ("/journeys/", "/contract/")
#: Files whose tests share nothing and take long each.
_DEALT_ONE_BY_ONE = ("/journeys/test_web.py",)


def scope_of(nodeid: str) -> str:
    """What is dealt as one: tests of the same scope run on one worker, in their order."""
    file = nodeid.partition("::")[0]
    return nodeid if file.endswith(_DEALT_ONE_BY_ONE) else file


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def ordered(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Long scopes and others by turns, of the others those with many tests first; nothing within a scope moves."""
    scopes: dict[str, list[pytest.Item]] = {}
    for item in items:
        scopes.setdefault(scope_of(item.nodeid), []).append(item)
    by_size = sorted(scopes, key=lambda scope: -len(scopes[scope]))
    long = [scope for scope in by_size if any(part in scope for part in _LONG)]
    others = [scope for scope in by_size if scope not in long]
    turns = (scope for scope in chain(*zip_longest(long, others)) if scope is not None)
    return [item for scope in turns for item in scopes[scope]]
