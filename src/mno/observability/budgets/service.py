"""Budgets at work: reserve before a call, settle or release after it.

The counters are in Postgres or in Redis, and every process takes turns at them (turns/): what fits is granted,
whatever happens at the same moment elsewhere, and nothing beyond. A reservation is a lease: if its process dies, what
it held comes back when the lease has run out.

A call that no budget counts asks nobody: that is known in memory. Its hour is posted to the ledger with everything
else that was used in it. While the counters do not answer, a call that a blocking budget counts is refused, and one
that only others count passes; its span tells them later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.observability.budgets import store
from mno.observability.budgets.book import TOPIC, Book, TeamBook
from mno.observability.budgets.counters.model import CountersLost
from mno.observability.budgets.counters.ports import Counters
from mno.observability.budgets.matching import amount_of, checked_amounts, checked_dimensions, counter_of, tags_of
from mno.observability.budgets.model import MAX_LEASE_S, Budget, Used
from mno.observability.budgets.ports import TimeZones
from mno.observability.budgets.thresholds.service import Thresholds
from mno.observability.budgets.turns.model import End, Hold, Reserve
from mno.observability.budgets.turns.service import Turns
from mno.observability.budgets.wording import exhausted, not_counted, unpriced
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError, Unavailable
from mno.platform.ids import new_id
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)

#: How often leases that ran out are given back although nobody calls, in seconds.
LEASE_SWEEP_INTERVAL_S = 15.0
#: How often a turn whose counters are lost is tried again, each time after counting them anew.
RECOUNT_ATTEMPTS = 3
#: The reservation of a call that no budget counts.
NOTHING_HELD = UUID(int=0)

#: Counts budgets whose counters are lost.
Recounting = Callable[[Collection[UUID]], Awaitable[None]]


class Budgets:
    """Every call of a team passes here, before and after."""

    def __init__(self, book: Book, thresholds: Thresholds, counters: Counters, recount: Recounting) -> None:
        self._thresholds = thresholds
        self._counters = counters
        self._recount = recount
        self._turns = Turns(self._take, thresholds.heard, counters.may_hold_ahead)
        self.book = book

    @property
    def counters(self) -> str:
        """Where the counters are, for people."""
        return self._counters.name

    async def reserve(
        self,
        team_id: UUID,
        project_id: UUID,
        dimensions: Mapping[str, str],
        bound: Used,
        lease_s: float,
        *,
        started_at: datetime | None = None,
    ) -> UUID:
        """Holds `bound`, the most that the call may use, on every budget that it counts against.

        `dimensions` are user, session, agent, api_key, provider, model, environment and `tag:NAME`; `lease_s` is
        after how long the hold ends by itself; `started_at` is the moment that the call's span will begin, now by
        default. NOTHING_HELD where no budget counts it. `BudgetExhausted` when a budget that blocks has no room:
        nothing is held then. `Unavailable` when such a budget cannot be asked. `Invalid` for amounts below zero or
        above MAX_CALL_AMOUNT.
        """
        checked_dimensions(dimensions)
        checked_amounts(bound)
        if not 0 < lease_s <= MAX_LEASE_S:
            raise Invalid(f"A lease lasts more than 0 and at most {MAX_LEASE_S} seconds.")
        at = started_at or clock.now()
        book = await self.book.of(team_id)
        holds = _holds(book, project_id, dimensions, bound, at)
        if not holds:
            return NOTHING_HELD
        wish = Reserve(
            id=new_id(),
            team_id=team_id,
            project_id=project_id,
            started_at=at,
            lease_s=lease_s,
            holds=holds,
            cost_nano=bound.cost_nano or 0,
            dimensions=dimensions,
            tags=tags_of(dimensions),
        )
        try:
            full = await self._turns.reserve(wish)
        except Unavailable as error:
            blocking = next((hold for hold in holds if hold.budget.hard), None)
            if blocking is None:
                return NOTHING_HELD
            raise not_counted(blocking) from error
        if full is not None:
            self._thresholds.refused(full.hold, full.spent)
            raise exhausted(full, book.zone.key, clock.now())
        return wish.id

    async def settle(self, reservation: UUID, actual: Used, *, estimated: bool = False) -> None:
        """Counts what the call used and gives back the rest; also when its lease has run out meanwhile.

        A second time it changes nothing.
        """
        checked_amounts(actual)
        if reservation != NOTHING_HELD:
            await self._turns.end(End(reservation, actual, estimated))

    async def release(self, reservation: UUID) -> None:
        """Gives everything back: the call was not made, or used nothing."""
        if reservation != NOTHING_HELD:
            await self._turns.end(End(reservation, None))

    async def sweep(self) -> None:
        """Gives back what leases that ran out have held."""
        await self._counters.sweep()

    async def prune(self) -> None:
        """Forgets reservations, counters and crossings that nobody will ask for."""
        now = clock.now()
        await self._counters.prune(now)
        await self._thresholds.prune(now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._counters.running():
            sweeping = asyncio.create_task(self._sweep_for_ever(), name="budgets-sweep")
            try:
                async with self._thresholds.running():
                    yield
                    await self._turns.ended()
            finally:
                await ended(sweeping)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SWEEP_INTERVAL_S)
            try:
                await self.sweep()
            except MnoError as error:
                _log.warning("Leases that ran out cannot be given back at the moment: %s", error)

    async def _take(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(RECOUNT_ATTEMPTS):
            try:
                return await self._counters.turn(asked)
            except CountersLost as lost:
                await self._recount(lost.budgets)
        raise Unavailable("The counters of budgets are lost again and again; is Redis allowed to forget keys?")


def book_over(database: Database, versions: Versions, zones: TimeZones) -> Book:
    """The budgets of each team as the database has them, told of changes."""

    async def load(team_id: UUID) -> tuple[Sequence[Budget], str]:
        async with database.transaction(team_id) as tx:
            budgets = await store.of_team(tx, team_id)
        return budgets, await zones.zone_of(team_id)

    book = Book(load, versions.unconfirmed_s)
    versions.watch(TOPIC, book.changed)
    return book


def _holds(book: TeamBook, project_id: UUID, dimensions: Mapping[str, str], bound: Used, at: datetime) -> list[Hold]:
    """On which counters the call is held; `BudgetExhausted` where a budget blocks it for want of a price."""
    holds = []
    for budget in book.budgets:
        who = counter_of(budget, project_id, dimensions)
        if who is None:
            continue
        amount = amount_of(budget, bound)
        hold = Hold(budget, who, book.window(budget.period, at), amount or 0)
        if amount is None:
            raise unpriced(hold, dimensions.get("model", ""), book.zone.key, clock.now())
        holds.append(hold)
    return holds
