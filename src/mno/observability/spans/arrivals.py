"""Hears what the span store has taken, and remembers where, for whoever looks at the newest spans in the background.

The store thread calls it and never waits: it adds to a set and wakes the event loop. Of whom nobody wants to hear
costs one question in memory.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from mno.observability.spans.model import Owner, Span

#: Team and project.
ProjectPlace = tuple[UUID, UUID]
#: Whether spans of this sender are worth a look. Asked on the store thread; must be quick.
Heeds = Callable[[Owner], bool]


class Arrivals:
    """A `CommitListener` of the span pipeline.

    With `figures` it tells a second time once the usage figures know of the spans, for who reads the rollups.
    """

    def __init__(self, heeds: Heeds, *, figures: bool = False) -> None:
        self._heeds = heeds
        self._figures = figures
        self._lock = threading.Lock()
        self._places: set[tuple[str, str]] = set()
        #: Of which the figures do not know yet. The store thread's own.
        self._unsettled: set[tuple[str, str]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stirred = asyncio.Event()

    def committed(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> None:
        """These spans can be queried. From any thread; never blocks, never fails."""
        places = {(owner.team_id, owner.project_id) for owner, _ in deliveries if self._heeds(owner)}
        if places and self._figures:
            self._unsettled |= places
        self._add(places)

    def settled(self) -> None:
        """The usage figures know of everything. From the same thread."""
        if self._unsettled:
            places, self._unsettled = self._unsettled, set()
            self._add(places)

    def listen(self) -> None:
        """From the event loop: what arrives from now on is remembered."""
        self._loop = asyncio.get_running_loop()

    def again(self, places: Iterable[ProjectPlace]) -> None:
        """Puts back what could not be looked at."""
        self._add({(str(team), str(project)) for team, project in places})

    async def taken(self) -> set[ProjectPlace]:
        """Waits until something has arrived; the places where, once."""
        await self._stirred.wait()
        with self._lock:
            places, self._places = self._places, set()
            self._stirred.clear()
        return {(UUID(team), UUID(project)) for team, project in places}

    def _add(self, places: set[tuple[str, str]]) -> None:
        if not places or self._loop is None:
            return
        with self._lock:
            stirs = not self._places
            self._places |= places
        if stirs:
            try:
                self._loop.call_soon_threadsafe(self._stirred.set)
            except RuntimeError:  # the loop has ended, and so has everybody who would look
                return
