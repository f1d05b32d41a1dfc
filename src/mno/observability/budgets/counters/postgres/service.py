"""The counters that need nothing but Postgres: rows, and one statement for a turn."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.observability.budgets.counters.model import NOTHING_ASKED, ByCounter, Recount
from mno.observability.budgets.counters.postgres import store
from mno.observability.budgets.model import Budget, Window
from mno.platform.database import Connection, Database

#: How long a call whose lease has run out can still be settled.
ENDED_LIFETIME = timedelta(days=2)
#: How long counters of past periods are kept.
COUNTER_LIFETIME = timedelta(days=100)
#: Reservations that are forgotten in one transaction.
MAX_PRUNED_RESERVATIONS = 10_000


class PostgresCounters:
    """A `Counters`. They are lost with the database only."""

    name = "Postgres"

    def __init__(self, database: Database) -> None:
        self._database = database
        #: Only turns use it; None where the program does not run, or Postgres went away.
        self._line: Connection | None = None
        self._runs = False

    def may_hold_ahead(self) -> bool:
        return self._line is not None

    async def turn(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        line = self._line
        if line is None:
            async with self._database.across_teams() as tx:
                return await store.turn(tx, asked)
        try:
            return await store.turn(line, asked)
        finally:
            if line.broken or line.closed:
                self._line = None

    async def sweep(self) -> None:
        if self._runs and self._line is None:
            self._line = await self._database.at_once("budgets")
        await self.turn(NOTHING_ASKED)

    async def oldest_minute_settled_since(self, budget: Budget, moment: datetime) -> datetime | None:
        async with self._database.transaction(budget.team_id) as tx:
            return await store.oldest_minute_settled_since(tx, budget.id, moment)

    async def recounted(self, tx: Connection, recount: Recount) -> None:
        budget, since = recount.budget, recount.window.since
        used = {**recount.base, **recount.recent}
        await store.lock_counters(tx, budget, since, used, every=True)
        await store.move_on(tx, budget, recount.cut, recount.settled_before)
        await store.save(tx, budget, "base", since, recount.base)
        await store.save(tx, budget, "recent", since, recount.recent)

    async def rebuilt(self, tx: Connection, recount: Recount) -> None:
        """What is lost with the database is not found here either."""
        await self.recounted(tx, recount)

    async def forgotten(self, budgets: Collection[UUID]) -> None:
        """Nobody asks for them."""

    async def followed(self, tx: Connection, budget: Budget, window: Window, recent: ByCounter) -> None:
        await store.lock_counters(tx, budget, window.since, recent, every=False)
        await store.save(tx, budget, "recent", window.since, recent)

    async def readings(self, budget: Budget, window: Window, whos: Sequence[str] | None) -> list[tuple[str, int]]:
        async with self._database.transaction(budget.team_id) as tx:
            return await store.readings(tx, budget.id, window.since, window.part, whos)

    async def used(self, budget: Budget, window: Window, *, limit: int) -> list[tuple[str, int, int]]:
        async with self._database.transaction(budget.team_id) as tx:
            return await store.used(tx, budget, window, limit=limit)

    async def prune(self, now: datetime) -> None:
        pruned = MAX_PRUNED_RESERVATIONS
        while pruned == MAX_PRUNED_RESERVATIONS:
            async with self._database.across_teams() as tx:
                pruned = await store.prune(tx, now - ENDED_LIFETIME, limit=MAX_PRUNED_RESERVATIONS)
        async with self._database.across_teams() as tx:
            await store.prune_counters(tx, now - COUNTER_LIFETIME)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._line, self._runs = await self._database.at_once("budgets"), True
        try:
            yield
        finally:
            line, self._line, self._runs = self._line, None, False
            if line is not None:
                await line.close()
