"""Group commit at the counters: whoever asks while a turn is under way shares the next one.

A hot budget is one counter, and a counter can be changed by one at a time. So each process takes turns: all that its
callers ask while a turn runs becomes the next, in one statement of Postgres or one script of Redis, and a turn of five
hundred costs little more than one of a single call. What is asked in one turn is decided in the order in which it was
asked.

Whoever reserves waits for the answer before the call may go on, unless this process holds room ahead (allowances.py).
Of an end nobody waits, nor of what was granted ahead to be written down. So these gather for a moment and share a turn.
A call that finds no room while ends are waiting, or while anybody holds room ahead, is asked again with all of that
given back: what was given back in this process is there for the next call at once.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from mno.observability.budgets.turns.allowances import Allowances, Change
from mno.observability.budgets.turns.asked import Counters, asked_of
from mno.observability.budgets.turns.model import End, Full, Reading, Reserve, Taken
from mno.platform.errors import Unavailable

_log = logging.getLogger(__name__)

#: Reservations and endings that go into one turn, besides those that were granted ahead.
MAX_TURN = 500
#: How long what nobody waits for gathers, in seconds.
GATHER_S = 0.02
#: Callers that may wait for a turn of one process.
MAX_WAITING_FOR_TURN = 20_000
#: How often a call is tried for which others may give back what they hold ahead, and after how many seconds each time.
MAX_TRIES, TRY_AGAIN_S = 40, 0.025
#: After how long calls are written down whose turn failed, in seconds.
WRITE_AGAIN_S = 1.0


_What = TypeVar("_What", Reserve, End)


@dataclass(slots=True)
class _Asking(Generic[_What]):
    what: _What
    answer: "asyncio.Future[Full | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    #: How often there was no room.
    tries: int = 0


@dataclass(slots=True)
class _Taking:
    """What goes into one turn."""

    granted: list[Reserve]
    ends: list[_Asking[End]] = field(default_factory=list)
    reserves: list[_Asking[Reserve]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    asked_at: float = field(default_factory=time.monotonic)

    def asked(self, counters: Counters) -> dict[str, Any]:
        ends = (asking.what for asking in self.ends)
        reserves = [asking.what for asking in self.reserves]
        return asked_of(counters, self.granted, ends, reserves, self.changes)

    def answers(self) -> "list[asyncio.Future[Full | None]]":
        return _answers(self.ends, self.reserves)


class Turns:
    """`reserve` and `end` belong to one event loop. `heard` is told how counters stand after each turn.

    While `may_hold_ahead` says so, busy counters are asked ahead.
    """

    def __init__(
        self,
        take: Taken,
        heard: Callable[[Sequence[Reading]], None],
        may_hold_ahead: Callable[[], bool] = lambda: False,
    ) -> None:
        self._take = take
        self._heard = heard
        self._may_hold_ahead = may_hold_ahead
        self._allowances = Allowances()
        #: Calls that go on already and are to be written down.
        self._granted: list[Reserve] = []
        self._reserves: list[_Asking[Reserve]] = []
        self._ends: list[_Asking[End]] = []
        #: Whether what gathers goes with the next turn.
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: asyncio.Task[None] | None = None
        self._is_ending = False

    async def reserve(self, wish: Reserve) -> Full | None:
        """None when the call holds its amounts now; else the first counter without room, and nothing is held."""
        if self._is_granted_ahead(wish):
            return None
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
        """Returns when nobody waits any more and nothing is held ahead; nothing gathers now."""
        self._is_ending = True
        self._allowances.want_all_back()
        while self._reserves or self._ends or self._granted or self._allowances or self._under_way is not None:
            self._hurry()
            assert self._under_way is not None
            await asyncio.wait([self._under_way])
        if self._timer is not None:
            self._timer.cancel()

    def _is_granted_ahead(self, wish: Reserve) -> bool:
        if self._is_ending or not self._may_hold_ahead() or len(self._granted) >= MAX_WAITING_FOR_TURN:
            return False
        if not self._allowances.grant(wish, time.monotonic()):
            return False
        self._granted.append(wish)
        self._hurry_in(GATHER_S)
        return True

    def _ask(self, what: Reserve | End) -> "asyncio.Future[Full | None]":
        if len(self._reserves) + len(self._ends) >= MAX_WAITING_FOR_TURN:
            raise Unavailable(f"{MAX_WAITING_FOR_TURN} calls wait for their budgets, which is the limit; try again.")
        if isinstance(what, Reserve):
            self._reserves.append(wanted := _Asking(what))
            self._start()
            return wanted.answer
        self._ends.append(ending := _Asking(what))
        self._hurry_in(GATHER_S)
        return ending.answer

    def _hurry_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._hurry)

    def _hurry(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_due = True
        self._start()

    def _start(self) -> None:
        if self._under_way is None:
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
            for answer in _answers(self._ends, self._reserves):
                _settle(answer, error=Unavailable("The hub stops."))
            self._reserves, self._ends = [], []
            raise
        finally:
            self._under_way = None
            if self._allowances and not self._is_ending:  # what nobody uses goes back
                self._hurry_in(GATHER_S)

    def _taken_up(self) -> _Taking | None:
        """What goes into the next turn: what gathers once it is due, or when somebody needs the room that it gives."""
        # who has left before its turn wants nothing; what has ended has ended
        self._reserves = [one for one in self._reserves if not one.answer.done()]
        is_due = self._is_due or bool(self._reserves and self._reserves[0].tries)
        if not is_due and not self._reserves:
            return None
        taking = _Taking(self._granted)
        self._granted = []
        if is_due:
            taking.ends, self._ends = self._ends[:MAX_TURN], self._ends[MAX_TURN:]
        self._is_due = self._is_due and bool(self._ends)
        room = MAX_TURN - len(taking.ends)
        taking.reserves, self._reserves = self._reserves[:room], self._reserves[room:]
        taking.changes = list(self._allowances.changes(taking.asked_at))
        return taking if taking.granted or taking.ends or taking.reserves or taking.changes else None

    async def _turn(self, taking: _Taking) -> None:
        counters = Counters()
        try:
            answer = await self._take(taking.asked(counters))
        except BaseException as error:  # whatever it was, those who wait must hear of it
            self._failed(taking, error if isinstance(error, Exception) else Unavailable("The hub stops."))
            if not isinstance(error, Exception):
                raise
            return
        self._allowances.answered(taking.changes, answer.get("allowances") or {}, taking.asked_at)
        for ending in taking.ends:
            _settle(ending.answer)
        refused = {UUID(one["id"]): _full(one, counters) for one in answer["refused"]}
        again: list[_Asking[Reserve]] = []
        for asking in taking.reserves:
            full = refused.get(asking.what.id)
            if full is not None and self._has_hope(asking, full):
                again.append(asking)
                continue
            if asking.answer.cancelled() and full is None:
                self._give_back(asking.what.id)
            _settle(asking.answer, full)
        self._ask_again(again)
        spent = answer["spent"] or ()
        if readings := [Reading(hold, used) for hold, used in zip(counters.holds, spent, strict=True)]:
            self._heard(readings)

    def _failed(self, taking: _Taking, error: Exception) -> None:
        for answer in taking.answers():
            _settle(answer, error=error)
        self._allowances.forget()
        if self._is_ending and taking.granted:
            _log.error("%d calls under way could not be written down for their budgets.", len(taking.granted))
        elif taking.granted:
            self._granted[:0] = taking.granted
            self._hurry_in(WRITE_AGAIN_S)

    def _has_hope(self, asking: _Asking[Reserve], full: Full) -> bool:
        """Whether room may come back that no call has taken: ends that wait here, or what anybody holds ahead."""
        if full.ahead:
            self._allowances.want_back(full.hold)
        return (bool(self._ends or full.ahead) and not asking.tries) or (full.ahead > 0 and asking.tries < MAX_TRIES)

    def _ask_again(self, again: list[_Asking[Reserve]]) -> None:
        """For the first time at once, for this process gives back what it can; then when others may have."""
        for asking in again:
            asking.tries += 1
        self._reserves[:0] = [asking for asking in again if asking.tries == 1]
        if later := [asking for asking in again if asking.tries > 1]:
            asyncio.get_running_loop().call_later(TRY_AGAIN_S, self._come_back, later)

    def _come_back(self, asking: list[_Asking[Reserve]]) -> None:
        self._reserves[:0] = asking
        self._start()


def _answers(ends: list[_Asking[End]], reserves: list[_Asking[Reserve]]) -> "list[asyncio.Future[Full | None]]":
    return [asking.answer for asking in ends] + [asking.answer for asking in reserves]


def _settle(answer: "asyncio.Future[Full | None]", full: Full | None = None, *, error: Exception | None = None) -> None:
    if answer.done():  # the caller has left
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(full)


def _full(row: Mapping[str, Any], counters: Counters) -> Full:
    return Full(counters.holds[row["counter"] - 1], row["spent"], row["reserved"], row.get("ahead", 0))
