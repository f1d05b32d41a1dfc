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
from support.backends import NOBODY, kept

Connection = psycopg.Connection[tuple[Any, ...]]

#: Tests after which a database is left for a new one, because deleted rows still make its tables longer.
TESTS_FOR_A_DATABASE = 60

#: What nobody needs for a database of tests: to find it again after the machine lost its power.
_IN_A_HURRY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

#: Who still is in the database, the sessions apart that wait for the next test.
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> '{NOBODY}'"
)

#: What initdb made has smaller numbers. In the long catalogues nobody looks for changes there.
_OURS = 16384
_CATALOGUES = {
    "pg_attrdef": "",
    "pg_attribute": f"WHERE attrelid >= {_OURS}",
    "pg_class": f"WHERE oid >= {_OURS}",
    "pg_constraint": f"WHERE oid >= {_OURS}",
    "pg_extension": "",
    "pg_namespace": "",
    "pg_policy": "",
    "pg_proc": f"WHERE oid >= {_OURS}",
    "pg_rewrite": f"WHERE oid >= {_OURS}",
    "pg_trigger": "",
    "pg_type": f"WHERE oid >= {_OURS}",
}

#: Everything that a statement of DDL would change: who made which row of the catalogue.
_SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), sum(xmin::text::bigint) FROM {catalogue} {ours}"
    for catalogue, ours in _CATALOGUES.items()
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
    tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
    changed = [
        table for table in tables if table in original.rows and _rows_of(connection, table) != original.rows[table]
    ]
    # neither triggers nor foreign keys: what they would do is undone as well
    undo = ["SET LOCAL session_replication_role = replica"]
    undo += [f"DELETE FROM {table}" for table in tables if table in changed or table not in original.rows]
    undo += [f"SELECT setval('{name}', {last}, {called})" for name, last, called in original.sequences]
    connection.execute("; ".join(undo))
    for table in changed:
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(original.rows[table])
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
        self._inside: Connection | None = None
        self._original: Contents | None = None

    def close(self) -> None:
        """Leaves no database behind."""
        if self._inside is not None:
            self._drop(self._inside)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database that nobody else has."""
        inside = self._inside or self._clone()
        yield self._url
        self._lent += 1
        if self._lent >= TESTS_FOR_A_DATABASE or not self._taken_back(inside):
            self._drop(inside)

    @property
    def _url(self) -> str:
        return self._server.url_of(self._name)

    def _clone(self) -> Connection:
        """A connection that stays as long as the database, because a new one would learn the catalogue each time."""
        self._name, self._lent = f"{self._prefix}_{next(self._numbers)}", 0
        with self._administrator() as connection:
            connection.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template} STRATEGY WAL_LOG")
        self._inside = psycopg.connect(self._url, autocommit=True)
        if self._original is None:
            self._original = contents_of(self._inside)
        kept.keep(self._url)
        return self._inside

    def _drop(self, inside: Connection) -> None:
        kept.end(self._url)
        inside.close()
        self._inside = None
        with self._administrator() as connection:
            connection.execute(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _administrator(self) -> Connection:
        return psycopg.connect(self._server.url_of("postgres"), autocommit=True)

    def _taken_back(self, inside: Connection) -> bool:
        assert self._original is not None
        inside.execute(_OTHERS)
        with inside.transaction():
            return restored(inside, self._original)
