"""What is known of each team, in memory: read once, believed as long as nobody says that it changed.

Whoever changes it bumps the team's topic in the same transaction (`versions.py`). A process that cannot hear whether
anything changed believes what it read for a second and no longer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

from mno.platform.versions import Versions

T = TypeVar("T")

#: How long this process believes what it read when it cannot hear whether it changed, in seconds.
BELIEVED_S = 1.0
#: Teams of which one kind of thing is remembered.
MAX_TEAMS_REMEMBERED = 1_000


class Remembered(Generic[T]):
    """One kind of thing, by team; for one event loop. Topics are `prefix` and the team's id."""

    def __init__(self, versions: Versions, prefix: str, read: Callable[[UUID], Awaitable[T]]) -> None:
        self._versions = versions
        self._prefix = prefix
        self._read = read
        self._known: dict[UUID, tuple[T, float]] = {}
        #: Grows with every change that is heard, so that what was read before it is not remembered after it.
        self._generation = 0
        self._reading = asyncio.Lock()
        versions.watch(prefix, lambda topic: self.forget(team_in(topic, prefix)))

    def topic_of(self, team_id: UUID) -> str:
        return f"{self._prefix}{team_id}"

    async def of(self, team_id: UUID) -> T:
        """From memory, or read now; whatever the reading raises."""
        known = self._believed(team_id)
        if known is not None:
            return known
        async with self._reading:
            known = self._believed(team_id)
            return known if known is not None else await self._fresh(team_id)

    def _believed(self, team_id: UUID) -> T | None:
        known = self._known.get(team_id)
        if known is None:
            return None
        if time.monotonic() - known[1] < BELIEVED_S or self._versions.unconfirmed_s() < BELIEVED_S:
            return known[0]
        return None

    async def _fresh(self, team_id: UUID) -> T:
        generation, began = self._generation, time.monotonic()
        found = await self._read(team_id)
        if generation == self._generation:
            if len(self._known) >= MAX_TEAMS_REMEMBERED:
                self._known.clear()
            self._known[team_id] = found, began
        return found

    def forget(self, team_id: UUID | None) -> None:
        """What is under way is read for who waits, and not kept. None: of every team."""
        self._generation += 1
        if team_id is None:
            self._known.clear()
        else:
            self._known.pop(team_id, None)


def team_in(topic: str, prefix: str) -> UUID | None:
    """The team that a topic is about; None where it may be any."""
    team = topic.removeprefix(prefix)
    return UUID(team) if team else None
