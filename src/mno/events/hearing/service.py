"""Takes facts off the outbox and writes them down as events, in the transaction that takes them off: so an event is
written once, however often its fact is delivered.
"""

from collections.abc import Callable, Sequence

from mno.events import store
from mno.events.model import Event, EventKind, Settled
from mno.events.sources import Change, changes_by
from mno.platform.database import Connection, after_commit
from mno.platform.facts import Fact

#: The name under which the outbox remembers how far we are.
SUBSCRIBER = "events"

#: Of these it matters what was written before: several processes find out that an upstream fails and works again.
_ONCE = frozenset({EventKind.RECOVERY_START, EventKind.RECOVERY_DONE})


class Hearing:
    """`heard` is an outbox handler of groups; `written` is called after the commit."""

    def __init__(self, written: Callable[[], None]) -> None:
        self._written = written

    async def heard(self, tx: Connection, facts: Sequence[Fact]) -> None:
        changes = [change for fact in facts for change in changes_by(fact)]
        if not changes:
            return
        await store.hold(tx)
        fresh: list[Event] = []
        settled = 0
        for change in changes:
            if isinstance(change, Event) and change.kind not in _ONCE:
                fresh.append(change)
                continue
            await store.insert(tx, fresh)
            fresh = []
            settled = await self._apply(tx, change, settled)
        await store.insert(tx, fresh)
        after_commit(tx, self._written)

    async def _apply(self, tx: Connection, change: Change, settled: int) -> int:
        """How many events it settled; `settled`: how many the change before it did."""
        if isinstance(change, Settled):
            return await store.settle(tx, change)
        if change.kind is EventKind.RECOVERY_START:
            is_news = not await store.is_ailing(tx, change.team_id, change.subject)
        else:
            is_news = settled > 0
        if is_news:
            await store.insert(tx, [change])
        return 0
