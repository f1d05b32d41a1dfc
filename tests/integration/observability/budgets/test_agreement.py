"""Whatever happens in whatever order, both kinds of counters say what a naive count says."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mno.observability.budgets import store
from mno.observability.budgets.counters.model import Recount
from mno.observability.budgets.counters.redis.service import RedisCounters
from mno.observability.budgets.model import Amounts, Budget, Cycle, Period, Unit, Window
from mno.observability.budgets.periods import window_at
from mno.platform import clock
from mno.platform.errors import BudgetExhausted
from support.budgets import BudgetNode, Tenancy, a_tenancy, budget_node, saved
from support.engines import opened
from support.examples import ONE_FIXTURE, examples

WHOS = ("ann", "bob:1", "何")
UTC_ZONE = ZoneInfo("UTC")
A_DAY = Period(Cycle.ROLLING, 86_400)
#: A lease that has run out when the next turn begins.
SHORT_S = 0.0005
#: Over nine million dollars, where a float does not count single nano-dollars any more.
SCALES = st.sampled_from([1, 10**13 + 1])

who = st.sampled_from(WHOS)
minutes = st.integers(0, 30)
amounts = st.integers(0, 60)
which = st.integers(0, 50)
step = st.one_of(
    st.tuples(st.just("reserve"), who, minutes, amounts),
    st.tuples(st.just("reserve"), who, minutes, amounts),
    st.tuples(st.just("settle"), which, amounts),
    st.tuples(st.just("release"), which),
    st.tuples(st.just("expire"), who, minutes, amounts),
    st.tuples(st.just("arrive"), who, minutes, st.one_of(amounts, st.integers(900, 2_000))),
    st.tuples(st.just("recount"), minutes),
    st.tuples(st.just("follow")),
)


@dataclass
class Naive:
    """The count by hand: every call and every span that came by another way, with the minute in which it began."""

    limit: int
    now: datetime
    settled: list[tuple[str, int, int]] = field(default_factory=list)
    arrived: list[tuple[str, int, int]] = field(default_factory=list)
    #: How many of those that arrived have been looked at.
    known: int = 0
    cut: int = 60

    def spent(self, who: str, minute: int = 0) -> int:
        """As a call sees it that began so many minutes ago: what is of a later part of the window is not its."""
        calls = [*self.settled, *self.arrived[: self.known]]
        until = self.part(minute)
        return sum(cost for one, began, cost in calls if one == who and self.part(began) <= until)

    def part(self, minute: int) -> datetime:
        return window_at(A_DAY, UTC_ZONE, self.now - timedelta(minutes=minute)).part


class Walk:
    """One sequence of steps over a node, beside the count by hand."""

    def __init__(self, node: BudgetNode, tenancy: Tenancy, budget: Budget, scale: int) -> None:
        self.node, self.tenancy, self.budget, self.scale = node, tenancy, budget, scale
        self.naive = Naive(budget.limit, clock.now().replace(second=0, microsecond=0))
        self.held: dict[UUID, tuple[str, int, int]] = {}
        #: Calls whose leases ran out; they may still be settled.
        self.late: dict[UUID, tuple[str, int, int]] = {}

    async def reserve(self, who: str, minute: int, amount: int, lease_s: float = 600.0) -> UUID | None:
        cost = amount * self.scale
        held = sum(held for one, _, held in self.held.values() if one == who)
        room = self.naive.limit - self.naive.spent(who, minute) - held
        place = self.tenancy.team_id, self.tenancy.project_id
        started_at = self.naive.now - timedelta(minutes=minute)
        try:
            found = await self.node.budgets.reserve(
                *place, {"user": who}, Amounts(cost, 1), lease_s, started_at=started_at
            )
        except BudgetExhausted:
            assert cost > max(room, 0)
            return None
        assert cost <= room or cost == 0
        self.held[found] = who, minute, cost
        return found

    async def settle(self, which: int, amount: int) -> None:
        calls = {**self.held, **self.late}
        if calls:
            one = list(calls)[which % len(calls)]
            who, minute, _ = calls[one]
            for _ in range(2):  # a second time it changes nothing
                await self.node.budgets.settle(one, Amounts(amount * self.scale, 1))
            self.held.pop(one, None)
            self.late.pop(one, None)
            self.naive.settled.append((who, minute, amount * self.scale))

    async def release(self, which: int) -> None:
        if self.held:
            one = list(self.held)[which % len(self.held)]
            await self.node.budgets.release(one)
            await self.node.budgets.settle(one, Amounts(self.scale, 1))
            del self.held[one]

    async def expire(self, who: str, minute: int, amount: int) -> None:
        one = await self.reserve(who, minute, amount, SHORT_S)
        if one is not None:
            await asyncio.sleep(SHORT_S * 4)
            await self.node.budgets.sweep()
            self.late[one] = self.held.pop(one)

    async def arrive(self, who: str, minute: int, amount: int) -> None:
        self.naive.arrived.append((who, minute, amount * self.scale))

    async def recount(self, minute: int) -> None:
        naive = self.naive
        naive.cut, naive.known = min(naive.cut, minute), len(naive.arrived)
        cut = naive.now - timedelta(minutes=naive.cut)
        base = self._by_part([one for one in [*naive.settled, *naive.arrived] if one[1] > naive.cut])
        recent = self._by_part([one for one in naive.arrived if one[1] <= naive.cut])
        ever = clock.now() + timedelta(hours=1)
        async with self.node.database.transaction(self.tenancy.team_id) as tx:
            await store.move_cut(tx, self.budget, cut)
            await self.node.counters.recounted(tx, Recount(self.budget, self._window(), cut, ever, base, recent))
        self.budget = replace(self.budget, counted_until=cut)

    async def follow(self) -> None:
        naive = self.naive
        known = [*naive.arrived[: naive.known], *(one for one in naive.arrived[naive.known :] if one[1] <= naive.cut)]
        # what arrives of the time before the cut waits for a recount
        naive.arrived = [*known, *(one for one in naive.arrived[naive.known :] if one[1] > naive.cut)]
        naive.known = len(known)
        recent = self._by_part([one for one in known if one[1] <= naive.cut])
        async with self.node.database.transaction(self.tenancy.team_id) as tx:
            await self.node.counters.followed(tx, self.budget, self._window(), recent)

    async def check(self) -> None:
        used = {one: figures for one, *figures in await self.node.counters.used(self.budget, self._window(), limit=10)}
        assert used == {
            who: [spent, held]
            for who in WHOS
            if (spent := self.naive.spent(who)) + (held := sum(c for one, _, c in self.held.values() if one == who))
        }
        readings = dict(await self.node.counters.readings(self.budget, self._window(), WHOS))
        assert {who: readings.get(who, 0) for who in WHOS} == {who: self.naive.spent(who) for who in WHOS}

    def _by_part(self, calls: list[tuple[str, int, int]]) -> Mapping[tuple[str, datetime], int]:
        found: dict[tuple[str, datetime], int] = defaultdict(int)
        for who, minute, cost in calls:
            found[who, self.naive.part(minute)] += cost
        return found

    def _window(self) -> Window:
        return window_at(A_DAY, UTC_ZONE, clock.now())


async def walked(url: str, redis_url: str, steps: list[Any], limit: int, scale: int) -> None:
    async with opened(url) as database:
        node, tenancy = budget_node(database, redis_url=redis_url), await a_tenancy(database)
        try:
            budget = await saved(
                database, tenancy, limit=limit * scale, per="user", period=A_DAY, unit=Unit.MONEY, thresholds=()
            )
            await node.counters.forgotten([budget.id])  # counted long ago: nothing was used
            walk = Walk(node, tenancy, budget, scale)
            await walk.recount(60)
            for name, *values in steps:
                await getattr(walk, name)(*values)
                await walk.check()
        finally:
            if isinstance(node.counters, RedisCounters):
                await node.counters.redis.close()


@example(steps=[("reserve", "ann", 0, 0), ("recount", 0), ("settle", 0, 1)], limit=0, scale=1)
@settings(max_examples=examples(25, most=500), suppress_health_check=ONE_FIXTURE)
@given(
    steps=st.lists(step, min_size=1, max_size=25),
    limit=st.one_of(st.integers(0, 200), st.integers(900, 2_500)),
    scale=SCALES,
)
def test_counters_say_what_a_count_by_hand_says(
    where: Any, postgres_url: str, steps: list[Any], limit: int, scale: int
) -> None:
    redis_url = where[0].url if where else ""
    asyncio.run(walked(postgres_url, redis_url, steps, limit, scale))
