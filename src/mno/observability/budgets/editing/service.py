"""Budgets as people make, change and look at them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.budgets import store
from mno.observability.budgets.book import TOPIC, Book
from mno.observability.budgets.counters.ports import Counters
from mno.observability.budgets.editing.ahead import Ahead, ahead
from mno.observability.budgets.editing.wishes import Counted, Terms, checked_counted, checked_terms, told
from mno.observability.budgets.model import (
    MAX_BUDGETS_PER_TEAM,
    Budget,
    Cycle,
    Standing,
    Window,
)
from mno.observability.budgets.periods import part_s, window_at
from mno.observability.budgets.refreshing.queries import Stretch, UseQueries
from mno.observability.budgets.refreshing.service import Refreshing
from mno.observability.forecast.hours import whole_hour
from mno.observability.forecast.model import HOUR, MAX_HISTORY_DAYS
from mno.observability.forecast.ports import Calendars
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.versions import Versions

_READ = "budgets.read"
_WRITE = "budgets.write"
#: Counters of a budget that its page shows, the fullest.
MAX_LISTED_COUNTERS = 200
#: The steps of a burn-down, in seconds.
_STEPS_S = {Cycle.HOUR: 60, Cycle.DAY: 900, Cycle.WEEK: 3_600, Cycle.MONTH: 21_600}


@dataclass(frozen=True, slots=True)
class BurnDown:
    """How a counter was used up: (end of a step, used until then), over the present period; and how it will go on.

    `ahead` is None for an hour, for a rolling window, and with too little history.
    """

    standing: Standing
    steps: Sequence[tuple[datetime, int]]
    ahead: Ahead | None


class Editing:
    """A project's budgets are its own people's; those of the whole team ask for the permission in the team."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        book: Book,
        queries: UseQueries,
        refreshing: Refreshing,
        counters: Counters,
        calendars: Calendars,
        audit: Audit,
    ) -> None:
        self._database = database
        self._versions = versions
        self._book = book
        self._queries = queries
        self._refreshing = refreshing
        self._counters = counters
        self._calendars = calendars
        self._audit = audit

    async def listing(self, reader: Principal) -> list[Standing]:
        """The budgets that hold in the reader's project, each with its fullest counter, by name."""
        async with self._database.transaction(reader.team_id) as tx:
            budgets = [one for one in await store.of_team(tx, reader.team_id) if _sees(reader, one, _READ)]
        return [(await self._standings(budget, limit=1))[0] for budget in budgets]

    async def get(self, reader: Principal, budget_id: UUID) -> Standing:
        return (await self._standings(await self._found(reader, budget_id), limit=1))[0]

    async def counters(self, reader: Principal, budget_id: UUID) -> list[Standing]:
        """The fullest MAX_LISTED_COUNTERS of a budget that counts each user, agent, … for itself."""
        budget = await self._found(reader, budget_id)
        return await self._standings(budget, limit=MAX_LISTED_COUNTERS)

    async def burn_down(self, reader: Principal, budget_id: UUID, who: str) -> BurnDown:
        """Of one counter; of the fullest where `who` is empty."""
        budget = await self._found(reader, budget_id)
        standing = await self._one_counter(budget, who)
        window, now = standing.window, clock.now()
        step_s = _STEPS_S.get(budget.period.cycle) or part_s(budget.period.rolling_s)
        # the present second is in it: what came in the first of a minute stands at that minute
        stretch = Stretch(window.since, now + timedelta(seconds=1), window.part)
        used, steps = 0, []
        for moment, amount in await self._queries.steps(budget, standing.who, stretch, step_s):
            used += amount
            steps.append((min(now, moment + timedelta(seconds=step_s)), used))
        return BurnDown(standing, steps, await self._ahead(reader, standing, now))

    async def share(self, team_id: UUID, budget_id: UUID, who: str) -> Decimal | None:
        """What one counter has used, in percent of the limit; None where the budget is gone. The program's own ask."""
        async with self._database.transaction(team_id) as tx:
            budget = await store.one(tx, team_id, budget_id)
        if budget is None:
            return None
        spent = sum(used for _, used in await self._counters.readings(budget, await self._window(budget), [who]))
        return Decimal(spent * 100) / budget.limit if budget.limit else Decimal(100)

    async def create(self, writer: Principal, terms: Terms, counted: Counted) -> Standing:
        """Counts what was used before in the present period, too. `Conflict` for a name that is taken."""
        if counted.of_team and not writer.may_in_team(_WRITE):
            raise Denied("A budget of the whole team takes budgets.write in the whole team.")
        now = clock.now()
        budget = Budget(
            id=new_id(),
            team_id=writer.team_id,
            project_id=None if counted.of_team else writer.project_id,
            version=1,
            created_at=now,
            created_by=writer.name,
            changed_at=now,
            changed_by=writer.name,
            counted_until=now.replace(second=0, microsecond=0),
            **checked_terms(terms, counted.unit),
            **checked_counted(counted),
        )
        async with self._database.transaction(writer.team_id) as tx:
            if await store.lock_names(tx, writer.team_id) >= MAX_BUDGETS_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_BUDGETS_PER_TEAM} budgets; remove one first.")
            await store.insert(tx, budget)
            await self._changed(tx, writer, "budgets.create", budget, None, budget)
        await self._refreshing.recount_one(budget)
        return await self.get(writer, budget.id)

    async def change(self, writer: Principal, budget_id: UUID, terms: Terms, version: int) -> Standing:
        """What it counts stays. `Conflict` when it has changed since `version`, or the name is taken."""
        async with self._database.transaction(writer.team_id) as tx:
            before = _allowed(writer, budget_id, await store.one(tx, writer.team_id, budget_id, lock=True), _WRITE)
            if before.version != version:
                raise Conflict(f"The budget was changed by {before.changed_by} meanwhile; look at it again.")
            after = replace(
                before,
                version=version + 1,
                changed_at=clock.now(),
                changed_by=writer.name,
                **checked_terms(terms, before.unit),
            )
            await store.update(tx, after)
            await self._changed(tx, writer, "budgets.write", after, before, after)
        return await self.get(writer, budget_id)

    async def remove(self, writer: Principal, budget_id: UUID) -> None:
        """Its counters go; calls under way are not touched."""
        async with self._database.transaction(writer.team_id) as tx:
            budget = _allowed(writer, budget_id, await store.one(tx, writer.team_id, budget_id, lock=True), _WRITE)
            await store.remove(tx, writer.team_id, budget_id, clock.now())
            await self._changed(tx, writer, "budgets.delete", budget, budget, None)

    async def _changed(
        self, tx: Connection, writer: Principal, action: str, named: Budget, before: Budget | None, after: Budget | None
    ) -> None:
        await self._versions.bump(tx, f"{TOPIC}{writer.team_id}")
        await self._audit.record(
            tx,
            writer,
            action,
            shown("bud", named.id),
            name=named.name,
            before=told(before) if before else None,
            after=told(after) if after else None,
        )

    async def _found(self, reader: Principal, budget_id: UUID) -> Budget:
        async with self._database.transaction(reader.team_id) as tx:
            return _allowed(reader, budget_id, await store.one(tx, reader.team_id, budget_id), _READ)

    async def _standings(self, budget: Budget, *, limit: int) -> list[Standing]:
        window = await self._window(budget)
        found = await self._counters.used(budget, window, limit=limit)
        return [Standing(budget, *row, window) for row in found] or [Standing(budget, "", 0, 0, window)]

    async def _ahead(self, reader: Principal, standing: Standing, now: datetime) -> Ahead | None:
        budget, window = standing.budget, standing.window
        if budget.period.cycle in (Cycle.HOUR, Cycle.ROLLING):
            return None
        as_of = whole_hour(now)
        history = Stretch(as_of - timedelta(days=MAX_HISTORY_DAYS), as_of, window.part)
        hours = await self._queries.steps(budget, standing.who, history, HOUR)
        calendar = await self._calendars.calendar_of(budget.team_id, budget.project_id or reader.project_id)
        return await asyncio.to_thread(ahead, standing, hours, as_of, calendar)

    async def _one_counter(self, budget: Budget, who: str) -> Standing:
        if not budget.per or not who:
            return (await self._standings(budget, limit=1))[0]
        found = [one for one in await self._standings(budget, limit=MAX_LISTED_COUNTERS) if one.who == who]
        return found[0] if found else Standing(budget, who, 0, 0, await self._window(budget))

    async def _window(self, budget: Budget) -> Window:
        return window_at(budget.period, (await self._book.of(budget.team_id)).zone, clock.now())


def _sees(principal: Principal, budget: Budget, permission: str) -> bool:
    if budget.project_id is None:
        return principal.may_in_team(permission)
    return budget.project_id == principal.project_id and principal.may(permission)


def _allowed(principal: Principal, budget_id: UUID, budget: Budget | None, permission: str) -> Budget:
    """`NotFound` for one that the caller may not even see, `Denied` for one that it may only look at."""
    if budget is None or not _sees(principal, budget, _READ):
        raise NotFound(f"There is no budget {shown('bud', budget_id)} in this project.")
    if not _sees(principal, budget, permission):
        raise Denied("A budget of the whole team takes budgets.write in the whole team.")
    return budget
