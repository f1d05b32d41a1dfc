"""The budgets of each team in memory, because every call asks them.

A change is known at once in the process that made it and within a second in the others (`platform/versions.py`).
What nobody tells, such as another time zone of the team, is known after BOOK_LIFETIME. While this process does not
hear of changes, nothing is believed for longer than BELIEVED_S.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from mno.observability.budgets.model import Budget, Period, Window
from mno.observability.budgets.periods import window_at

#: The topic of a team's budgets.
TOPIC = "budgets:"
#: How long a team's budgets are believed, in seconds.
BOOK_LIFETIME = 30.0
#: And how long without being told that nothing has changed.
BELIEVED_S = 1.0

#: A team's budgets and its time zone, as they are now.
Load = Callable[[UUID], Awaitable[tuple[Sequence[Budget], str]]]


@dataclass(slots=True)
class TeamBook:
    """One team's budgets, and the windows that calls of the present moment go by."""

    budgets: Sequence[Budget]
    zone: ZoneInfo
    loaded_at: float
    _windows: dict[Period, Window] = field(default_factory=dict)

    def window(self, period: Period, at: datetime) -> Window:
        window = self._windows.get(period)
        if window is None or not window.part <= at < window.until:
            window = self._windows[period] = window_at(period, self.zone, at)
        return window


class Book:
    """`of` belongs to one event loop; `unconfirmed_s` says for how long it is unknown whether anything changed."""

    def __init__(self, load: Load, unconfirmed_s: Callable[[], float]) -> None:
        self._load = load
        self._unconfirmed_s = unconfirmed_s
        self._teams: dict[UUID, TeamBook] = {}
        #: Told of a change while it was loaded: what came is old already.
        self._changes = 0
        self._loading: dict[UUID, asyncio.Lock] = {}

    async def of(self, team_id: UUID) -> TeamBook:
        book = self._believed(team_id)
        if book is not None:
            return book
        async with self._loading.setdefault(team_id, asyncio.Lock()):
            book = self._believed(team_id)
            if book is not None:
                return book
            while True:
                changes, began = self._changes, time.monotonic()
                budgets, zone = await self._load(team_id)
                book = TeamBook(budgets, ZoneInfo(zone), began)
                if changes == self._changes:
                    self._teams[team_id] = book
                    return book

    def _believed(self, team_id: UUID) -> TeamBook | None:
        book = self._teams.get(team_id)
        if book is None:
            return None
        age_s = time.monotonic() - book.loaded_at
        if age_s < BELIEVED_S or (age_s < BOOK_LIFETIME and self._unconfirmed_s() < BELIEVED_S):
            return book
        return None

    def changed(self, topic: str) -> None:
        """Forgets the team that a topic names; all of them for the bare prefix."""
        self._changes += 1
        name = topic.removeprefix(TOPIC)
        if name:
            self._teams.pop(UUID(name), None)
        else:
            self._teams.clear()
