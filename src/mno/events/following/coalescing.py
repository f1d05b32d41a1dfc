"""Events of one subject that come close together are one card. Pure rules, with the moment given.

The first event of a subject is a card at once. What follows within a second becomes one card when the second is over,
with the newest event and a count, and so on each second as long as it goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from mno.events.model import Event

#: Events of a subject within so many seconds after a card become one card.
COALESCED_S = 1.0

#: Subjects of one viewer of which something was sent less than a second ago.
MAX_COALESCED_SUBJECTS = 10_000

Subject = tuple[UUID | None, str]


@dataclass(frozen=True, slots=True)
class Card:
    """`event` is the newest of `count` events. Whoever has read everything up to `resume_at` and comes back is sent
    this card again if it was not sent, and nothing twice but what stood beside it.
    """

    event: Event
    count: int
    resume_at: int


@dataclass(slots=True)
class _Held:
    """A subject of which something was sent less than a second ago, and what has come since."""

    until: float
    count: int = 0
    oldest: int = 0
    newest: Event | None = None

    def add(self, event: Event) -> None:
        if self.newest is None:
            self.oldest = event.position
        self.count += 1
        self.newest = event


class Coalescing:
    """What one viewer has still to be sent, and of which subjects it was sent something a moment ago."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ready: list[tuple[int, Event, int]] = []
        self._held: dict[Subject, _Held] = {}
        self._owed = 0
        self._reached = 0

    def add(self, event: Event, now: float) -> bool:
        """False when there is no room: the viewer is too slow, and nothing that it is owed is kept."""
        self._reached = max(self._reached, event.position)
        subject = (event.project_id, event.subject)
        held = self._held.get(subject)
        if held is not None and (held.newest is not None or now < held.until):
            self._owed += held.newest is None
            held.add(event)
        else:
            self._owed += 1
            self._ready.append((event.position, event, 1))
            self._held[subject] = _Held(now + COALESCED_S)
        if self._owed > self._most or len(self._held) > MAX_COALESCED_SUBJECTS:
            self.clear()
            return False
        return True

    def clear(self) -> None:
        self._ready, self._held, self._owed = [], {}, 0

    def reached(self, position: int) -> None:
        """Everything up to here was added, or does not concern this viewer."""
        self._reached = max(self._reached, position)

    @property
    def has_cards(self) -> bool:
        return bool(self._ready)

    @property
    def resume_at(self) -> int:
        """What whoever comes back names as the last that it has read."""
        owed = [held.oldest for held in self._held.values() if held.newest is not None]
        owed += [oldest for oldest, _, _ in self._ready]
        return min(owed, default=self._reached + 1) - 1

    def due_s(self, now: float) -> float | None:
        """How long until something that is held becomes a card; None when nothing is held."""
        waits = [held.until - now for held in self._held.values() if held.newest is not None]
        return max(0.0, min(waits)) if waits else None

    def cards(self, now: float) -> list[Card]:
        """What is to be sent now, oldest first; from then on it counts as sent."""
        self._let_go(now)
        ready, self._ready = sorted(self._ready, key=lambda one: one[0]), []
        self._owed -= len(ready)
        return list(_resumable(ready, self.resume_at))

    def _let_go(self, now: float) -> None:
        """Seconds that are over: what came in them becomes cards, and a new second begins for those subjects."""
        for subject, held in list(self._held.items()):
            if held.until > now:
                continue
            if held.newest is None:
                del self._held[subject]
                continue
            self._ready.append((held.oldest, held.newest, held.count))
            self._held[subject] = _Held(now + COALESCED_S)


def _resumable(ready: list[tuple[int, Event, int]], at_end: int) -> Iterator[Card]:
    """Each card names a place before everything that is sent after it, or held still."""
    for place, (_, event, count) in enumerate(ready):
        following = ready[place + 1][0] - 1 if place + 1 < len(ready) else at_end
        yield Card(event, count, min(following, at_end))
