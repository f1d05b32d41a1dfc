"""The rules of STYLE.md that no tool checks for us: how modules begin, what they are called, how long they grow.

Beauty is lost in the tail, so the largest file and the longest function are watched, not the average.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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


@cache
def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(read(file))))


def functions_of(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes_of(file):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_module_says_what_it_is_and_why() -> None:
    silent = [name_of(file) for file in SOURCE if read(file).strip() and not ast.get_docstring(ast.parse(read(file)))]
    assert not silent, "these begin without a paragraph about themselves"


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {part for file in SOURCE for part in file.relative_to(ROOT / "src").with_suffix("").parts}
    assert not named & EMPTY_NAMES


def test_nothing_is_left_to_do_in_the_source() -> None:
    left = [f"{name_of(file)}: {line}" for file in SOURCE for line in read(file).splitlines() if LEFT_OVER.search(line)]
    assert not left


def test_files_stay_short() -> None:
    lengths = {name_of(file): len(read(file).splitlines()) for file in SOURCE}
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES}


def test_functions_stay_short() -> None:
    # a function that only holds others (a router over its service) is as long as they are
    lengths = {
        f"{name_of(file)}: {function.name}": function_lines(function)
        for file in SOURCE
        for function in functions_of(file)
        if function.name not in LONG_FUNCTIONS.get(name_of(file), ())
    }
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES}


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without those of the functions that stand in it."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    nested: set[int] = set()
    for node in inner:
        if node is not function:
            nested.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(set(range(function.lineno, (function.end_lineno or function.lineno) + 1)) - nested)


def test_the_name_of_a_test_is_a_sentence() -> None:
    short = [
        f"{name_of(file)}: {function.name}"
        for file in TESTS
        for function in functions_of(file)
        if function.name.startswith("test_") and len(function.name.removeprefix("test_").split("_")) < 3
    ]
    assert not short


def test_nothing_is_mocked() -> None:
    imported = [
        (name_of(file), name)
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in nodes_of(file)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    ]
    assert imported
    assert not [one for one in imported if one[1].startswith(("unittest.mock", "mock", "pytest_mock"))]
