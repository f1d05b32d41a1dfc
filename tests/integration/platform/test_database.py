"""Transactions commit whole or not at all, and a lost engine is an error that invites another try."""

from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest

from mno.platform.database import Connection, Database, after_commit
from mno.platform.errors import Invalid, Unavailable
from mno.platform.postgres_server import PostgresServer

_NOTE = "INSERT INTO identity_teams (id, name) VALUES (gen_random_uuid(), 'noted')"
_NOTES = "SELECT count(*) AS notes FROM identity_teams"


async def test_a_transaction_commits_at_its_end(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(_NOTE)
    async with database.transaction() as tx:
        assert await (await tx.execute(_NOTES)).fetchall() == [{"notes": 1}]


async def test_an_error_that_leaves_a_transaction_undoes_it(database: Database) -> None:
    with pytest.raises(ValueError, match="stop"):
        async with database.transaction() as tx:
            await tx.execute(_NOTE)
            raise ValueError("stop")
    async with database.transaction() as tx:
        assert await (await tx.execute(_NOTES)).fetchone() == {"notes": 0}


async def test_times_are_in_utc(database: Database) -> None:
    async with database.transaction() as tx:
        row = await (await tx.execute("SELECT timestamptz '2026-01-01 00:00+08' AS moment")).fetchone()
    assert row == {"moment": datetime(2025, 12, 31, 16, tzinfo=UTC)}
    assert row["moment"].utcoffset().total_seconds() == 0


async def process_of(tx: Connection) -> int:
    row = await (await tx.execute("SELECT pg_backend_pid() AS process")).fetchone()
    assert row is not None
    return int(row["process"])


def end(server: PostgresServer, *processes: int) -> None:
    with psycopg.connect(server.url_of("postgres")) as other:
        for process in processes:
            assert other.execute("SELECT pg_terminate_backend(%s, 45000)", (process,)).fetchone() == (True,)


async def test_a_lost_connection_is_unavailable_and_the_next_transaction_works(
    database: Database, postgres_server: PostgresServer
) -> None:
    with pytest.raises(Unavailable):
        async with database.as_administrator() as tx:
            end(postgres_server, await process_of(tx))
            await tx.execute("SELECT 1")
    async with database.transaction() as tx:
        await tx.execute("SELECT 1")


async def test_a_transaction_whose_connection_is_lost_has_not_committed_even_when_nobody_noticed(
    database: Database, postgres_server: PostgresServer
) -> None:
    told: list[str] = []
    with pytest.raises(Unavailable):
        async with database.as_administrator() as tx:
            after_commit(tx, lambda: told.append("committed"))
            end(postgres_server, await process_of(tx))
            with suppress(psycopg.OperationalError):
                await tx.execute(_NOTE)
    assert told == []


async def test_connections_that_were_lost_while_nobody_used_them_are_passed_over(
    database: Database, postgres_server: PostgresServer
) -> None:
    async with database.transaction() as one, database.transaction() as two, database.transaction() as three:
        processes = {await process_of(tx) for tx in (one, two, three)}
    assert len(processes) == 3
    end(postgres_server, *processes)
    async with database.transaction() as tx:
        assert await process_of(tx) not in processes


async def test_a_value_that_postgres_cannot_hold_is_invalid(database: Database) -> None:
    with pytest.raises(Invalid, match="cannot be stored"):
        async with database.transaction() as tx:
            await tx.execute("SELECT %(value)s::text", {"value": "a\0b"})


async def test_a_database_that_is_not_open_says_so() -> None:
    database = Database()
    with pytest.raises(Unavailable, match="not open"):
        async with database.transaction():
            pass
    await database.close()


async def test_an_address_where_nobody_answers_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mno.platform.database.POSTGRES_WAIT_S", 0.2)
    with pytest.raises(Unavailable, match="MNO_POSTGRES_URL"):
        await Database().open("host=/nonexistent user=mno dbname=mno")
