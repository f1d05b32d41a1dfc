"""A breaker for each target: who fails again and again is left alone for a while, then tried once.

Closed: calls pass; failures in a row are counted. Open: none passes until its rest is over. Half-open: one passes; if
it works the breaker closes, if not it opens for twice as long.
"""

from collections.abc import Callable
from dataclasses import dataclass

#: Failures in a row that open a breaker.
FAILURES = 5
#: How long it stays open first, in seconds; twice as long each time that the trial fails.
REST_S = 5.0
#: And at most.
MAX_REST_S = 300.0
#: Targets whose breakers are remembered.
MAX_BREAKERS = 10_000

Key = tuple[str, str]
#: A target, and whether it works.
Changed = Callable[[Key, bool], None]


@dataclass(slots=True)
class Breaker:
    """One target's."""

    failures: int = 0
    rest_s: float = 0.0
    open_until: float = 0.0
    #: When the one call began that is to show whether it works again; it counts as lost after a rest's time.
    trial_at: float | None = None

    @property
    def is_closed(self) -> bool:
        return self.rest_s == 0.0

    def lets_through(self, now: float) -> bool:
        """Whether a call may try now."""
        if self.is_closed:
            return True
        if now < self.open_until:
            return False
        return self.trial_at is None or now - self.trial_at > MAX_REST_S

    def wait_s(self, now: float) -> float:
        """Until it may be tried again."""
        return max(0.0, self.open_until - now)


class Breakers:
    """By provider and model. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[Key, Breaker] = {}
        self._told: Changed | None = None

    def watch(self, told: Changed) -> None:
        """Calls `told` when a breaker opens and when it closes again, not at every trial; it must be quick."""
        self._told = told

    def suspect(self, key: Key) -> None:
        """Half-open from now on: one call shows whether it works, as another process has found that it does not."""
        self._known[key] = Breaker(failures=FAILURES, rest_s=REST_S, open_until=self._clock())

    def lets_through(self, key: Key) -> bool:
        breaker = self._known.get(key)
        return breaker is None or breaker.lets_through(self._clock())

    def begin(self, key: Key) -> None:
        """A call goes there now."""
        breaker = self._known.get(key)
        if breaker is not None and not breaker.is_closed:
            breaker.trial_at = self._clock()

    def worked(self, key: Key) -> None:
        breaker = self._known.pop(key, None)
        if breaker is not None and not breaker.is_closed and self._told is not None:
            self._told(key, True)

    def failed(self, key: Key) -> None:
        if len(self._known) >= MAX_BREAKERS and key not in self._known:
            self._known.clear()
        breaker = self._known.setdefault(key, Breaker())
        breaker.failures += 1
        if breaker.is_closed and breaker.failures < FAILURES:
            return
        now = self._clock()
        if breaker.is_closed or breaker.trial_at is not None:
            opens = breaker.is_closed
            breaker.rest_s = min(MAX_REST_S, breaker.rest_s * 2 or REST_S)
            breaker.open_until = now + breaker.rest_s
            breaker.trial_at = None
            if opens and self._told is not None:
                self._told(key, False)

    def undecided(self, key: Key) -> None:
        """The call ended without saying anything about the target: its caller left."""
        breaker = self._known.get(key)
        if breaker is not None:
            breaker.trial_at = None

    def wait_s(self, key: Key) -> float:
        breaker = self._known.get(key)
        return 0.0 if breaker is None else breaker.wait_s(self._clock())

    def states(self) -> dict[Key, str]:
        """Of the targets that are not simply working: `open`, `half-open` or `failing`."""
        now = self._clock()
        return {
            key: "failing" if one.is_closed else "open" if now < one.open_until else "half-open"
            for key, one in self._known.items()
        }
