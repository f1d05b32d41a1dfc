"""Delivers what waits: at least once whatever dies on the way, and not twice to a channel that confirmed.

A process leases a channel, sends what is due there in its order, and writes each outcome down right after the answer.
One that dies in between leaves its lease to end; the delivery is then sent again under the same id. Channels have
their turns side by side, so a slow one holds up nobody else.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx

from mno.notifications import rules, store
from mno.notifications.credentials.service import Credentials
from mno.notifications.model import (
    DELIVERIES_LIFETIME,
    Channel,
    ChannelCredential,
    Delivery,
    Fate,
    Verdict,
)
from mno.notifications.senders import Senders
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError, Unavailable
from mno.platform.ids import new_id

_log = logging.getLogger(__name__)

#: How often a process looks for deliveries although nobody woke it, in seconds.
POLL_S = 1.0
#: Channels that one process sends to at the same time.
MAX_CHANNELS_AT_ONCE = 32
#: Deliveries to one channel in a row, before others have their turn.
TURN_DELIVERIES = 50
#: A channel is held for so long after each sign of life: longer than one delivery may take.
LEASE = timedelta(seconds=30)
#: How long deliveries may go on when the program is told to stop, in seconds.
GRACE_S = 3.0
#: How often an outcome is written down before the delivery is left to its lease, and the pause between, in seconds.
MARK_ATTEMPTS = 5
MARK_PAUSE_S = 1.0
#: Deliveries that are deleted in one transaction.
MAX_DELIVERIES_PRUNED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class _Due:
    """A delivery with all that sending it takes; an error where its credential cannot be read here."""

    channel: Channel
    delivery: Delivery
    credential: ChannelCredential | MnoError


class Delivering:
    """The deliveries that this process makes."""

    def __init__(self, database: Database, senders: Senders, credentials: Credentials) -> None:
        self._database = database
        self._senders = senders
        self._credentials = credentials
        self._me = new_id()
        self._wake = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._stopping = False

    def wake(self) -> None:
        """Something waits: look now."""
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Delivers for as long as it is entered; what is under way then may end."""
        self._stopping = False
        looking = asyncio.create_task(self._look(), name="notifications")
        try:
            yield
        finally:
            self._stopping = True
            await ended(looking)
            if self._turns:
                await asyncio.wait(self._turns, timeout=GRACE_S)
            await ended(*self._turns)

    async def deliver_due(self) -> int:
        """Gives every channel with something due one turn, and waits for their ends; how many had one."""
        channels = await self._leased(MAX_CHANNELS_AT_ONCE)
        await asyncio.gather(*(self._turn(channel) for channel in channels))
        return len(channels)

    async def deliver(self, channel: Channel, delivery: Delivery) -> Delivery:
        """Sends one delivery now, for somebody who waits for the outcome: a failure is final."""
        async with self._database.transaction(channel.team_id) as tx:
            due = _Due(channel, delivery, await self._opened(tx, channel))
        async with self._senders.client() as client:
            verdict = await self._tried(client, due)
        if verdict.fate is Fate.LATER:
            verdict = Verdict(Fate.REFUSED, verdict.error)
        return await self._marked(delivery, verdict)

    async def prune(self) -> int:
        """Deletes what is older than DELIVERIES_LIFETIME."""
        pruned = 0
        while True:
            async with self._database.across_teams() as tx:
                gone = await store.prune(tx, clock.now() - DELIVERIES_LIFETIME, MAX_DELIVERIES_PRUNED_AT_ONCE)
            pruned += gone
            if gone < MAX_DELIVERIES_PRUNED_AT_ONCE:
                return pruned

    # — turns —

    async def _look(self) -> None:
        while True:
            self._wake.clear()
            free = MAX_CHANNELS_AT_ONCE - len(self._turns)
            found = 0
            try:
                for channel in await self._leased(free) if free else ():
                    found += 1
                    turn = asyncio.create_task(self._turn(channel), name=f"notifications-{channel.id}")
                    self._turns.add(turn)
                    turn.add_done_callback(self._ended)
            except MnoError as error:
                _log.warning("Notifications stand still: %s", error)
            except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                _log.exception("Notifications failed; trying again.")
            if not found or found == free:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()

    def _ended(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self._wake.set()

    async def _leased(self, limit: int) -> list[Channel]:
        async with self._database.across_teams() as tx:
            return await store.lease(tx, self._me, clock.now(), LEASE, limit)

    async def _turn(self, channel: Channel) -> None:
        try:
            async with self._senders.client() as client:
                for _ in range(TURN_DELIVERIES):
                    due = None if self._stopping else await self._next(channel)
                    if due is None:
                        break
                    verdict = await self._tried(client, due)
                    await self._marked(due.delivery, verdict)
                    if verdict.wait_s:
                        break
            async with self._database.transaction(channel.team_id) as tx:
                await store.release(tx, channel, self._me)
        except MnoError as error:
            _log.warning("The channel '%s' stands still; its lease ends soon: %s", channel.name, error)
        except Exception:  # noqa: BLE001 - a turn has nobody above it to tell
            _log.exception("The turn of a channel failed; its lease ends soon.")

    async def _next(self, channel: Channel) -> _Due | None:
        """What is due next, the lease made longer; None when there is nothing, or the channel is another's by now.

        The channel is read as it is now, and locked while its credential is: somebody may be changing both.
        """
        now = clock.now()
        async with self._database.transaction(channel.team_id) as tx:
            held = await store.hold(tx, channel, self._me, now, LEASE)
            delivery = await store.next_due(tx, held, now) if held else None
            if held is None or delivery is None:
                return None
            return _Due(held, delivery, await self._opened(tx, held))

    async def _opened(self, tx: Connection, channel: Channel) -> ChannelCredential | MnoError:
        try:
            return await self._credentials.read(tx, channel.team_id, channel.id)
        except MnoError as error:
            return error

    async def _tried(self, client: httpx.AsyncClient, due: _Due) -> Verdict:
        if isinstance(due.credential, MnoError):
            return Verdict(Fate.LATER, str(due.credential))
        return await self._senders.hand_over(client, due.channel, due.credential, due.delivery)

    async def _marked(self, delivery: Delivery, verdict: Verdict) -> Delivery:
        """Writes down what became of it, more than once if need be: what is not written down is sent again."""
        now = clock.now()
        delivery = rules.judged(delivery, verdict, now)
        attempts_left = MARK_ATTEMPTS
        while True:
            try:
                async with self._database.transaction(delivery.team_id) as tx:
                    await store.mark(tx, delivery, now, now + timedelta(seconds=verdict.wait_s))
                return delivery
            except Unavailable:
                attempts_left -= 1
                if not attempts_left:
                    raise
            await asyncio.sleep(MARK_PAUSE_S)
