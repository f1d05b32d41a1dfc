"""How the tests are dealt to the workers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.distribution import SECONDS, ordered, scope_of

_ROOT = Path(__file__).parents[2]


def in_turn(*files: tuple[str, int]) -> list[str]:
    """The names of the tests of these files, so many of each, as they are dealt."""
    items: list[Any] = [
        SimpleNamespace(nodeid=f"{file}::test_{each}") for file, tests in files for each in range(tests)
    ]
    return [item.nodeid for item in ordered(cast("list[pytest.Item]", items))]


def test_what_takes_long_comes_before_what_has_many_tests_and_nothing_within_a_file_moves() -> None:
    long = "tests/integration/platform/test_outbox_kills.py"
    assert in_turn(("tests/unit/test_few.py", 1), ("tests/unit/test_many.py", 3), (long, 2)) == [
        f"{long}::test_0", f"{long}::test_1",
        "tests/unit/test_many.py::test_0", "tests/unit/test_many.py::test_1", "tests/unit/test_many.py::test_2",
        "tests/unit/test_few.py::test_0",
    ]  # fmt: skip


def test_files_that_start_programs_stand_among_the_others_and_never_at_the_end() -> None:
    short = [(f"tests/unit/test_{each}.py", 1) for each in range(40)]
    programs = [(f"tests/journeys/test_{each}.py", 1) for each in range(4)]
    starts = [place for place, name in enumerate(in_turn(*programs, *short)) if "/journeys/" in name]
    gaps = [later - earlier for earlier, later in zip(starts, [*starts[1:], 44], strict=True)]
    assert len(starts) == 4
    assert min(gaps) > 5


def test_journeys_over_pages_are_dealt_one_by_one() -> None:
    web = "tests/journeys/test_web.py"
    assert scope_of(f"{web}::test_a[b]") == f"{web}::test_a[b]"
    assert scope_of("tests/journeys/test_serve.py::test_a[b]") == "tests/journeys/test_serve.py"


@pytest.mark.parametrize("scope", SECONDS)
def test_what_is_said_to_take_long_is_there(scope: str) -> None:
    file, _, test = scope.partition("::")
    assert (_ROOT / file).exists()
    name, _, case = test.partition("[")
    assert name in (_ROOT / file).read_text()
    assert case.rstrip("]") in (_ROOT / file).read_text()
