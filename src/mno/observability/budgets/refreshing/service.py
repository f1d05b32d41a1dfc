"""Keeps budgets true to the spans: what comes by other ways than the gateway counts, and so does every correction.

Nothing is added up from deltas. Up to a cut some minutes back the usage rollups are the truth, whoever sent the
spans; after it, the spans that others sent plus the calls that were settled here. Each recount replaces what the one
before found, so a parent that stops counting, or another price, reaches its budgets by itself.

`follow` looks at the newest minutes whenever spans have arrived, at most once a second; `recount` moves the cut on
and is a task of every five minutes, in one process.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from mno.observability.budgets import store
from mno.observability.budgets.book import Book
from mno.observability.budgets.counters.model import CountersLost, Recount
from mno.observability.budgets.counters.ports import Counters
from mno.observability.budgets.model import Budget, Window
from mno.observability.budgets.periods import window_at
from mno.observability.budgets.refreshing.queries import Stretch, UseQueries
from mno.observability.budgets.thresholds.service import Thresholds
from mno.observability.budgets.turns.model import Hold, Reading
from mno.observability.spans.arrivals import Arrivals, ProjectPlace
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: How often the newest minutes are looked at while spans arrive, in seconds.
FOLLOW_INTERVAL_S = 1.0
#: How far back the cut stays: by then the span of a call that was settled has reached the rollups.
CUT_WAIT_S = 240
#: A call that was settled more recently than this keeps its place beside the rollups, in seconds.
SPAN_WAIT_S = 120
#: Spans may be dated ahead of this hub's clock.
_AHEAD = timedelta(days=366)


class Refreshing:
    """`Arrivals` says where to look."""

    def __init__(
        self,
        database: Database,
        queries: UseQueries,
        book: Book,
        thresholds: Thresholds,
        arrivals: Arrivals,
        counters: Counters,
    ) -> None:
        self._database = database
        self._queries = queries
        self._book = book
        self._thresholds = thresholds
        self._arrivals = arrivals
        self._counters = counters

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._arrivals.listen()
        following = asyncio.create_task(self._follow_for_ever(), name="budgets-follow")
        try:
            yield
        finally:
            await ended(following)

    async def follow(self, places: set[ProjectPlace]) -> None:
        """Counts anew what others sent since the cut, for every budget that these projects may move."""
        projects: dict[UUID, set[UUID]] = {}
        for team_id, project_id in places:
            projects.setdefault(team_id, set()).add(project_id)
        for team_id, touched in projects.items():
            async with self._database.transaction(team_id) as tx:
                budgets = await store.of_team(tx, team_id)
            for budget in budgets:
                if budget.project_id is None or budget.project_id in touched:
                    await self._follow(budget)

    async def recount(self) -> None:
        """Counts every budget anew and moves its cut on. One that fails does not stop the others."""
        async with self._database.across_teams() as tx:
            budgets = await store.every(tx)
        for budget in budgets:
            try:
                await self.recount_one(budget)
            except MnoError as error:
                _log.warning("The budget %s cannot be counted anew at the moment: %s", budget.id, error)

    async def recount_one(self, budget: Budget, *, now: datetime | None = None) -> None:
        try:
            await self._recount_one(budget, now or clock.now())
        except CountersLost:
            await self._rebuild(budget)

    async def rebuild(self, budgets: Collection[UUID]) -> None:
        """Counts these, whose counters are lost, from the spans that have arrived."""
        async with self._database.across_teams() as tx:
            found = await store.some(tx, budgets)
        for budget in found:
            await self._rebuild(budget)
        if gone := {*budgets} - {budget.id for budget in found}:
            await self._counters.forgotten(gone)

    async def _recount_one(self, budget: Budget, began: datetime) -> None:
        window = await self._window(budget, began)
        settled_before = began - timedelta(seconds=SPAN_WAIT_S)
        hot = await self._counters.oldest_minute_settled_since(budget, settled_before)
        cut = _cut(budget, began, hot)
        base = await self._queries.of_rollup(budget, Stretch(window.since, cut, window.part))
        recent = await self._queries.of_others(budget, _after(cut, window, budget))
        recount = Recount(budget, window, cut, settled_before, base, recent)
        async with self._database.transaction(budget.team_id) as tx:
            if not await store.lock(tx, budget):
                return
            await store.move_cut(tx, budget, cut)
            await self._counters.recounted(tx, recount)
        await self._read(budget, window)

    async def _rebuild(self, budget: Budget) -> None:
        """What was settled is lost too, so the gateway's newest calls are counted by their spans this once."""
        began = clock.now()
        window = await self._window(budget, began)
        cut = max(began.replace(second=0, microsecond=0), budget.counted_until)
        newest = _after(cut, window, budget)
        base = await self._queries.of_rollup(budget, Stretch(window.since, cut, window.part))
        recent = await self._queries.of_others(budget, newest)
        settled = await self._queries.of_gateway(budget, newest)
        recount = Recount(budget, window, cut, began, base, recent, settled)
        async with self._database.transaction(budget.team_id) as tx:
            if not await store.lock(tx, budget):
                return
            await store.move_cut(tx, budget, cut)
            await self._counters.rebuilt(tx, recount)
        await self._read(budget, window)

    async def _follow(self, budget: Budget) -> None:
        window = await self._window(budget, clock.now())
        recent = await self._queries.of_others(budget, _after(budget.counted_until, window, budget))
        async with self._database.transaction(budget.team_id) as tx:
            if not await store.lock(tx, budget):
                return
            await self._counters.followed(tx, budget, window, recent)
        await self._read(budget, window, sorted({who for who, _ in recent}))

    async def _window(self, budget: Budget, at: datetime) -> Window:
        return window_at(budget.period, (await self._book.of(budget.team_id)).zone, at)

    async def _read(self, budget: Budget, window: Window, whos: Sequence[str] | None = None) -> None:
        """Spend that arrives reaches thresholds as calls do."""
        if not budget.thresholds:
            return
        found = await self._counters.readings(budget, window, whos)
        self._thresholds.heard(Reading(Hold(budget, who, window, 0), spent) for who, spent in found)

    async def _follow_for_ever(self) -> None:
        while True:
            places = await self._arrivals.taken()
            try:
                await self.follow(places)
            except MnoError as error:
                _log.warning("Budgets do not hear of new spans at the moment: %s", error)
            await asyncio.sleep(FOLLOW_INTERVAL_S)


def _cut(budget: Budget, now: datetime, hot: datetime | None) -> datetime:
    """Where the rollups end to be the truth. Never back: what was settled before is gone."""
    cut = (now - timedelta(seconds=CUT_WAIT_S)).replace(second=0, microsecond=0)
    if hot is not None:
        cut = min(cut, hot)
    return max(cut, budget.counted_until)


def _after(cut: datetime, window: Window, budget: Budget) -> Stretch:
    until = window.part + _AHEAD if budget.period.rolling_s else window.until
    return Stretch(max(cut, window.since), until, window.part)
