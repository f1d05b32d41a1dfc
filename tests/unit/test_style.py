"""The rules of STYLE.md that no tool checks for us: how modules begin, what they are called, how long they grow.

Beauty is lost in the tail, so the largest file and the longest function are watched, not the average.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "src" / "mno").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
#: One constructor call of sixty columns on the hot path; its decisions are in functions of their own.
LONG_FUNCTIONS = {"src/mno/observability/ingest/normalise.py": {"span_of"}}
#: Names that say nothing about what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
#: Written apart, so that this file does not break its own rule.
LEFT_OVER = re.compile(r"#.*\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def functions_of(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("file", [file for file in SOURCE if file.read_text(encoding="utf-8").strip()], ids=name_of)
def test_a_module_says_what_it_is_and_why(file: Path) -> None:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert docstring, f"{name_of(file)} begins without a paragraph about itself"


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {part for file in SOURCE for part in file.relative_to(ROOT / "src").with_suffix("").parts}
    assert not named & EMPTY_NAMES


@pytest.mark.parametrize("file", SOURCE, ids=name_of)
def test_nothing_is_left_to_do_in_the_source(file: Path) -> None:
    left = [line for line in file.read_text(encoding="utf-8").splitlines() if LEFT_OVER.search(line)]
    assert not left


@pytest.mark.parametrize("file", SOURCE, ids=name_of)
def test_files_and_functions_stay_short(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{name_of(file)} has {lines} lines"
    # a function that only holds others (a router over its service) is as long as they are
    for function in functions_of(file):
        if function.name in LONG_FUNCTIONS.get(name_of(file), ()):
            continue
        own = function_lines(function)
        assert own <= MAX_FUNCTION_LINES, f"{name_of(file)}: {function.name} has {own} lines"


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without those of the functions that stand in it."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    nested: set[int] = set()
    for node in inner:
        if node is not function:
            nested.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(set(range(function.lineno, (function.end_lineno or function.lineno) + 1)) - nested)


@pytest.mark.parametrize("file", TESTS, ids=name_of)
def test_the_name_of_a_test_is_a_sentence(file: Path) -> None:
    short = [
        function.name
        for function in functions_of(file)
        if function.name.startswith("test_") and len(function.name.removeprefix("test_").split("_")) < 3
    ]
    assert not short


@pytest.mark.parametrize("file", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_nothing_is_mocked(file: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert not [name for name in imported if name.startswith(("unittest.mock", "mock", "pytest_mock"))]
