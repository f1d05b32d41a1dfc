"""Brings both engines' schemas up to date: numbered .sql files, forward only, each applied once.

What was applied is written down in the engine itself, in a table `migrations`, with the file's checksum: a
file that changed afterwards is refused, because two installations would then differ without a word.
Postgres applies a file in one transaction. ClickHouse has none, so there every statement is recorded, and
an interrupted file goes on where it stopped.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import pairwise

from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict
from mno.platform.paths import packaged

Report = Callable[[str], None]

#: Every process of an installation takes this advisory lock before it touches the schema.
_LOCK = 0x6D6E6F
_TABLE_EXISTS = 57


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0001_identity.sql` has number 1 and name `identity`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(engine: str, folder: Traversable | None = None) -> list[Migration]:
    """The files of `postgres` or `clickhouse` in their order; `Conflict` for two of one number."""
    migrations: list[Migration] = []
    for file in (folder or packaged("migrations")).joinpath(engine).iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql") and number.isdigit():
            migrations.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    migrations.sort(key=lambda migration: migration.number)
    for one, other in pairwise(migrations):
        if one.number == other.number:
            raise Conflict(f"Two {engine} migrations have the number {one.number}: {one.name} and {other.name}.")
    return migrations


async def migrate_postgres(database: Database, migrations: list[Migration], report: Report = print) -> None:
    """Applies what is missing; safe to run in several processes at once."""
    async with database.as_administrator() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await tx.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = await _applied_in_postgres(tx)
        for migration in pending(migrations, applied):
            report(f"Postgres: {migration.number:04d} {migration.name}")
            await tx.execute(migration.sql)
            await tx.execute(
                "INSERT INTO migrations (number, name, checksum) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.checksum),
            )


async def _applied_in_postgres(tx: Connection) -> dict[int, str]:
    rows = await (await tx.execute("SELECT number, checksum FROM migrations")).fetchall()
    return {row["number"]: row["checksum"] for row in rows}


async def migrate_clickhouse(clickhouse: ClickHouse, migrations: list[Migration], report: Report = print) -> None:
    """Applies what is missing, statement by statement; one process at a time."""
    await clickhouse.command(
        "CREATE TABLE IF NOT EXISTS migrations (number UInt32, statement UInt32, last UInt8, name String,"
        " checksum String, applied_at DateTime64(6, 'UTC') DEFAULT now64(6))"
        " ENGINE = MergeTree ORDER BY (number, statement)"
    )
    rows = await clickhouse.rows_of_all(
        "SELECT number, max(last) AS complete, max(statement) AS statement, any(checksum) AS checksum"
        " FROM migrations GROUP BY number"
    )
    complete = {row["number"]: row["checksum"] for row in rows if row["complete"]}
    reached = {row["number"]: row["statement"] for row in rows if not row["complete"]}
    for migration in pending(migrations, complete):
        report(f"ClickHouse: {migration.number:04d} {migration.name}")
        await _apply_statements(clickhouse, migration, reached.get(migration.number, 0))


async def _apply_statements(clickhouse: ClickHouse, migration: Migration, reached: int) -> None:
    statements = list(statements_of(migration.sql))
    for position, statement in enumerate(statements, start=1):
        if position > reached:
            await _apply(clickhouse, statement)
            await clickhouse.command(
                "INSERT INTO migrations (number, statement, last, name, checksum) VALUES"
                " ({number:UInt32}, {statement:UInt32}, {last:UInt8}, {name:String}, {checksum:String})",
                {
                    "number": migration.number,
                    "statement": position,
                    "last": int(position == len(statements)),
                    "name": migration.name,
                    "checksum": migration.checksum,
                },
            )


async def _apply(clickhouse: ClickHouse, statement: str) -> None:
    """One statement; a table that is there was made by a run that ended before it could write so down."""
    try:
        await clickhouse.command(statement)
    except Exception as error:
        if getattr(error, "code", None) != _TABLE_EXISTS:
            raise


def pending(migrations: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Those not applied yet; `Conflict` for one that was changed, or whose number an older program skipped."""
    for migration in migrations:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise Conflict(
                f"The migration {migration.number:04d}_{migration.name} was applied here with other contents. "
                "Applied migrations are never edited: put the file back and add a new one."
            )
    unknown = set(applied) - {migration.number for migration in migrations}
    if unknown:
        raise Conflict(
            f"This data was written by a newer version of the program (migration {max(unknown):04d}). "
            "Install that version again, or restore a backup from before."
        )
    return [migration for migration in migrations if migration.number not in applied]


def statements_of(sql: str) -> Iterator[str]:
    """The statements of a file, split at semicolons outside strings, quoted names and comments."""
    start = position = 0
    while position < len(sql):
        if sql[position] == ";":
            yield from _statement(sql[start:position])
            start = position = position + 1
        else:
            position = _next_position(sql, position)
    yield from _statement(sql[start:])


def _statement(text: str) -> Iterator[str]:
    if _has_code(text):
        yield text.strip()


def _has_code(text: str) -> bool:
    position = 0
    while position < len(text):
        comment = text.startswith(("--", "/*"), position)
        if not comment and not text[position].isspace():
            return True
        position = _next_position(text, position)
    return False


def _next_position(sql: str, position: int) -> int:
    """Behind the comment, string or quoted name that begins here, or behind this one character."""
    if sql.startswith("--", position):
        return _behind(sql, "\n", position)
    if sql.startswith("/*", position):
        return _behind(sql, "*/", position + 2)
    if sql[position] in "'\"`":
        return _behind_quote(sql, position)
    return position + 1


def _behind(sql: str, end: str, position: int) -> int:
    found = sql.find(end, position)
    return len(sql) if found < 0 else found + len(end)


def _behind_quote(sql: str, position: int) -> int:
    quote = sql[position]
    position += 1
    while position < len(sql) and sql[position] != quote:
        position += 2 if sql[position] == "\\" else 1
    return position + 1
