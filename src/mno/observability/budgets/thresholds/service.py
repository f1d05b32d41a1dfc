"""Tells each threshold once a period, beside the path of calls.

A reading of a counter is a comparison in memory; only what was not told yet goes to the database, where the first
process to say it wins. A rolling window has no period: its thresholds are told again once use has fallen below them
by a tenth of the limit.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.observability.budgets.facts import CALL_REFUSED, THRESHOLD_REACHED
from mno.observability.budgets.model import Cycle, Unit
from mno.observability.budgets.ports import Facts
from mno.observability.budgets.thresholds import store
from mno.observability.budgets.thresholds.rules import reached
from mno.observability.budgets.turns.model import Hold, Reading
from mno.platform import clock, money
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError
from mno.platform.facts import Fact
from mno.platform.ids import shown
from mno.platform.time_range import shown as shown_time

_log = logging.getLogger(__name__)

#: Crossings that one process remembers to have told.
MAX_REMEMBERED_CROSSINGS = 50_000
#: How far below a threshold the use of a rolling window must fall before it is told again, in percent of the limit.
REARM_PERCENT = 10
#: How long it is remembered what was told.
TOLD_LIFETIME = timedelta(days=100)
_REFUSED = 0

Key = tuple[UUID, str, datetime, int]


@dataclass(frozen=True, slots=True)
class _Crossing:
    hold: Hold
    spent: int
    threshold: int

    @property
    def key(self) -> Key:
        return self.hold.budget.id, self.hold.who, self.hold.window.head, self.threshold


class Thresholds:
    """`heard` and `refused` belong to the event loop and never wait."""

    def __init__(self, database: Database, facts: Facts) -> None:
        self._database = database
        self._facts = facts
        self._told: set[Key] = set()
        self._untold: list[_Crossing] = []
        self._fallen: list[_Crossing] = []
        self._stirred = asyncio.Event()

    def heard(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            budget = reading.hold.budget
            if budget.period.cycle is Cycle.ROLLING:
                self._rearm(reading)
            for threshold in reached(reading.spent, budget.limit, budget.thresholds):
                self._tell(_Crossing(reading.hold, reading.spent, threshold))

    def refused(self, hold: Hold, spent: int) -> None:
        self._tell(_Crossing(hold, spent, _REFUSED))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        telling = asyncio.create_task(self._go_on(), name="budgets-thresholds")
        try:
            yield
        finally:
            await ended(telling)
            with contextlib.suppress(MnoError):
                await self.tell()

    async def tell(self) -> None:
        """Tells what has gathered."""
        untold, self._untold = self._untold, []
        fallen, self._fallen = self._fallen, []
        for crossing in fallen:
            hold, team_id = crossing.hold, crossing.hold.budget.team_id
            async with self._database.transaction(team_id) as tx:
                await store.forget(tx, team_id, hold.budget.id, hold.who, hold.window.head, crossing.threshold)
        for place, crossing in enumerate(untold):
            try:
                await self._tell_one(crossing)
            except MnoError:
                self._untold = [*untold[place:], *self._untold]
                raise

    async def prune(self, now: datetime) -> None:
        """Forgets what was told of periods that ended long ago."""
        async with self._database.across_teams() as tx:
            await store.prune(tx, now - TOLD_LIFETIME)

    async def _tell_one(self, crossing: _Crossing) -> None:
        hold, at = crossing.hold, clock.now()
        team_id = hold.budget.team_id
        async with self._database.transaction(team_id) as tx:
            head = hold.window.head
            if await store.note(tx, team_id, hold.budget.id, hold.who, head, crossing.threshold, at):
                await self._facts.publish(tx, _fact(crossing))

    def _tell(self, crossing: _Crossing) -> None:
        if crossing.key in self._told:
            return
        if len(self._told) >= MAX_REMEMBERED_CROSSINGS:
            self._told.clear()
        self._told.add(crossing.key)
        self._untold.append(crossing)
        self._stirred.set()

    def _rearm(self, reading: Reading) -> None:
        hold, budget = reading.hold, reading.hold.budget
        if budget.limit == 0:
            return
        share = reading.spent * 100 // budget.limit + REARM_PERCENT
        crossings = (_Crossing(hold, share, threshold) for threshold in (_REFUSED, *budget.thresholds))
        fallen = [one for one in crossings if (one.threshold or 100) > share and one.key in self._told]
        for crossing in fallen:
            self._told.discard(crossing.key)
            self._fallen.append(crossing)
        if fallen:
            self._stirred.set()

    async def _go_on(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            try:
                await self.tell()
            except MnoError as error:
                _log.warning("Thresholds of budgets cannot be told at the moment: %s", error)
                await asyncio.sleep(1)
                self._stirred.set()


def _fact(crossing: _Crossing) -> Fact:
    hold = crossing.hold
    budget, window = hold.budget, hold.window
    data: dict[str, Any] = {
        "name": budget.name,
        "project": shown("prj", budget.project_id) if budget.project_id else None,
        "per": budget.per,
        "who": hold.who,
        "unit": str(budget.unit),
        "limit": _text(budget.unit, budget.limit),
        "spent": _text(budget.unit, crossing.spent),
        "threshold": crossing.threshold or None,
        "period_start": shown_time(window.since),
        "resets_at": shown_time(window.resets_at),
        "hard": budget.hard,
    }
    kind = THRESHOLD_REACHED if crossing.threshold else CALL_REFUSED
    return Fact(budget.team_id, shown("bud", budget.id), kind, data)


def _text(unit: Unit, value: int) -> str:
    return money.shown(money.usd(value)) if unit is Unit.MONEY else str(value)
