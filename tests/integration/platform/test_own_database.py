"""Every test's database is as new, whatever the one before did to it: the tests rely on it."""

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
