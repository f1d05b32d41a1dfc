"""What tests with real engines share: an open database, a key with all permissions, silence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database

#: The bootstrap key of the application under test.
ADMIN_KEY = "mno_" + "admin0123" * 4


def silent(_: str) -> None:
    """Takes the place of printed progress."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database()
    await database.open(url)
    try:
        yield database
    finally:
        await database.close()


def emptied(engine: ClickHouse) -> None:
    """Takes all rows out of the tables of the span store."""
    full = engine.read_now(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'migrations'"
    )
    for name in full["name"].to_pylist():
        engine.command_now(f"TRUNCATE TABLE {name}")
