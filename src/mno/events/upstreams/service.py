"""Makes facts of what breakers say: that an upstream is left alone, and that it works again.

A breaker is in memory and says so while a call is under way, so what it says waits here for a moment. Of several
processes each has breakers of its own; the first that opens begins a recovery and the first that closes ends it
(`hearing/`). A process that starts tries upstreams carefully whose recovery another one did not live to see.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from functools import partial

from mno.events import store
from mno.events.facts import UPSTREAM_FAILED, UPSTREAM_WORKS
from mno.events.model import Ailment
from mno.events.ports import KnownUpstreams
from mno.platform.breaker import Breakers, Key
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError
from mno.platform.facts import Fact
from mno.platform.outbox import Outbox

_log = logging.getLogger(__name__)

#: Changes of breakers that wait to be written down; the oldest are forgotten.
MAX_WAITING_CHANGES = 1_000
#: How long nothing is written down after it failed, in seconds.
RETRY_WAIT_S = 1.0


class Upstreams:
    """The breakers of this process, by what stands behind them."""

    def __init__(self, database: Database, outbox: Outbox, known: KnownUpstreams) -> None:
        self._database = database
        self._outbox = outbox
        self._known = known
        self._breakers: dict[Ailment, Breakers] = {}
        self._changes: deque[tuple[Ailment, Key, bool]] = deque(maxlen=MAX_WAITING_CHANGES)
        self._wake = asyncio.Event()

    def follow(self, about: Ailment, breakers: Breakers) -> None:
        """Before `running`: what these say is told from now on."""
        self._breakers[about] = breakers
        breakers.watch(partial(self._changed, about))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._remember()
        writing = asyncio.create_task(self._write())
        try:
            yield
        finally:
            await ended(writing)

    def _changed(self, about: Ailment, key: Key, works: bool) -> None:
        self._changes.append((about, key, works))
        self._wake.set()

    async def _remember(self) -> None:
        async with self._database.across_teams() as tx:
            subjects = await store.ailing(tx, [str(about) for about in self._breakers])
        for about, subject in subjects:
            self._breakers[Ailment(about)].suspect(_key_of(subject))

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changes:
                about, key, works = self._changes[0]
                try:
                    await self._tell(about, key, works)
                except MnoError as error:
                    _log.warning("That an upstream has changed is not told at the moment: %s", error)
                    await asyncio.sleep(RETRY_WAIT_S)
                    continue
                except Exception:  # noqa: BLE001 - one that cannot be told must not keep the others
                    _log.exception("That an upstream has changed cannot be told.")
                self._changes.popleft()

    async def _tell(self, about: Ailment, key: Key, works: bool) -> None:
        upstream = await self._known.upstream(about, key)
        if upstream is None:
            return
        fact = Fact(
            upstream.team_id,
            subject_of(about, key),
            UPSTREAM_WORKS if works else UPSTREAM_FAILED,
            {"project": None, "about": str(about), "name": upstream.name},
        )
        async with self._database.transaction(upstream.team_id) as tx:
            await self._outbox.publish(tx, fact)


_PREFIXES: Mapping[Ailment, str] = {Ailment.SERVER: "mcs", Ailment.MODEL: "gwp"}


def subject_of(about: Ailment, key: Key) -> str:
    """`mcs_…` for a server, `gwp_…/model` for a provider's model."""
    return f"{_PREFIXES[about]}_{key[0]}" + (f"/{key[1]}" if key[1] else "")


def _key_of(subject: str) -> Key:
    id_, _, part = subject.partition("/")
    return id_.partition("_")[2], part
