"""The connections of a test's program, kept for the next test as a pooler in session mode does.

A new connection costs Postgres a process that knows nothing of the catalogue yet: to learn it was most of what the
server did in a test. `DISCARD ALL` takes from a session whatever was set, locked, listened to or prepared; what the
program holds is closed as ever. Only databases of `kept` take part, and only inside this process.
"""

from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

Connection = psycopg.AsyncConnection[Any]

#: Sessions that are kept for one database; a program in a test has rarely more than five.
MAX_KEPT = 12
#: The application's name in the server, as long as nobody has the session.
NOBODY = "kept for the next test"

#: What stands in a closed connection, whose session goes on for another.
_ENDED = psycopg.pq.PGconn.connect_start(b"host=/nonexistent")
_ENDED.finish()

_connect = psycopg.AsyncConnection.connect
_close = psycopg.AsyncConnection.close


class Backends:
    """Sessions without an owner, by the address of their database and the options that they began with."""

    def __init__(self) -> None:
        self._idle: dict[str, list[tuple[str, PGconn]]] = {}
        self._made: WeakKeyDictionary[Connection, tuple[str, str]] = WeakKeyDictionary()

    def keep(self, url: str) -> None:
        """From now on sessions of this database are kept."""
        self._idle[url] = []

    def end(self, url: str) -> None:
        for _, session in self._idle.pop(url):
            session.finish()

    async def connect(
        self, url: str = "", *, autocommit: bool = False, row_factory: Any = None, options: str = "", **more: Any
    ) -> Connection:
        """Takes the place of `AsyncConnection.connect`."""
        session = self._taken(url, options, more.get("application_name", ""))
        if session is None:
            arguments = {"autocommit": autocommit, "row_factory": row_factory, "options": options, **more}
            connection: Connection = await _connect(url, **arguments)
        else:
            connection = psycopg.AsyncConnection(session)
            await connection.set_autocommit(autocommit)
            connection.row_factory = row_factory or connection.row_factory
        if url in self._idle:
            self._made[connection] = url, options
        return connection

    async def close(self, connection: Connection) -> None:
        """Takes the place of `AsyncConnection.close`."""
        url, options = self._made.pop(connection, ("", ""))
        idle = self._idle.get(url)
        if idle is None or len(idle) >= MAX_KEPT or connection.closed or not _as_new(connection.pgconn):
            await _close(connection)
        else:
            idle.append((options, connection.pgconn))
            vars(connection).update(pgconn=_ENDED, _closed=True)

    def _taken(self, url: str, options: str, name: str) -> PGconn | None:
        idle = self._idle.get(url, [])
        for place in reversed(range(len(idle))):
            if idle[place][0] == options:
                _, session = idle.pop(place)
                if _done(session, "SET application_name = {}", name):
                    return session
                session.finish()  # a test of lost connections has ended it
        return None


def _as_new(session: PGconn) -> bool:
    """Whether nothing of its owner is in it any more."""
    if session.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        _done(session, "ROLLBACK")
    if session.transaction_status != TransactionStatus.IDLE or session.pipeline_status:
        return False
    if not (_done(session, "DISCARD ALL") and _done(session, "SET application_name = {}", NOBODY)):
        return False
    while session.notifies():
        pass
    return True


def _done(session: PGconn, statement: LiteralString, *values: str) -> bool:
    text = sql.SQL(statement).format(*map(sql.Literal, values)).as_bytes(None)
    return session.exec_(text).status == ExecStatus.COMMAND_OK


kept = Backends()


def keep_backends() -> None:
    """For every connection that this process makes from now on to a database of `kept`."""

    async def connect(_: type[Connection], *positional: Any, **named: Any) -> Connection:
        return await kept.connect(*positional, **named)

    async def close(connection: Connection) -> None:
        await kept.close(connection)

    setattr(psycopg.AsyncConnection, "connect", classmethod(connect))  # noqa: B010
    setattr(psycopg.AsyncConnection, "close", close)  # noqa: B010
