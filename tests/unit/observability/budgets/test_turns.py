"""What shares a turn, and what a turn decides, over counters that are kept by hand."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.budgets.model import Amounts, Window
from mno.observability.budgets.turns import service
from mno.observability.budgets.turns.model import End, Hold, Reserve
from mno.observability.budgets.turns.service import MAX_TURN, Turns
from mno.platform import clock
from mno.platform.ids import new_id
from support.budgets import a_budget

BUDGET = a_budget()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ByHand:
    """One counter; `turns` are what was asked of it: how many ends and how many reserves."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0
        self.held: dict[UUID, int] = {}
        self.turns: list[tuple[int, int]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def take(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.turns.append((len(asked["ends"]), len(asked["reserves"])))
        await self.go_on.wait()
        for id_, end in asked["ends"].items():
            if self.held.pop(UUID(id_), None) is not None:
                self.spent += end["tokens"]
        refused = []
        for wish in asked["reserves"]:
            reserved = sum(self.held.values())
            if self.spent + reserved + wish["a"][0] > self.limit:
                refused.append({"id": str(wish["id"]), "counter": 1, "spent": self.spent, "reserved": reserved})
            else:
                self.held[wish["id"]] = wish["a"][0]
        return {"refused": refused, "spent": [self.spent] * len(asked["counters"])}


def wish(amount: int) -> Reserve:
    now = clock.now()
    window = Window(EPOCH, EPOCH, EPOCH, now + timedelta(days=1), now + timedelta(days=1))
    return Reserve(new_id(), BUDGET.team_id, new_id(), now, 60, [Hold(BUDGET, "", window, amount)], 0, {}, [])


def over(counter: ByHand) -> Turns:
    return Turns(counter.take, lambda _: None)


async def asked(*calls: Coroutine[Any, Any, Any]) -> "list[asyncio.Task[Any]]":
    """All of them, asked in this order and not awaited."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def test_a_reservation_does_not_wait_for_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "GATHER_S", 60.0)
    counter = ByHand(1_000)
    turns = over(counter)
    first = wish(10)
    assert await turns.reserve(first) is None
    ending = await asked(turns.end(End(first.id, Amounts(None, 4))))
    assert await turns.reserve(wish(10)) is None
    assert not ending[0].done()
    assert counter.turns == [(0, 1), (0, 1)]
    await turns.ended()
    assert ending[0].done()
    assert counter.turns[2:] == [(1, 0)]
    assert counter.spent == 4


async def test_ends_share_a_turn_within_a_moment_and_nobody_need_call_for_it() -> None:
    counter = ByHand(1_000)
    turns = over(counter)
    wishes = [wish(1) for _ in range(5)]
    assert await asyncio.gather(*(turns.reserve(one) for one in wishes)) == [None] * 5
    await asyncio.gather(*(turns.end(End(one.id, Amounts(None, 1))) for one in wishes))
    assert counter.turns == [(0, 5), (5, 0)]


async def test_what_was_given_back_is_there_for_the_next_call() -> None:
    counter = ByHand(10)
    turns = over(counter)
    first = wish(10)
    await turns.reserve(first)
    await asked(turns.end(End(first.id, Amounts(None, 3))))
    assert await turns.reserve(wish(7)) is None
    full = await turns.reserve(wish(1))
    assert full is not None
    assert (full.spent, full.reserved) == (3, 7)
    await turns.ended()


async def test_more_ends_than_a_turn_holds_are_all_counted_before_a_call_is_refused() -> None:
    counter = ByHand(2 * MAX_TURN)
    turns = over(counter)
    wishes = [wish(1) for _ in range(2 * MAX_TURN)]
    await asyncio.gather(*(turns.reserve(one) for one in wishes))
    await asked(*(turns.end(End(one.id, None)) for one in wishes))
    assert await turns.reserve(wish(2 * MAX_TURN)) is None


async def test_who_left_before_the_turn_holds_nothing_and_keeps_nobody_waiting() -> None:
    counter = ByHand(10)
    turns = over(counter)
    counter.go_on.clear()
    leaving = (await asked(turns.reserve(wish(1)), turns.reserve(wish(2)), turns.reserve(wish(3))))[1:]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    await asyncio.wait(leaving)
    counter.go_on.set()
    assert await turns.reserve(wish(9)) is None
    assert sorted(counter.held.values()) == [1, 9]


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20), st.booleans()), max_size=40))
async def test_no_call_is_refused_that_fits_and_none_granted_that_does_not(
    calls: list[tuple[int, int, bool]],
) -> None:
    """One caller after another, each of whom ends at once or never, with at most what was reserved: what is granted is
    what counting by hand grants.
    """
    counter = ByHand(50)
    turns = over(counter)
    spent = held = 0
    ending: list[asyncio.Task[Any]] = []
    for amount, used, ends in calls:
        one = wish(amount)
        full = await turns.reserve(one)
        assert (full is None) == (spent + held + amount <= 50)
        if full is None and ends:
            spent += min(used, amount)
            ending += await asked(turns.end(End(one.id, Amounts(None, min(used, amount)))))
        elif full is None:
            held += amount
    await turns.ended()
    assert all(task.done() for task in ending)
    assert (counter.spent, sum(counter.held.values())) == (spent, held)
