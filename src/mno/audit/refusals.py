"""Refused attempts on their way into the log: whoever is refused a thousand times a second makes two entries a
minute, and no request waits for any of them.

The first refusal of its kind is written at once, the same by the same actor within a minute is counted, and the
count is written at the minute's end. What finds no room is counted as well, and that count is an entry, too.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from mno.audit.model import HUB_CHAIN, MAX_PENDING_REFUSALS, NOBODY, NewEntry, Outcome, Payload
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: How long the same refusal of the same actor is counted before it is written again, in seconds.
COUNT_S = 60.0
#: How often what has come is written, in seconds.
FLUSH_S = 0.5

#: Appends entries to one chain.
Write = Callable[[UUID, Sequence[NewEntry]], Awaitable[None]]


@dataclass(slots=True)
class _Refusal:
    team_id: UUID
    entry: NewEntry
    #: When the count is written; 0 for one that has not been written at all.
    due: float
    #: How often it came since it was last written.
    times: int = 1


class Refusals:
    """Takes them without waiting; writes them in batches while it is `running`."""

    def __init__(self, write: Write, *, room: int = MAX_PENDING_REFUSALS) -> None:
        self._write = write
        self._room = room
        self._known: dict[object, _Refusal] = {}
        self._dropped = 0
        self._flushing = asyncio.Lock()
        self.is_running = False

    def add(self, team_id: UUID, entry: NewEntry) -> None:
        """Never waits and never fails; counts what has no room."""
        payload = entry.payload
        kind = (
            team_id,
            entry.actor_kind,
            entry.actor_id,
            entry.action,
            entry.resource,
            payload.address,
            payload.detail,
        )
        known = self._known.get(kind)
        if known is not None:
            known.times += 1
        elif len(self._known) < self._room:
            self._known[kind] = _Refusal(team_id, entry, 0.0)
        else:
            self._dropped += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes what comes; at the end everything that is still there."""
        task = asyncio.create_task(self._run(), name="audit-refusals")
        self.is_running = True
        try:
            yield
        finally:
            self.is_running = False
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self.flush(everything=True)

    async def flush(self, *, everything: bool = False) -> None:
        """Writes what is due. What cannot be written now stays, and is tried again."""
        async with self._flushing:
            now = time.monotonic()
            by_team: dict[UUID, list[tuple[_Refusal, int]]] = defaultdict(list)
            for kind, refusal in list(self._known.items()):
                if refusal.times and (everything or refusal.due <= now):
                    by_team[refusal.team_id].append((refusal, refusal.times))
                elif refusal.due <= now:
                    del self._known[kind]
            for team_id, refusals in by_team.items():
                await self._write_down(team_id, refusals, now + COUNT_S)
            await self._write_dropped()

    async def _write_down(self, team_id: UUID, refusals: list[tuple[_Refusal, int]], due: float) -> None:
        try:
            await self._write(team_id, [replace(refusal.entry, times=times) for refusal, times in refusals])
        except MnoError as error:
            _log.warning("%d refused attempts cannot be written down now: %s", len(refusals), error)
            return
        for refusal, times in refusals:
            refusal.times -= times
            refusal.due = due

    async def _write_dropped(self) -> None:
        dropped = self._dropped
        if not dropped:
            return
        detail = f"{dropped} refused attempts found no room among the {self._room} that are remembered at once."
        payload = Payload(actor_name="audit log", detail=detail)
        entry = NewEntry("program", NOBODY, NOBODY, "refusals.drop", "hub", Outcome.FAILED, "", payload, dropped)
        with contextlib.suppress(MnoError):
            await self._write(HUB_CHAIN, [entry])
            self._dropped -= dropped

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                _log.exception("Refused attempts could not be written down; trying again.")
