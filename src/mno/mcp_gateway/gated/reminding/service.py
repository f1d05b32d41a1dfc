"""Tells the channels of a rule that a call waits, and once more when half of its time is over: each in the transaction
of what it tells of, so it is told once whoever dies.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

from mno.mcp_gateway.gated import store
from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.gated.reminding.wording import notice
from mno.mcp_gateway.ports import Notifications
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError

#: How often is looked whether somebody is to be reminded, in seconds.
REMINDER_INTERVAL_S = 5.0
#: Reminders of one look.
MAX_REMINDED_AT_ONCE = 100

_log = logging.getLogger(__name__)


class Reminding:
    """`base` is the address under which people reach the hub, without a slash at its end."""

    def __init__(self, database: Database, notifications: Notifications, base: str) -> None:
        self._database = database
        self._notifications = notifications
        self._base = base.rstrip("/")

    async def tell_new(self, tx: Connection, call: GatedCall) -> None:
        """In the transaction that writes the call down."""
        if call.channels:
            await self._notifications.send(tx, notice(call, self._base, reminds=False), call.channels)

    async def remind(self) -> None:
        """Of all calls of which half of the time is over."""
        async with self._database.across_teams() as tx:
            due = await store.to_remind(tx, clock.now(), MAX_REMINDED_AT_ONCE)
        for team_id, id_ in due:
            await self._remind(team_id, id_)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="mcp-reminders")
        try:
            yield
        finally:
            await ended(task)

    async def _remind(self, team_id: UUID, id_: UUID) -> None:
        async with self._database.transaction(team_id) as tx:
            call = await store.read(tx, team_id, id_, lock=True)
            if call is None or call.remind_at is None:
                return
            if call.state is GatedState.WAITING:
                await self._notifications.send(tx, notice(call, self._base, reminds=True), call.channels)
            await store.save(tx, replace(call, remind_at=None))

    async def _watch(self) -> None:
        while True:
            try:
                await self.remind()
            except MnoError as error:
                _log.warning("Nobody can be reminded of calls that wait at the moment: %s", error)
            await asyncio.sleep(REMINDER_INTERVAL_S)
