"""How every process learns at once that something which it keeps in memory is not true any more.

Whoever changes something that others remember (a policy, a setting, a revocation) bumps its topic in the same
transaction. Each process has one connection that listens: a notification, which says nothing but "look", wakes it,
and beneath that it looks by itself every half a second, so a lost notification costs half a second and no more.

What is new is told by transaction ids, not by counters: a row is looked at again as long as its transaction may
have been unfinished at the last look (`pg_snapshot_xmin`), so a late commit is never skipped.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from mno.platform.database import Connection, Database, after_commit
from mno.platform.ending import ended
from mno.platform.errors import Unavailable

_log = logging.getLogger(__name__)

CHANNEL = "mno_versions"
#: How often a process looks by itself, in seconds.
POLL_S = 0.5
#: How long one look may take before its connection counts as lost, in seconds.
LOOK_S = 2.0
#: The longest wait between two tries to connect, in seconds.
MAX_RETRY_S = 1.0
#: The name of a topic.
MAX_TOPIC_CHARACTERS = 200

_BUMP = """
INSERT INTO platform_versions (topic, changed_in) VALUES (%(topic)s, pg_current_xact_id())
ON CONFLICT (topic) DO UPDATE SET changed_in = excluded.changed_in
RETURNING changed_in::text::bigint AS change
"""
_LOOK = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, v.topic, v.changed_in::text::bigint AS change
FROM (SELECT) AS always LEFT JOIN platform_versions v ON v.changed_in >= %(since)s::text::xid8
"""

#: Later than every transaction: the first look asks for the horizon alone.
_NEVER = 2**63 - 1

#: Told the topic that changed, or what it watches itself when anything under it may have changed.
Callback = Callable[[str], None]


class Versions:
    """The topics of one installation. `running` listens; without it only this process's own changes are told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: list[tuple[str, Callback]] = []
        self._horizon: int | None = None
        self._seen: dict[str, int] = {}
        self._confirmed = float("-inf")

    def watch(self, prefix: str, callback: Callback) -> None:
        """Calls `callback` in the event loop for every change of a topic that begins so; it must be quick."""
        self._watchers.append((prefix, callback))

    async def bump(self, tx: Connection, topic: str) -> None:
        """Makes the transaction's end known to every process, this one included.

        Others that bump the same topic wait until this transaction ends, so a decision that is taken after it is
        taken alone.
        """
        assert 0 < len(topic) <= MAX_TOPIC_CHARACTERS, topic
        row = await (await tx.execute(_BUMP, {"topic": topic})).fetchone()
        assert row is not None
        await tx.execute("SELECT pg_notify(%(channel)s, '')", {"channel": CHANNEL})
        after_commit(tx, lambda: self._tell_new(topic, row["change"]))

    def unconfirmed_s(self) -> float:
        """For how many seconds we have not known whether anything changed; endless when nobody listens."""
        return time.monotonic() - self._confirmed

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens for as long as it is entered; has looked once when it yields."""
        connection = await self._database.listening(CHANNEL)
        try:
            await self._look(connection)
        except BaseException:
            await connection.close()
            raise
        task = asyncio.create_task(self._listen(connection))
        try:
            yield
        finally:
            await ended(task)
            self._confirmed = float("-inf")

    async def _listen(self, connection: Connection) -> None:
        wait_s = 0.05
        while True:
            try:
                async with connection:
                    while True:
                        # every notification that is there, at most one poll's time long
                        async for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                            pass
                        await self._look(connection)
                        wait_s = 0.05
            except Exception as error:  # noqa: BLE001 - whatever it was, who stops listening believes old rules
                _log.warning("The connection that hears of changes was lost (%s); connecting again.", error)
            while True:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, MAX_RETRY_S)
                with contextlib.suppress(Unavailable):
                    connection = await self._database.listening(CHANNEL)
                    break

    async def _look(self, connection: Connection) -> None:
        began = time.monotonic()
        async with asyncio.timeout(LOOK_S):
            since = _NEVER if self._horizon is None else self._horizon
            rows = await (await connection.execute(_LOOK, {"since": str(since)})).fetchall()
        horizon = rows[0]["horizon"]
        changes = {row["topic"]: row["change"] for row in rows if row["topic"] is not None}
        # the first look, or a database that was restored to an earlier state: nothing remembered may be trusted
        lost = self._horizon is None or horizon < self._horizon
        self._horizon = horizon
        if lost:
            self._seen = {}
            for prefix, callback in self._watchers:
                _call(callback, prefix)
        else:
            for topic, change in changes.items():
                self._tell_new(topic, change)
            self._seen = {topic: change for topic, change in self._seen.items() if change >= horizon}
        self._confirmed = began

    def _tell_new(self, topic: str, change: int) -> None:
        """Tells it unless this very change was told already: at the end of our own transaction, or by a look."""
        if self._seen.get(topic) == change:
            return
        self._seen[topic] = change
        for prefix, callback in self._watchers:
            if topic.startswith(prefix):
                _call(callback, topic)


def _call(callback: Callback, topic: str) -> None:
    try:
        callback(topic)
    except Exception:  # noqa: BLE001 - one that fails must not keep the others from hearing
        _log.exception("What watches %s failed.", topic)
