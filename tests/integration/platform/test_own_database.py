"""Every test's database and every session with it is as new, whatever the test before did: the tests rely on it."""

from collections.abc import Iterator

import psycopg
import pytest

from mno.platform.postgres_server import PostgresServer
from support.databases import TESTS_FOR_A_DATABASE, Contents, Databases, contents_of


@pytest.fixture
def databases(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Databases]:
    """Of this test alone, beside the one that lends to the others."""
    own = Databases(postgres_server, postgres_template, "own")
    yield own
    own.close()


def use(databases: Databases, *statements: str) -> Contents:
    """What a borrower found before it ran its statements."""
    with databases.lent() as url, psycopg.connect(url, autocommit=True) as connection:
        found = contents_of(connection)
        for statement in statements:
            connection.execute(statement)
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts_relay SET position = 7",
        "DELETE FROM facts_relay",
        "DELETE FROM migrations WHERE number > 3",
        "INSERT INTO identity_teams (id, name) VALUES (gen_random_uuid(), 'Left behind')",
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('left', 'behind')",
        "SELECT nextval('procrastinate_jobs_id_seq'), nextval('procrastinate_jobs_id_seq')",
        "CREATE TABLE left_behind (n int)",
        "ALTER TABLE identity_teams DISABLE ROW LEVEL SECURITY",
        "CREATE OR REPLACE FUNCTION left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database()); END $$",
    ],
)
def test_nothing_is_left_behind(databases: Databases, statement: str) -> None:
    new = use(databases)
    assert new.rows
    assert use(databases, statement) == new
    assert use(databases) == new


def test_a_borrower_that_does_not_let_go_is_put_out(databases: Databases) -> None:
    with databases.lent() as url:
        held = psycopg.connect(url)
        held.execute("UPDATE facts_relay SET position = 7")
    with held, pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    use(databases)


def test_a_database_is_emptied_some_times_and_then_replaced(databases: Databases) -> None:
    names = set()
    for _ in range(TESTS_FOR_A_DATABASE + 1):
        with databases.lent() as url:
            names.add(url)
    assert len(names) == 2


#: What a session may have of its owner, and a question that nobody but the owner has an answer to.
_TRACES = {
    "a setting": ("SELECT set_config('mno.team', '*', false)", "SELECT nullif(current_setting('mno.team', true), '')"),
    "a role": ("SET ROLE mno_app", "SELECT nullif(current_user, 'mno')"),
    "a table": ("CREATE TEMP TABLE trace (n int)", "SELECT to_regclass('trace')"),
    "a statement": ("PREPARE trace AS SELECT 1", "SELECT max(name) FROM pg_prepared_statements"),
    "a channel": ("LISTEN trace", "SELECT max(c) FROM pg_listening_channels() AS c"),
    "a lock": ("SELECT pg_advisory_lock(7)", "SELECT max(pid) FROM pg_locks WHERE locktype = 'advisory'"),
    "a transaction": ("BEGIN; CREATE TABLE trace (n int)", "SELECT to_regclass('trace')"),
}


@pytest.mark.parametrize("trace", _TRACES)
async def test_a_session_is_lent_again_without_a_trace(databases: Databases, trace: str) -> None:
    leave, ask = _TRACES[trace]
    processes, found = set(), []
    with databases.lent() as url:
        for _ in range(2):
            line = await psycopg.AsyncConnection.connect(url, autocommit=True)
            processes.add(line.info.backend_pid)
            found.append(await (await line.execute(ask)).fetchone())
            await line.execute(leave)
            assert await (await line.execute(ask)).fetchone() != (None,)
            await line.close()
    assert len(processes) == 1
    assert found == [(None,), (None,)]


async def test_what_a_session_is_sent_after_its_owner_left_is_not_for_the_next(databases: Databases) -> None:
    with databases.lent() as url, psycopg.connect(url, autocommit=True) as other:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as line:
            await line.execute("LISTEN trace")
            other.execute("NOTIFY trace")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as line:
            await line.execute("LISTEN trace")
            other.execute("NOTIFY trace, 'new'")
            assert [told.payload async for told in line.notifies(stop_after=1)] == ["new"]


async def test_a_closed_connection_is_closed_although_its_session_goes_on(databases: Databases) -> None:
    with databases.lent() as url:
        line = await psycopg.AsyncConnection.connect(url)
        await line.close()
        assert line.closed
        assert not line.broken
        async with await psycopg.AsyncConnection.connect(url):
            with pytest.raises(psycopg.OperationalError, match="closed"):
                await line.execute("SELECT 1")


async def test_a_session_that_ended_while_nobody_had_it_is_not_lent(databases: Databases) -> None:
    with databases.lent() as url:
        async with await psycopg.AsyncConnection.connect(url) as line:
            process = line.info.backend_pid
        with psycopg.connect(url) as other:
            assert other.execute("SELECT pg_terminate_backend(%s, 45000)", (process,)).fetchone() == (True,)
        async with await psycopg.AsyncConnection.connect(url) as line:
            assert line.info.backend_pid != process
            await line.execute("SELECT 1")


async def test_a_session_in_the_middle_of_something_is_not_kept(databases: Databases) -> None:
    with databases.lent() as url:
        line = await psycopg.AsyncConnection.connect(url)
        process = line.info.backend_pid
        copy = line.cursor().copy("COPY facts_relay TO STDOUT")
        await copy.__aenter__()
        await line.close()
        async with await psycopg.AsyncConnection.connect(url) as other:
            assert other.info.backend_pid != process
