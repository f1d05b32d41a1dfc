"""Takes facts off the outbox and writes them down as events, in the transaction that takes them off: so an event is
written once, however often its fact is delivered.
"""

from collections.abc import Callable

from mno.events import store
from mno.events.model import Event, EventKind, Settled
from mno.events.sources import changes_by
from mno.platform.database import Connection, after_commit
from mno.platform.facts import Fact

#: The name under which the outbox remembers how far we are.
SUBSCRIBER = "events"


class Hearing:
    """`heard` is an outbox handler; `written` is called after the commit."""

    def __init__(self, written: Callable[[], None]) -> None:
        self._written = written

    async def heard(self, tx: Connection, fact: Fact) -> None:
        changes = changes_by(fact)
        if not changes:
            return
        await store.hold(tx)
        settled = 0
        for change in changes:
            if isinstance(change, Settled):
                settled = await store.settle(tx, change)
            elif await self._is_news(tx, change, settled):
                await store.insert(tx, [change])
        after_commit(tx, self._written)

    async def _is_news(self, tx: Connection, event: Event, settled: int) -> bool:
        """Several processes find out that an upstream fails, and that it works again: both are told once."""
        if event.kind is EventKind.RECOVERY_START:
            return not await store.is_ailing(tx, event.team_id, event.subject)
        return event.kind is not EventKind.RECOVERY_DONE or settled > 0
