"""Migrations against the real engines: applied once, in several processes at once, resumed after a crash."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.errors import Conflict
from mno.platform.migrate import Migration, migrate_clickhouse, migrate_postgres, migrations_of, pending
from support.engines import opened, silent


async def test_a_second_run_applies_nothing(database: Database, clickhouse: ClickHouse) -> None:
    reported: list[str] = []
    await migrate_postgres(database, migrations_of("postgres"), reported.append)
    await migrate_clickhouse(clickhouse, migrations_of("clickhouse"), reported.append)
    assert reported == []


async def test_processes_that_start_together_apply_each_migration_once(postgres_url: str) -> None:
    extra = [*migrations_of("postgres"), Migration(9001, "extra", "CREATE TABLE extra (n int)")]
    reported: list[str] = []

    async def start() -> None:
        async with opened(postgres_url) as database:
            await migrate_postgres(database, extra, reported.append)

    await asyncio.gather(*(start() for _ in range(4)))
    assert reported == ["Postgres: 9001 extra"]


async def test_a_migration_that_fails_leaves_nothing_behind(database: Database) -> None:
    broken = Migration(9001, "broken", "CREATE TABLE half (n int); SELECT nonsense")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        await migrate_postgres(database, [*migrations_of("postgres"), broken], silent)
    async with database.as_administrator() as tx:
        row = await (await tx.execute("SELECT to_regclass('half') AS half")).fetchone()
    assert row == {"half": None}


async def test_an_edited_migration_is_refused_by_the_engine_that_has_it(database: Database) -> None:
    edited = [Migration(1, "identity", "SELECT 1"), *migrations_of("postgres")[1:]]
    with pytest.raises(Conflict, match="0001_identity"):
        await migrate_postgres(database, edited, silent)


@pytest.fixture
async def scratch_table(clickhouse: ClickHouse) -> AsyncIterator[str]:
    name = f"scratch_{uuid4().hex}"
    yield name
    await clickhouse.command(f"DROP TABLE IF EXISTS {name}_a")
    await clickhouse.command(f"DROP TABLE IF EXISTS {name}_b")
    await clickhouse.command("ALTER TABLE migrations DELETE WHERE number >= 9000 SETTINGS mutations_sync = 1")


async def test_an_interrupted_clickhouse_migration_goes_on_where_it_stopped(
    clickhouse: ClickHouse, scratch_table: str
) -> None:
    one = f"CREATE TABLE {scratch_table}_a (n Int8) ENGINE = MergeTree ORDER BY n"
    two = f"CREATE TABLE {scratch_table}_b (n Int8) ENGINE = MergeTree ORDER BY n"
    fill = f"INSERT INTO {scratch_table}_a VALUES (1)"
    await clickhouse.command(one)  # a run that ended after the statement and before its record
    migrations = [*migrations_of("clickhouse"), Migration(9001, "scratch", ";\n".join((one, two, fill)))]
    for _ in range(2):
        await migrate_clickhouse(clickhouse, migrations, silent)
    assert await clickhouse.rows_of_all(f"SELECT n FROM {scratch_table}_a") == [{"n": 1}]
    rows = await clickhouse.rows_of_all("SELECT number, checksum FROM migrations WHERE last GROUP BY number, checksum")
    assert pending(migrations, {row["number"]: row["checksum"] for row in rows}) == []
