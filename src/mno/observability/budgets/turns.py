"""Group commit at the counters: whoever asks while a turn is under way shares the next one.

A hot budget is one counter, and a counter can be changed by one at a time. So each process takes turns: all that its
callers ask while a turn runs becomes the next, in one statement of Postgres or one script of Redis, and a turn of five
hundred costs little more than one of a single call. What is asked in one turn is decided in the order in which it was
asked.

Whoever reserves waits for the answer before the call may go on; of an end nobody waits. So ends gather for a moment and
share a turn. A call that finds no room while ends are waiting is asked a second time, with all of them: what was given
back in this process is there for the next call at once.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.observability.budgets.model import Budget, Unit, Unpriced, Used, Window
from mno.platform.errors import Unavailable

#: Reservations and endings that go into one turn.
MAX_TURN = 500
#: How long an end waits for others, in seconds.
ENDS_WAIT_S = 0.02
#: Callers that may wait for a turn of one process.
MAX_WAITING_FOR_TURN = 20_000

#: Takes what is asked to the counters and brings the answer.
Taken = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Hold:
    """What one call holds of one counter."""

    budget: Budget
    who: str
    window: Window
    amount: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """One call that wants to begin."""

    id: UUID
    team_id: UUID
    project_id: UUID
    started_at: datetime
    lease_s: float
    holds: Sequence[Hold]
    cost_nano: int
    dimensions: Mapping[str, str]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class End:
    """One call that ended: with what it used, or None where it used nothing."""

    id: UUID
    actual: Used | None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Full:
    """A counter that had no room, as it stood when the call was refused."""

    hold: Hold
    spent: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter after a turn."""

    hold: Hold
    spent: int


@dataclass(slots=True)
class _Asking:
    what: Reserve | End
    answer: "asyncio.Future[Full | None]"
    #: Whether there was no room before, without the ends that were waiting.
    is_second: bool = False


@dataclass(slots=True)
class _Counters:
    """The counters of one turn by what is locked, numbered from 1."""

    numbers: dict[tuple[UUID, str, datetime], int] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def number(self, hold: Hold) -> int:
        key = hold.budget.id, hold.who, hold.window.head
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.rows) + 1
            self.holds.append(hold)
            self.rows.append(_counter(number, hold))
        else:  # a part of a rolling window may end within a turn
            row = self.rows[number - 1]
            row["p"], row["f"] = max(row["p"], hold.window.part), min(row["f"], hold.window.since)
        return number


class Turns:
    """`reserve` and `end` belong to one event loop. `heard` is told how counters stand after each turn."""

    def __init__(self, take: Taken, heard: Callable[[Sequence[Reading]], None]) -> None:
        self._take = take
        self._heard = heard
        self._reserves: list[_Asking] = []
        self._ends: list[_Asking] = []
        self._ends_are_due = False
        self._under_way: asyncio.Task[None] | None = None

    async def reserve(self, wish: Reserve) -> Full | None:
        """None when the call holds its amounts now; else the first counter without room, and nothing is held."""
        answer = self._ask(wish)
        try:
            return await answer
        except asyncio.CancelledError:
            # it was answered in the very moment in which its caller left
            if answer.done() and not answer.cancelled() and answer.exception() is None and answer.result() is None:
                self._give_back(wish.id)
            raise

    async def end(self, end: End) -> None:
        """Gives back what the call held and counts what it used; a second end of the same changes nothing."""
        await self._ask(end)

    async def ended(self) -> None:
        """Returns when nobody waits any more; ends do not wait for others now."""
        while self._reserves or self._ends or self._under_way is not None:
            self._hurry()
            assert self._under_way is not None
            await asyncio.wait([self._under_way])

    def _ask(self, what: Reserve | End) -> "asyncio.Future[Full | None]":
        if len(self._reserves) + len(self._ends) >= MAX_WAITING_FOR_TURN:
            raise Unavailable(f"{MAX_WAITING_FOR_TURN} calls wait for their budgets, which is the limit; try again.")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Full | None] = loop.create_future()
        if isinstance(what, Reserve):
            self._reserves.append(_Asking(what, answer))
            self._start()
        else:
            if not self._ends:
                loop.call_later(ENDS_WAIT_S, self._hurry)
            self._ends.append(_Asking(what, answer))
        return answer

    def _hurry(self) -> None:
        self._ends_are_due = bool(self._ends)
        self._start()

    def _start(self) -> None:
        if self._under_way is None and (self._reserves or self._ends):
            self._under_way = asyncio.create_task(self._go_on(), name="budgets-turns")

    def _give_back(self, reservation: UUID) -> None:
        """What a caller held that has left: nobody else will. If that fails, the lease sees to it."""
        with contextlib.suppress(Unavailable):
            self._ask(End(reservation, None)).add_done_callback(lambda answer: answer.cancelled() or answer.exception())

    async def _go_on(self) -> None:
        try:
            while taking := self._taken_up():
                await self._turn(taking)
        except BaseException:
            for asking in self._reserves + self._ends:
                _settle(asking.answer, error=Unavailable("The hub stops."))
            self._reserves, self._ends = [], []
            raise
        finally:
            self._under_way = None

    def _taken_up(self) -> list[_Asking]:
        """What goes into the next turn: ends once they are due, or when somebody needs the room that they give."""
        ends: list[_Asking] = []
        # who has left before its turn wants nothing; what has ended has ended
        self._reserves = [one for one in self._reserves if not one.answer.done()]
        if self._ends_are_due or (self._reserves and self._reserves[0].is_second):
            ends, self._ends = self._ends[:MAX_TURN], self._ends[MAX_TURN:]
            self._ends_are_due = self._ends_are_due and bool(self._ends)
        room = MAX_TURN - len(ends)
        reserves, self._reserves = self._reserves[:room], self._reserves[room:]
        return ends + reserves

    async def _turn(self, taking: Sequence[_Asking]) -> None:
        counters = _Counters()
        try:
            answer = await self._take(_asked(taking, counters))
        except BaseException as error:  # whatever it was, those who wait must hear of it
            for asking in taking:
                _settle(asking.answer, error=error if isinstance(error, Exception) else Unavailable("The hub stops."))
            if not isinstance(error, Exception):
                raise
            return
        refused = {UUID(one["id"]): one for one in answer["refused"]}
        again: list[_Asking] = []
        for asking in taking:
            full = refused.get(asking.what.id) if isinstance(asking.what, Reserve) else None
            if full and self._ends and not asking.is_second:
                asking.is_second = True
                again.append(asking)
                continue
            if asking.answer.cancelled() and isinstance(asking.what, Reserve) and full is None:
                self._give_back(asking.what.id)
            _settle(asking.answer, _full(full, counters) if full else None)
        self._reserves[:0] = again
        spent = answer["spent"] or ()
        if readings := [Reading(hold, used) for hold, used in zip(counters.holds, spent, strict=True)]:
            self._heard(readings)


def _settle(answer: "asyncio.Future[Full | None]", full: Full | None = None, *, error: Exception | None = None) -> None:
    if answer.done():  # the caller has left
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(full)


def _full(row: Mapping[str, Any], counters: _Counters) -> Full:
    return Full(counters.holds[row["counter"] - 1], row["spent"], row["reserved"])


def _asked(taking: Sequence[_Asking], counters: _Counters) -> dict[str, Any]:
    """What `budgets_turn` takes."""
    ends: dict[str, dict[str, Any]] = {}
    reserves: list[dict[str, Any]] = []
    for asking in taking:
        if isinstance(asking.what, End):
            # of two ends of one call the first counts, whichever turn they come in
            ends.setdefault(str(asking.what.id), _end(asking.what))
        else:
            reserves.append(_reserve(len(reserves), asking.what, counters))
    return {"ends": ends, "counters": counters.rows, "reserves": reserves}


def _end(end: End) -> dict[str, Any]:
    actual = end.actual
    return {
        "settled": actual is not None,
        "cost": actual.cost_nano if actual else None,
        "tokens": actual.tokens if actual else 0,
        "calls": actual.calls if actual else 0,
        "estimated": end.estimated,
    }


def _reserve(place: int, wish: Reserve, counters: _Counters) -> dict[str, Any]:
    return {
        "n": place,
        "id": wish.id,
        "team": wish.team_id,
        "project": wish.project_id,
        "started": wish.started_at,
        "lease": wish.lease_s,
        "k": [counters.number(hold) for hold in wish.holds],
        "a": [hold.amount for hold in wish.holds],
        "holds": [_hold(hold) for hold in wish.holds],
        "cost": wish.cost_nano,
        "dims": dict(wish.dimensions),
        "tags": list(wish.tags),
    }


def _hold(hold: Hold) -> dict[str, Any]:
    budget = hold.budget
    prices = budget.unit is Unit.MONEY and budget.unpriced is Unpriced.PRICE
    return {
        "b": budget.id,
        "w": hold.who,
        "h": hold.window.head,
        "p": hold.window.part,
        "u": str(budget.unit),
        "a": hold.amount,
        "f": budget.fallback_nano if prices else None,
    }


def _counter(number: int, hold: Hold) -> dict[str, Any]:
    budget, window = hold.budget, hold.window
    return {
        "n": number,
        "t": budget.team_id,
        "b": budget.id,
        "w": hold.who,
        "h": window.head,
        "p": window.part,
        "f": window.since,
        "l": budget.limit,
        "hard": budget.hard,
    }
