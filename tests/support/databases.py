"""Databases for tests: cloned once, emptied between two tests, cloned anew when a test changed more than rows.

A clone writes ten megabytes, which would be most of what a test costs; what a test leaves behind are some rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import sql

from mno.platform.postgres_server import PostgresServer

Connection = psycopg.Connection[tuple[Any, ...]]

#: Tests after which a database is left for a new one, because deleted rows still make its tables longer.
TESTS_FOR_A_DATABASE = 60

#: What nobody needs for a database of tests: to find it again after the machine lost its power.
_IN_A_HURRY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"

#: Everything that a statement of DDL would change: who made which row of the catalogue.
_SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), sum(xmin::text::bigint) FROM {catalogue}"
    for catalogue in (
        "pg_attrdef",
        "pg_attribute",
        "pg_class",
        "pg_constraint",
        "pg_extension",
        "pg_namespace",
        "pg_policy",
        "pg_proc",
        "pg_rewrite",
        "pg_trigger",
        "pg_type",
    )
) + (
    " UNION ALL SELECT 'settings', count(*), 0 FROM pg_db_role_setting"
    " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


#: Tables whose files are not empty: those with rows, and those that had some since the clone.
_TABLES = (
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND pg_relation_size(oid) > 0"
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a new clone holds: its schema's fingerprint, tables with rows as COPY writes them, sequences."""

    schema: list[tuple[Any, ...]]
    rows: dict[str, bytes]
    sequences: list[tuple[str, int, bool]]


def hurry(server: PostgresServer) -> None:
    """Lets a server of tests answer before anything is on the disk."""
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        for name, value in _IN_A_HURRY.items():
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.execute("SELECT pg_reload_conf()")


def contents_of(connection: Connection) -> Contents:
    sequences: list[tuple[str, int, bool]] = []
    for (name,) in connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'").fetchall():
        row = connection.execute(f"SELECT last_value, is_called FROM {name}").fetchone()
        assert row is not None
        sequences.append((name, *row))
    rows = {table: _rows_of(connection, table) for (table,) in connection.execute(_TABLES).fetchall()}
    return Contents(
        connection.execute(_SCHEMA).fetchall(), {name: kept for name, kept in rows.items() if kept}, sequences
    )


def restored(connection: Connection, original: Contents) -> bool:
    """Whether rows and sequences are as they were; false when the schema is not, which only a new clone mends."""
    if connection.execute(_SCHEMA).fetchall() != original.schema:
        return False
    # neither triggers nor foreign keys: what they would do is undone as well
    connection.execute("SET session_replication_role = replica")
    for (table,) in connection.execute(_TABLES).fetchall():
        kept = original.rows.get(table, b"")
        if not kept:
            connection.execute(f"DELETE FROM {table}")
        elif _rows_of(connection, table) != kept:
            connection.execute(f"DELETE FROM {table}")
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(kept)
    for name, last, called in original.sequences:
        connection.execute("SELECT setval(%s, %s, %s)", (name, last, called))
    return True


def _rows_of(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(sorted(bytes(line) for line in copy))


class Databases:
    """Lends one database at a time; whoever gets it finds what `template` holds and nothing else."""

    def __init__(self, server: PostgresServer, template: str, prefix: str = "test") -> None:
        self._server = server
        self._template = template
        self._prefix = prefix
        self._numbers = count(1)
        self._name = ""
        self._lent = 0
        self._original: Contents | None = None

    def close(self) -> None:
        """Leaves no database behind."""
        if self._name:
            self._drop()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database that nobody else has."""
        if not self._name:
            self._clone()
        yield self._server.url_of(self._name)
        self._lent += 1
        if self._lent >= TESTS_FOR_A_DATABASE or not self._taken_back():
            self._drop()

    def _clone(self) -> None:
        self._name, self._lent = f"{self._prefix}_{next(self._numbers)}", 0
        with self._administrator() as connection:
            connection.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template} STRATEGY WAL_LOG")
        if self._original is None:
            with psycopg.connect(self._server.url_of(self._name), autocommit=True) as connection:
                self._original = contents_of(connection)

    def _drop(self) -> None:
        with self._administrator() as connection:
            connection.execute(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._name = ""

    def _administrator(self) -> Connection:
        return psycopg.connect(self._server.url_of("postgres"), autocommit=True)

    def _taken_back(self) -> bool:
        assert self._original is not None
        with psycopg.connect(self._server.url_of(self._name)) as connection:
            connection.execute(_OTHERS, (self._name,))
            return restored(connection, self._original)
