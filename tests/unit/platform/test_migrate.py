"""Migrations are ordered, applied once, never edited; a ClickHouse file is split into its statements."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.errors import Conflict
from mno.platform.migrate import Migration, migrations_of, pending, statements_of

ONE = Migration(1, "one", "SELECT 1")
TWO = Migration(2, "two", "SELECT 2")


def test_files_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    for name in ("0010_b.sql", "0002_a.sql", "README.md", "notes.sql"):
        (folder / name).write_text("SELECT 1")
    assert [(one.number, one.name) for one in migrations_of("postgres", tmp_path)] == [(2, "a"), (10, "b")]


def test_two_files_of_one_number_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    for name in ("0002_a.sql", "0002_b.sql"):
        (folder / name).write_text("SELECT 1")
    with pytest.raises(Conflict, match="number 2"):
        migrations_of("postgres", tmp_path)


def test_only_what_is_missing_is_applied() -> None:
    assert pending([ONE, TWO], {}) == [ONE, TWO]
    assert pending([ONE, TWO], {1: ONE.checksum}) == [TWO]
    assert pending([ONE, TWO], {1: ONE.checksum, 2: TWO.checksum}) == []


def test_an_edited_file_is_refused_by_name() -> None:
    with pytest.raises(Conflict, match="0001_one"):
        pending([ONE, TWO], {1: "another checksum"})


def test_data_of_a_newer_program_is_left_alone() -> None:
    with pytest.raises(Conflict, match="newer version"):
        pending([ONE], {1: ONE.checksum, 2: TWO.checksum})


def test_statements_end_at_semicolons_in_code_only() -> None:
    sql = """
    -- a comment; with a semicolon
    CREATE TABLE a (x String DEFAULT 'one;two''s \\'; three'); /* ; */
    SELECT "quo;ted", `back;ticks`;
    ;;
    -- the end;
    """
    assert [statement.split()[-1] for statement in statements_of(sql)] == ["three')", "`back;ticks`"]


def test_the_last_statement_needs_no_semicolon() -> None:
    assert list(statements_of("SELECT 1; SELECT 2")) == ["SELECT 1", "SELECT 2"]
    assert list(statements_of("SELECT '")) == ["SELECT '"]
    assert list(statements_of("/* open")) == []


pieces = st.sampled_from(["SELECT 1", "'a;b'", '"c;d"', "`e;f`", "-- g;h\n", "/* i;j */", "'it''s'", r"'\';'", " "])


@given(st.lists(st.lists(pieces, min_size=1, max_size=4), max_size=5))
def test_splitting_undoes_joining(statements: list[list[str]]) -> None:
    texts = [" ".join(parts) for parts in statements]
    code = [text.strip() for text in texts if _has_code(text)]
    assert list(statements_of(";".join(texts))) == code


def _has_code(text: str) -> bool:
    for comment in ("-- g;h\n", "/* i;j */"):
        text = text.replace(comment, "")
    return bool(text.strip())


def test_our_own_clickhouse_files_split_into_statements_that_begin_with_a_verb() -> None:
    for migration in migrations_of("clickhouse"):
        for statement in statements_of(migration.sql):
            code = "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip()
            assert code.startswith(("CREATE", "ALTER", "DROP", "INSERT")), code[:60]
