"""Room that this process holds ahead, so that a call of a busy counter waits for nobody.

An allowance is a part of a counter's room that this process has taken before anybody asked for it. Calls are granted
out of it at once. The next turn writes down what they hold, makes the allowance smaller by as much, and fills it up
where there is plenty, which the counter decides. What nobody uses goes back after IDLE_S, and at once when a call finds
no room: so no call is refused that fits. A process that is killed holds its allowances until they end by themselves.

Only a counter that is asked for again and again has one. A budget that does not block needs none: its calls always fit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from mno.observability.budgets.turns.model import Hold, Key, Reserve
from mno.platform.ids import new_id

#: For how long an allowance of which nobody takes is kept, and a counter counts as asked for again, in seconds.
IDLE_S = 0.1
#: After how long an allowance ends by itself, in seconds.
ALLOWANCE_LEASE_S = 5.0
#: And for how long this process grants out of it, counted from before it asked: well before its end.
ALLOWANCE_TRUST_S = 2.5
#: How many calls such as the largest since the last turn an allowance has room for; or twice what was asked since then.
CALLS_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Change:
    """What one allowance gives back and asks for in a turn; less than `useful` is not worth having."""

    id: UUID
    hold: Hold
    back: int
    more: int
    useful: int
    lease_s: float = ALLOWANCE_LEASE_S


@dataclass(slots=True)
class _Allowance:
    """Of one counter; amounts in its unit."""

    hold: Hold
    id: UUID = field(default_factory=new_id)
    #: What calls may still be granted.
    left: int = 0
    trusted_until: float = 0.0
    asked_at: float = 0.0
    #: How often it was asked for without a pause.
    asks: int = 0
    is_wanted_back: bool = False
    #: Since the last turn was written: of all calls, of the largest, and of those that were granted here.
    asked: int = 0
    largest: int = 0
    granted: int = 0

    def ask(self, hold: Hold, now: float) -> None:
        self.asks = self.asks + 1 if now - self.asked_at <= IDLE_S else 1
        self.asked_at, self.hold = now, hold
        self.asked += hold.amount
        self.largest = max(self.largest, hold.amount)

    def has_room(self, amount: int, now: float) -> bool:
        return amount <= self.left and now < self.trusted_until

    def change(self, now: float) -> Change:
        """For the turn that is written now."""
        back, more = self.granted, 0
        if self.is_wanted_back or now - self.asked_at > IDLE_S:
            back, self.left = back + self.left, 0
        elif self.asks > 1 and self.asked:
            more = max(0, max(CALLS_AHEAD * self.largest, 2 * self.asked) - self.left)
        change = Change(self.id, self.hold, back, more, self.largest)
        self.asked = self.largest = self.granted = 0
        self.is_wanted_back = False
        return change


class Allowances:
    """`now` is a monotonic clock's, in seconds."""

    def __init__(self) -> None:
        self._of_counters: dict[Key, _Allowance] = {}

    def __bool__(self) -> bool:
        """Whether there is something to give back sooner or later."""
        return any(one.left or one.granted for one in self._of_counters.values())

    def grant(self, wish: Reserve, now: float) -> bool:
        """Takes what the call holds out of the allowances; False, and takes nothing, where one has no room for it."""
        blocking = [(self._of(hold), hold) for hold in wish.holds if hold.budget.hard and hold.amount]
        for allowance, hold in blocking:
            allowance.ask(hold, now)
        if not all(allowance.has_room(hold.amount, now) for allowance, hold in blocking):
            return False
        for allowance, hold in blocking:
            allowance.left -= hold.amount
            allowance.granted += hold.amount
        return True

    def want_back(self, hold: Hold) -> None:
        """Everything of this counter, with the next turn: somebody finds no room."""
        if allowance := self._of_counters.get(hold.key):
            allowance.is_wanted_back, allowance.asks = True, 0

    def want_all_back(self) -> None:
        for allowance in self._of_counters.values():
            allowance.is_wanted_back = True

    def changes(self, now: float) -> Iterator[Change]:
        """For the turn that is written now, which must write down all calls that were granted."""
        for key, allowance in list(self._of_counters.items()):
            change = allowance.change(now)
            if change.back or change.more:
                yield change
            if not allowance.left and now - allowance.asked_at > IDLE_S:
                del self._of_counters[key]

    def answered(self, changes: Iterable[Change], amounts: Mapping[str, int], asked_at: float) -> None:
        """How those that were to change stand now; what was granted meanwhile comes off."""
        for change in changes:
            allowance = self._of_counters.get(change.hold.key)
            if allowance is not None and allowance.id == change.id:
                allowance.left = max(0, amounts.get(str(change.id), 0) - allowance.granted)
                allowance.trusted_until = asked_at + ALLOWANCE_TRUST_S

    def forget(self) -> None:
        """Nobody knows how they stand; they end by themselves."""
        self._of_counters.clear()

    def _of(self, hold: Hold) -> _Allowance:
        allowance = self._of_counters.get(hold.key)
        if allowance is None:
            allowance = self._of_counters[hold.key] = _Allowance(hold)
        return allowance
