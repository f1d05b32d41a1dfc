"""How tests are dealt to processes; and those that run them get the engines, the applications and the rest of
`support/fixtures.py`. A process that only deals them to others loads nothing of the program.
"""

from typing import Any

import pytest
from coverage import Coverage

from support.distribution import ByFile, ordered
from support.memory import folders_in_memory

folders_in_memory()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput"):
        from support import coverage, fixtures

        config.pluginmanager.register(fixtures)
        if Coverage.current():  # a debugger is let alone
            config.pluginmanager.register(coverage)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = ordered(items)
