"""Follows what is written, once for all viewers of this process, and hands it to those whom it concerns.

Whoever writes events wakes this process after its commit, and the others by a topic, soon and not each time; beneath
that every process looks by itself. A viewer has room for MAX_OWED_CARDS; who does not keep up is told to read the
history again, and nobody waits for it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mno.events import store
from mno.events.following.coalescing import Card, Coalescing
from mno.events.model import Event, EventFilter, Sight
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError
from mno.platform.live import MAX_READERS, Audience, Reader
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)

#: Cards that are kept for a viewer who does not keep up.
MAX_OWED_CARDS = 1_000
#: Missed events that whoever comes back is sent; after more it reads the history.
MAX_RESUMED_EVENTS = 500
#: Events that are read at once.
MAX_READ_AT_ONCE = 1_000
#: How often a process looks although nobody woke it, in seconds.
LOOK_INTERVAL_S = 1.0
#: Two messages to one viewer are this far apart, in seconds; what comes in between goes out together.
CARD_INTERVAL_S = 0.02
#: How long events gather before the other processes are woken, in seconds.
ANNOUNCE_INTERVAL_S = 0.05

_TOPIC = "events"

#: What a viewer may see now; None when it may see nothing any more.
Look = Callable[[], Awaitable[Sight | None]]


class StreamEvent(StrEnum):
    """What a viewer is told."""

    #: From here on everything is sent.
    READY = "ready"
    #: One event, or several of a subject that came within a second: the newest, and how many.
    CARD = "card"
    #: Something was left out: read the history again.
    REREAD = "reread"


@dataclass(frozen=True, slots=True)
class Telling:
    """One message; whoever comes back names `resume_at`."""

    name: StreamEvent
    resume_at: int
    card: Card | None = None


#: Writes messages as the viewer's transport wants them.
Encode = Callable[[Sequence[Telling]], bytes]


class Viewer(Reader):
    """One who follows. `since` is where a broken stream ended, None for who begins."""

    def __init__(self, feed: "EventFeed", asked: EventFilter, look: Look, encode: Encode, since: int | None) -> None:
        super().__init__()
        self._feed = feed
        self._asked = asked
        self._look = look
        self._encode = encode
        self._since = since
        self._sight: Sight | None = None
        self._owed = Coalescing(MAX_OWED_CARDS)
        self._is_behind = False
        self._has_caught_up = False
        self._alarm: asyncio.TimerHandle | None = None
        self.stirred.set()  # what was missed is sent at once

    async def may_read(self) -> bool:
        """Looks again what it may see, before each event and ping."""
        self._sight = await self._look()
        return self._sight is not None

    def offer(self, events: Sequence[Event], reached: int) -> None:
        """What arrived. Before the first `take` the viewer reads for itself."""
        if not self._has_caught_up or self._sight is None:
            return
        now = time.monotonic()
        for event in events:
            if self._sight.sees(event) and self._asked.finds(event) and not self._owed.add(event, now):
                self._is_behind = True
        self._owed.reached(reached)
        if self._owed.has_cards or self._is_behind:
            self.stirred.set()
        else:
            self._wake_in(self._owed.due_s(now))

    async def take(self) -> bytes:
        self.stirred.clear()
        begins = not self._has_caught_up
        if begins:
            await self._feed.catch_up(self)
        now = time.monotonic()
        sight = self._sight
        told = [
            Telling(StreamEvent.CARD, card.resume_at, card)
            for card in self._owed.cards(now)
            if sight is not None and sight.sees(card.event)
        ]
        if self._is_behind or begins:
            name = StreamEvent.REREAD if self._is_behind else StreamEvent.READY
            told.append(Telling(name, self._owed.resume_at))
            self._is_behind = False
        self._wake_in(self._owed.due_s(now))
        return self._encode(told) if told else b""

    def close(self) -> None:
        super().close()
        self._wake_in(None)

    async def catch_up(self, reached: int, read: Callable[[Sight, EventFilter, int], Awaitable[list[Event]]]) -> None:
        """From here on it is offered everything; `read` gives what it missed."""
        assert self._sight is not None
        self._has_caught_up = True
        if self._since is not None and self._since < reached:
            missed = await read(self._sight, self._asked, self._since)
            if len(missed) > MAX_RESUMED_EVENTS:
                self._is_behind = True
            else:
                self.offer(missed, reached)
        self._owed.reached(reached)

    def _wake_in(self, seconds: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if seconds is not None:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self.stirred.set)


class EventFeed:
    """The viewers of one process, by team."""

    def __init__(self, database: Database, versions: Versions, max_viewers: int = MAX_READERS) -> None:
        self._database = database
        self._versions = versions
        self._audience: Audience[UUID, Viewer] = Audience(max_viewers)
        self._looking = asyncio.Lock()
        self._reached: int | None = None
        self._wake = asyncio.Event()
        self._written = asyncio.Event()
        self.check_room = self._audience.check_room
        self.close = self._audience.close
        versions.watch(_TOPIC, lambda _: self._wake.set())

    @property
    def viewers(self) -> int:
        return len(self._audience)

    def written(self) -> None:
        """Events have committed in this process."""
        self._wake.set()
        self._written.set()

    def follow(
        self, team_id: UUID, asked: EventFilter, look: Look, encode: Encode, since: int | None
    ) -> AsyncIterator[bytes]:
        """What `encode` makes of cards, for as long as `Audience.attend` says."""
        viewer = Viewer(self, asked, look, encode, since)
        return self._audience.attend(team_id, viewer, viewer.may_read, interval_s=CARD_INTERVAL_S)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follows and wakes others until it is left; ends the open streams then."""
        tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._announce())]
        try:
            yield
        finally:
            self.close()
            for task in tasks:
                await ended(task)

    async def catch_up(self, viewer: Viewer) -> None:
        """Nothing is handed out meanwhile, so the viewer neither misses nor repeats anything."""
        async with self._looking, self._database.across_teams() as tx:
            # what is offered to nobody is not read
            if self._reached is None:
                self._reached = await store.newest_position(tx)
            reached = self._reached

            async def read(sight: Sight, asked: EventFilter, since: int) -> list[Event]:
                return await store.missed(tx, sight, asked, since, reached, MAX_RESUMED_EVENTS + 1)

            await viewer.catch_up(reached, read)

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_INTERVAL_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while await self._hand_out():
                    pass
            except MnoError as error:
                _log.warning("Events are not sent at the moment: %s", error)
            except Exception:  # noqa: BLE001 - it has nobody above it to tell, and viewers who wait
                _log.exception("Events could not be sent; the feed goes on.")

    async def _hand_out(self) -> bool:
        """Reads what is new and offers it; whether there may be more."""
        async with self._looking:
            if not self._audience:
                self._reached = None
            if self._reached is None:
                return False
            async with self._database.across_teams() as tx:
                events = await store.arrived(tx, self._reached, MAX_READ_AT_ONCE)
            if not events:
                return False
            self._reached = events[-1].position
            of_teams: dict[UUID, list[Event]] = {}
            for event in events:
                of_teams.setdefault(event.team_id, []).append(event)
            for viewer_team, its_events in of_teams.items():
                for viewer in self._audience.of(viewer_team):
                    viewer.offer(its_events, self._reached)
        return len(events) == MAX_READ_AT_ONCE

    async def _announce(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            with contextlib.suppress(MnoError):  # the others look by themselves
                async with self._database.across_teams() as tx:
                    await self._versions.bump(tx, _TOPIC)
            await asyncio.sleep(ANNOUNCE_INTERVAL_S)
