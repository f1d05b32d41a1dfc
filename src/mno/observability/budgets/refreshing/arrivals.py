"""Hears what the span store has taken, and remembers whose budgets that may move.

The store thread calls it and never waits: it adds to a set and wakes the event loop. The gateway's own spans move
nothing by themselves, because their calls were settled before; but one of them may take the place of a span that the
application sent, so they are heeded where others have sent spans lately.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from uuid import UUID

from mno.observability.spans.model import Owner, Span

#: How the gateway's own spans say by which way they came.
GATEWAY = "gateway"

#: For how long a span of the gateway may take the place of one that came before, in seconds.
SAME_CALL_WAIT_S = 600.0

#: Team and project.
Place = tuple[UUID, UUID]


class Arrivals:
    """A `CommitListener` of the span pipeline."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: set[tuple[str, str]] = set()
        #: When others last sent spans there. The store thread's own.
        self._others: dict[tuple[str, str], float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stirred = asyncio.Event()

    def committed(self, deliveries: Sequence[tuple[Owner, Sequence[Span]]]) -> None:
        """These spans can be queried. From any thread; never blocks, never fails."""
        places = set()
        now = time.monotonic()
        for owner, _ in deliveries:
            place = owner.team_id, owner.project_id
            if owner.source != GATEWAY:
                self._others[place] = now
            if now - self._others.get(place, -SAME_CALL_WAIT_S) < SAME_CALL_WAIT_S:
                places.add(place)
        if not places or self._loop is None:
            return
        with self._lock:
            stirs = not self._places
            self._places |= places
        if stirs:
            try:
                self._loop.call_soon_threadsafe(self._stirred.set)
            except RuntimeError:  # the loop has ended, and so has every budget
                return

    def settled(self) -> None:
        """Budgets look at the spans themselves."""

    def listen(self) -> None:
        """From the event loop: what arrives from now on is remembered."""
        self._loop = asyncio.get_running_loop()

    async def taken(self) -> set[Place]:
        """Waits until something has arrived; the places where, once."""
        await self._stirred.wait()
        with self._lock:
            places, self._places = self._places, set()
            self._stirred.clear()
        return {(UUID(team), UUID(project)) for team, project in places}
