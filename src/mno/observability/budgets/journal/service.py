"""Writes calls to the ledger when they have ended, many at once and beside the path of calls.

What a crash loses is nothing but detail: the hourly posting compares the ledger with the spans and writes the
difference as usage.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from mno.observability.budgets.journal import store
from mno.observability.budgets.journal.model import Ended
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: Calls that wait to be written while Postgres is away; the oldest go first.
MAX_JOURNAL = 100_000
#: Calls that are written in one transaction.
MAX_WRITTEN_AT_ONCE = 2_000
#: How long calls gather before they are written, in seconds.
GATHER_S = 0.2


class Journal:
    """`heard` belongs to the event loop and never waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Ended] = deque(maxlen=MAX_JOURNAL)
        self._stirred = asyncio.Event()

    def heard(self, calls: Iterable[Ended]) -> None:
        self._waiting.extend(calls)
        self._stirred.set()

    async def write(self) -> None:
        """Writes what has gathered."""
        while self._waiting:
            writing = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_WRITTEN_AT_ONCE))]
            try:
                async with self._database.across_teams() as tx:
                    await store.insert(tx, writing)
            except MnoError:
                self._waiting.extendleft(reversed(writing))
                raise

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        going_on = asyncio.create_task(self._go_on(), name="budgets-journal")
        try:
            yield
        finally:
            await ended(going_on)
            with contextlib.suppress(MnoError):
                await self.write()

    async def _go_on(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await asyncio.sleep(GATHER_S)
            try:
                await self.write()
            except MnoError as error:
                _log.warning("The ledger does not hear of calls at the moment: %s", error)
                await asyncio.sleep(1)
                self._stirred.set()
