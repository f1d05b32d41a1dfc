"""Every call of a tool in the audit log: calls gather for a moment and are written together, so that no call waits.

While the database does not answer they wait here; when too many wait, `check_room` says so before another call is
begun, so none that was made goes unwritten while the program lives.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from uuid import UUID

from mno.audit.model import NewEntry, Outcome
from mno.audit.service import Audit, entry_of
from mno.platform.ending import ended
from mno.platform.errors import LimitExceeded, MnoError
from mno.platform.principal import Principal

#: Calls that may wait to be written, in memory.
MAX_WAITING_ENTRIES = 10_000
#: Entries of one transaction.
MAX_ENTRIES_AT_ONCE = 500
#: How long calls gather, in seconds.
GATHER_S = 0.25

_log = logging.getLogger(__name__)


class AuditedCalls:
    """`running` writes; at the end everything that is there."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._waiting: list[tuple[UUID, NewEntry]] = []
        self._arrived = asyncio.Event()

    def check_room(self) -> None:
        """`LimitExceeded` while too many wait."""
        if len(self._waiting) >= MAX_WAITING_ENTRIES:
            raise LimitExceeded(f"{len(self._waiting)} calls wait for the audit log, the limit.", retry_after_s=1)

    def add(self, principal: Principal, resource: str, name: str, detail: str) -> None:
        """One call in the present request: of which tool (`mcs_…`, and the name that was asked for), and what became
        of it. Never waits and never fails.
        """
        entry = entry_of(principal, "tools.call", resource, Outcome.DONE, name, detail)
        self._waiting.append((principal.team_id, entry))
        self._arrived.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run(), name="mcp-audit")
        try:
            yield
        finally:
            await ended(task)
            while self._waiting and await self._write():
                pass

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            self._arrived.clear()
            await self._write()
            if self._waiting:
                self._arrived.set()

    async def _write(self) -> bool:
        """The oldest, those of its team; whether it could be done."""
        team_id = self._waiting[0][0]
        batch = [one for one in self._waiting if one[0] == team_id][:MAX_ENTRIES_AT_ONCE]
        try:
            await self._audit.append(team_id, [entry for _, entry in batch])
        except MnoError as error:
            _log.warning("Calls wait for the audit log: %s", error)
            return False
        written = set(map(id, batch))
        self._waiting = [one for one in self._waiting if id(one) not in written]
        return True
