"""Where requests wait for the end of a call, in memory: one look at the database for all that wait, when somebody says
that something ended, and now and then without that.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.gated.waiting import store
from mno.platform.database import Connection, Database, after_commit
from mno.platform.ending import ended
from mno.platform.errors import MnoError
from mno.platform.versions import Versions

#: Requests that wait in one process; further ones are told at once that their call waits.
MAX_HELD_CALLS = 2_000
#: How often is looked although nobody said anything, in seconds.
LOOK_S = 5.0

#: Topics begin so; the team follows.
_TOPICS = "mcp-calls/"
_log = logging.getLogger(__name__)


class WaitingRoom:
    """Of one process; `running` looks."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions
        self._held: dict[UUID, set[asyncio.Future[None]]] = {}
        self._news = asyncio.Event()
        self._told: list[Callable[[], None]] = []
        versions.watch(_TOPICS, lambda _: self._wake())

    def when_told(self, call: Callable[[], None]) -> None:
        """Tells when calls have moved on, in this process or another."""
        self._told.append(call)

    async def alone(self, tx: Connection, team_id: UUID) -> None:
        """Others that ask in the same team wait until this transaction ends."""
        await self._versions.bump(tx, f"{_TOPICS}{team_id}")

    async def tell(self, tx: Connection, call: GatedCall) -> None:
        """A call was approved, or is over, once this transaction commits: every process looks."""
        if call.state is GatedState.APPROVED or call.is_over:
            await self._versions.bump(tx, f"{_TOPICS}{call.team_id}")
            after_commit(tx, self._wake)

    async def is_over(self, id_: UUID, wait_s: float) -> bool:
        """Waits so long at most; True as soon as the call is over."""
        if sum(map(len, self._held.values())) >= MAX_HELD_CALLS:
            return False
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.setdefault(id_, set()).add(waiting)
        self._news.set()  # it may have ended a moment ago
        try:
            await asyncio.wait([waiting], timeout=wait_s)
            return waiting.done()
        finally:
            held = self._held.get(id_, set())
            held.discard(waiting)
            if not held:
                self._held.pop(id_, None)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="mcp-waiting-room")
        try:
            yield
        finally:
            await ended(task)

    def _wake(self) -> None:
        self._news.set()
        for call in self._told:
            call()

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            self._news.clear()
            if self._held:
                try:
                    await self._look()
                except MnoError as error:
                    _log.warning("It cannot be seen at the moment which calls have ended: %s", error)

    async def _look(self) -> None:
        async with self._database.across_teams() as tx:
            over = await store.over_among(tx, list(self._held))
        for id_ in over:
            for waiting in self._held.pop(id_, ()):
                if not waiting.done():
                    waiting.set_result(None)
