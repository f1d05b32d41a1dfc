"""Postgres: a pool of connections, and transactions that the services open.

The stores are plain functions over a `Connection`; rows are dictionaries, parameters are named
(`%(name)s`). A service opens the transaction, so that everything it changes commits together.

Every transaction says whose rows it may touch, and the engine holds it to that (row-level security, see
migrations/postgres/0002_fence.sql): a store whose query forgets the team finds nothing of another's.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mno.platform.errors import Invalid, Unavailable
from mno.platform.limits import MAX_POSTGRES_CONNECTIONS, POSTGRES_WAIT_S

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]

#: How a transaction begins, in one round trip: with the role without privileges that the fence holds for, and the team
#: that it lets through; both end with the transaction.
_FENCED = sql.SQL("BEGIN; SET LOCAL ROLE mno_app; SET LOCAL mno.team = {}")
_UNFENCED = sql.SQL("BEGIN")

#: What waits for the end of a transaction, by its connection.
_after_commit: WeakKeyDictionary[Connection, list[Callable[[], None]]] = WeakKeyDictionary()


def after_commit(tx: Connection, call: Callable[[], None]) -> None:
    """Calls `call` once this transaction has committed, before its caller goes on; never if it rolls back."""
    _after_commit.setdefault(tx, []).append(call)


class Database:
    """The records' engine.

    A connection that is lost or a pool that stays empty surfaces as `Unavailable`, a value that Postgres cannot
    hold (text with a NUL, a number out of range) as `Invalid`; a violated constraint stays psycopg's error, for
    the store that knows what it means.
    """

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._url = ""

    async def open(self, url: str) -> None:
        """Connects to `url`, a libpq URL or keyword string; `Unavailable` when nobody answers in POSTGRES_WAIT_S."""
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=MAX_POSTGRES_CONNECTIONS,
            timeout=POSTGRES_WAIT_S,
            max_idle=60,
            open=False,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "options": "-c timezone=UTC",
                "application_name": "mno",
            },
        )
        try:
            await pool.open(wait=True, timeout=POSTGRES_WAIT_S)
        except PoolTimeout:
            await pool.close()
            raise Unavailable("Postgres does not answer. Is MNO_POSTGRES_URL right, and the server up?") from None
        self._pool = pool
        self._url = url

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def transaction(self, team_id: UUID | None = None) -> AsyncIterator[Connection]:
        """Inside a transaction over the rows of one team: commits at the end, rolls back when an error leaves it.

        Without a team, only tables that belong to no team show anything.
        """
        async with self._begun(_FENCED.format("" if team_id is None else str(team_id))) as connection:
            yield connection

    @asynccontextmanager
    async def across_teams(self) -> AsyncIterator[Connection]:
        """The same over every team's rows: for what comes before the team is known (who does this key belong to?)
        and for the program's own work.
        """
        async with self._begun(_FENCED.format("*")) as connection:
            yield connection

    @asynccontextmanager
    async def as_administrator(self) -> AsyncIterator[Connection]:
        """The same with the rights of the account that we connect with, for the schema's sake only."""
        async with self._begun(_UNFENCED) as connection:
            yield connection

    async def listening(self, channel: str) -> Connection:
        """A connection outside of the pool, for one part that listens all the time; its caller closes it.

        It holds no transaction and sees only tables that belong to no team. `Unavailable` when nobody answers.
        """
        return await self._apart(channel, sql.SQL("SET ROLE mno_app; LISTEN {}").format(sql.Identifier(channel)))

    async def at_once(self, name: str) -> Connection:
        """A connection outside of the pool, for one part whose every statement is a transaction of its own, over the
        rows of all teams: it costs one round trip and not three. Its caller closes it. `Unavailable` as above.
        """
        return await self._apart(name, sql.SQL("SET ROLE mno_app; SET mno.team = '*'"))

    async def _apart(self, name: str, first: sql.SQL | sql.Composed) -> Connection:
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                row_factory=dict_row,
                options="-c timezone=UTC",
                application_name=f"mno {name}",
                connect_timeout=int(POSTGRES_WAIT_S),
            )
            try:
                await connection.execute(first)
            except BaseException:
                await connection.close()
                raise
        except psycopg.OperationalError as error:
            raise Unavailable("Postgres does not answer.") from error
        return connection

    @asynccontextmanager
    async def _begun(self, begin: sql.SQL | sql.Composed) -> AsyncIterator[Connection]:
        if self._pool is None:
            raise Unavailable("The database is not open.")
        try:
            connection = await _taken(self._pool, begin)
            try:
                async with connection:
                    yield connection
                    # a connection that was lost would leave without a word
                    await connection.commit()
                for call in _after_commit.pop(connection, []):
                    call()
            finally:
                _after_commit.pop(connection, None)
                await self._pool.putconn(connection)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise Unavailable("The database does not answer; try again.") from error
        except psycopg.DataError as error:
            raise Invalid(f"A value cannot be stored: {str(error)[:200]}.") from error


async def _taken(pool: AsyncConnectionPool[Connection], begin: sql.SQL | sql.Composed) -> Connection:
    """A connection with a transaction begun; those that were lost while nobody used them are passed over.

    Only the first statement may meet one, so nothing was done yet, and to ask each time would cost a round trip.
    """
    until = time.monotonic() + POSTGRES_WAIT_S
    while (left_s := until - time.monotonic()) > 0:
        connection = await pool.getconn(left_s)
        try:
            await connection.execute(begin, prepare=False)
        except BaseException as error:
            await pool.putconn(connection)
            if not (isinstance(error, psycopg.OperationalError) and connection.closed):
                raise
        else:
            return connection
    raise PoolTimeout("every connection was lost")
