"""The outbox: facts leave in the transaction of the change that they report, and arrive afterwards.

`publish` inserts a row, nothing more. Each process relays: it hands new facts out to the named subscribers and
runs the handlers of its own, several processes side by side (`deliveries.py`). A handler runs in the transaction that
takes the fact off its subscriber's list, so what it writes to Postgres happens exactly once; what it does elsewhere
happens at least once and should go by the fact's id.

Positions are drawn before transactions end, so a reader that follows them would skip a late commit. Publishers
therefore hold a shared lock from before they draw until they have ended: a relay that saw who held it may hand out
everything below the newest position as soon as those have let go. Transactions that publish nothing delay nobody.

A handler that fails is tried again later, with growing pauses; its subject waits, the others go on. After the last
attempt the fact is parked, the subject goes on without it, and somebody looks at it and replays it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson

from mno.platform.database import Connection, Database, Row, after_commit
from mno.platform.deliveries import (
    FIRST_RETRY_S,
    MAX_DELIVERY_ATTEMPTS,
    MAX_FACTS_IN_GROUP,
    Deliveries,
    GroupHandler,
    Handler,
    Subscriber,
    fact_of,
    one_by_one,
)
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError, NotFound
from mno.platform.facts import MAX_FACT_BYTES, MAX_FACT_NAME_CHARACTERS, Fact, Parked
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)

#: How often a relay looks although nobody woke it, in seconds.
RELAY_INTERVAL_S = 1.0
#: The first pause while a publisher's transaction is still open, in seconds; it doubles up to the interval.
OPEN_TRANSACTION_WAIT_S = 0.002
#: How long facts gather between two looks while they come one after the other, in seconds.
GATHER_S = 0.004
#: How long a delivery may go on when the program is told to stop, in seconds.
RELAY_GRACE_S = 3.0
#: How long facts are kept that everybody has taken, for whoever asks what happened.
DELIVERED_LIFETIME = timedelta(days=1)
#: How long parked facts wait to be replayed.
PARKED_LIFETIME = timedelta(days=90)
#: After what time a subscriber that no process registers any more is forgotten with what it was owed.
SUBSCRIBER_LIFETIME = timedelta(days=7)
#: Facts that are deleted in one transaction.
MAX_PRUNED_AT_ONCE = 1_000
#: Parked facts that a list shows.
MAX_LISTED_PARKED = 200

#: Woken by it are the processes that subscribe to what another one hands out.
_TOPIC = "facts"
#: The publishers' lock, as a pair of numbers; the second tells ours from other pairs.
_LOCK = {"lock": 0x6D6E6F, "of": 4}

_PUBLISH = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(%(lock)s, %(of)s))
INSERT INTO facts (position, id, team_id, subject, kind, data)
SELECT nextval('facts_position'), id, team_id, subject, kind, data
FROM turn, (
    SELECT * FROM json_to_recordset(%(facts)s::json)
        AS told (place int, id uuid, team_id uuid, subject text, kind text, data jsonb) ORDER BY place) AS in_order
"""
_LOOK = """
SELECT coalesce(pg_sequence_last_value('facts_position'), 0) AS newest, position AS handed_out,
       ARRAY(SELECT name FROM unnest(%(mine)s::text[]) AS name
             WHERE EXISTS (SELECT FROM facts_deliveries WHERE subscriber = name AND due_at <= now())) AS due
FROM facts_relay
"""
_PUBLISHING = """
SELECT virtualtransaction AS publisher FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(lock)s AND objid = %(of)s AND objsubid = 2 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
#: Whoever locks the row hands out. The commit does not wait for the disk: what the engine loses of it when it dies, it
#: loses whole, and the facts are handed out again.
_HANDED_OUT = """
SELECT position, set_config('synchronous_commit', 'off', true) FROM facts_relay FOR UPDATE SKIP LOCKED
"""
_HAND_OUT = """
WITH owed AS (
    INSERT INTO facts_deliveries (subscriber, position, subject)
    SELECT s.name, f.position, f.subject
    FROM facts f JOIN facts_subscribers s ON f.kind = ANY (s.kinds) AND f.position > s.since
    WHERE f.position > %(after)s AND f.position <= %(until)s
    RETURNING subscriber),
moved AS (UPDATE facts_relay SET position = %(until)s)
SELECT DISTINCT subscriber FROM owed
"""
_REGISTER = """
INSERT INTO facts_subscribers (name, kinds, since) SELECT %(name)s, %(kinds)s, position FROM facts_relay
ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, seen_at = now()
"""
_PARKED = """
SELECT p.subscriber, p.parked_at, p.attempts, p.error, f.published_at, f.id, f.team_id, f.subject, f.kind, f.data
FROM facts_parked p JOIN facts f USING (position) ORDER BY p.parked_at DESC LIMIT %(limit)s
"""
_REPLAY = """
WITH again AS (
    DELETE FROM facts_parked p USING facts f
    WHERE f.position = p.position AND f.id = %(id)s AND p.subscriber = %(subscriber)s
    RETURNING p.subscriber, p.position, f.subject)
INSERT INTO facts_deliveries (subscriber, position, subject) SELECT subscriber, position, subject FROM again
"""
_FORGET = """
WITH forgotten AS (DELETE FROM facts_parked WHERE parked_at < now() - %(parked)s)
DELETE FROM facts_subscribers WHERE seen_at < now() - %(unseen)s AND NOT name = ANY (%(mine)s) RETURNING name
"""
_PRUNE = """
DELETE FROM facts WHERE position IN (
    SELECT f.position FROM facts f, facts_relay r
    WHERE f.position <= r.position AND f.published_at < now() - %(delivered)s
      AND NOT EXISTS (SELECT FROM facts_deliveries d WHERE d.position = f.position)
      AND NOT EXISTS (SELECT FROM facts_parked p WHERE p.position = f.position)
    LIMIT %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Everything up to `position` may be handed out once these publishers have ended."""

    position: int
    publishers: frozenset[str]


class Outbox:
    """Facts of one installation: the way in for publishers, the way out for this process's subscribers."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        *,
        attempts: int = MAX_DELIVERY_ATTEMPTS,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self._database = database
        self._versions = versions
        self._deliveries = Deliveries(database, attempts, first_retry_s)
        self._wake = asyncio.Event()
        self._mark: _Mark | None = None
        versions.watch(_TOPIC, lambda _: self._wake.set())

    def subscribe(self, name: str, kinds: Iterable[str], handler: Handler) -> None:
        """Before `running`: this handler hears every fact of these kinds from now on, as the subscriber `name`.

        The name carries the progress: keep it when code moves. A new name begins with the next fact. Kinds that
        were not heard before are heard from now on.
        """
        self._deliveries.add(Subscriber(name, tuple(kinds), one_by_one(handler), most=1))

    def subscribe_to_groups(self, name: str, kinds: Iterable[str], handler: GroupHandler) -> None:
        """The same for a handler that takes up to MAX_FACTS_IN_GROUP facts of one team at once: much cheaper for what
        comes often. A group that it fails to take is given to it again, one fact at a time.
        """
        self._deliveries.add(Subscriber(name, tuple(kinds), handler, most=MAX_FACTS_IN_GROUP))

    async def publish(self, tx: Connection, fact: Fact) -> None:
        """Tells it when this transaction commits, and not when it rolls back. Late in a long one: others wait for it.

        `Invalid` for a fact of more than MAX_FACT_BYTES.
        """
        await self.publish_all(tx, [fact])

    async def publish_all(self, tx: Connection, facts: Sequence[Fact]) -> None:
        """Several at once, in their order: much cheaper than one by one."""
        told = [_written(place, fact) for place, fact in enumerate(facts)]
        await tx.execute(_PUBLISH, {"facts": orjson.dumps(told).decode()} | _LOCK)
        after_commit(tx, self._wake.set)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relays until it is left; what is under way then may end, or is delivered again by the next relay."""
        await self._register()
        self._deliveries.stopping = False
        relaying = asyncio.create_task(self._relay(), name="facts-relay")
        try:
            yield
        finally:
            self._deliveries.stopping = True
            self._wake.set()
            await asyncio.wait([relaying], timeout=RELAY_GRACE_S)
            await ended(relaying)

    # — dead letters —

    async def parked(self) -> list[Parked]:
        """The newest MAX_LISTED_PARKED of every team."""
        async with self._database.across_teams() as tx:
            rows = await (await tx.execute(_PARKED, {"limit": MAX_LISTED_PARKED})).fetchall()
        return [
            Parked(
                fact_of(row), row["subscriber"], row["published_at"], row["parked_at"], row["attempts"], row["error"]
            )
            for row in rows
        ]

    async def replay(self, subscriber: str, fact_id: UUID) -> None:
        """Delivers a parked fact again, before what its subject still waits for; `NotFound` if it is not parked."""
        async with self._database.across_teams() as tx:
            again = await tx.execute(_REPLAY, {"subscriber": subscriber, "id": fact_id})
            if again.rowcount == 0:
                raise NotFound(f"No fact {fact_id} is parked for '{subscriber}'.")
            await self._versions.bump(tx, _TOPIC)

    async def prune(self) -> int:
        """Deletes facts that everybody took long ago, and what nobody will ask for; the number of facts."""
        await self._register()
        bound = {"parked": PARKED_LIFETIME, "unseen": SUBSCRIBER_LIFETIME, "mine": self._mine()}
        async with self._database.across_teams() as tx:
            for row in await (await tx.execute(_FORGET, bound)).fetchall():
                _log.warning("The subscriber %s is gone; what it was owed is dropped.", row["name"])
        pruned = 0
        while True:
            async with self._database.across_teams() as tx:
                gone = await tx.execute(_PRUNE, {"delivered": DELIVERED_LIFETIME, "limit": MAX_PRUNED_AT_ONCE})
            pruned += gone.rowcount
            if gone.rowcount < MAX_PRUNED_AT_ONCE:
                return pruned

    # — the relay —

    async def _register(self) -> None:
        async with self._database.across_teams() as tx:
            for name in self._mine():
                await tx.execute(_REGISTER, {"name": name, "kinds": list(self._deliveries.subscribers[name].kinds)})

    def _mine(self) -> list[str]:
        return sorted(self._deliveries.subscribers)

    async def _relay(self) -> None:
        wait_s = OPEN_TRANSACTION_WAIT_S
        while not self._deliveries.stopping:
            self._wake.clear()
            pause_s = RELAY_INTERVAL_S
            try:
                kept_back = await self.relay_once()
                wait_s = min(wait_s * 2, RELAY_INTERVAL_S) if kept_back else OPEN_TRANSACTION_WAIT_S
                pause_s = wait_s if kept_back else RELAY_INTERVAL_S
            except MnoError as error:
                _log.warning("Facts are not delivered at the moment: %s", error)
            except Exception:  # noqa: BLE001 - the relay has nobody above it to tell
                _log.exception("The relay of facts failed; it goes on.")
            if self._wake.is_set():
                await asyncio.sleep(GATHER_S)
            elif not self._deliveries.stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()

    async def relay_once(self) -> bool:
        """Hands out what may be, delivers what is due here; whether an open transaction keeps everything back."""
        async with self._database.across_teams() as tx:
            look = await _only(tx, _LOOK, {"mine": self._mine()})
            due, kept_back = set(look["due"]), False
            if look["newest"] > look["handed_out"]:
                owed = await self._hand_out(tx, look["newest"])
                kept_back = owed is None
                due |= owed or set()
        if await self._deliveries.deliver(due & self._deliveries.subscribers.keys()):
            self._wake.set()  # meanwhile others may have published, of whom nobody hears
        return kept_back

    async def _hand_out(self, tx: Connection, newest: int) -> set[str] | None:
        """Moves on as far as no publisher is still open; to whom there was something to hand out, None where a
        publisher keeps it all back.
        """
        rows = await (await tx.execute(_PUBLISHING, _LOCK)).fetchall()
        until = self._safe_position(newest, frozenset(row["publisher"] for row in rows))
        if until is None:
            return None
        handed_out = await (await tx.execute(_HANDED_OUT)).fetchone()
        if handed_out is None or until <= handed_out["position"]:  # another process is at it, or was
            return set()
        told = await tx.execute(_HAND_OUT, {"after": handed_out["position"], "until": until})
        owed = {row["subscriber"] for row in await told.fetchall()}
        if owed - self._deliveries.subscribers.keys():
            await self._versions.bump(tx, _TOPIC)
        if until < newest:
            self._wake.set()  # what was published since is looked at once this is delivered
        return owed

    def _safe_position(self, newest: int, publishing: frozenset[str]) -> int | None:
        """`newest` was read before `publishing`, so whoever drew a position up to it has ended or is among these."""
        if not publishing:
            self._mark = None
            return newest
        mark = self._mark
        if mark is None:
            self._mark = _Mark(newest, publishing)
            return None
        if mark.publishers & publishing:
            return None
        self._mark = _Mark(newest, publishing)
        return mark.position


def _written(place: int, fact: Fact) -> Row:
    data = orjson.dumps(dict(fact.data))
    if len(data) > MAX_FACT_BYTES or len(fact.subject) + len(fact.kind) > MAX_FACT_NAME_CHARACTERS:
        raise Invalid(f"A fact may have at most {MAX_FACT_BYTES} bytes; name the row that has the rest.")
    return {
        "place": place,
        "id": fact.id,
        "team_id": fact.team_id,
        "subject": fact.subject,
        "kind": fact.kind,
        "data": orjson.Fragment(data),
    }


async def _only(tx: Connection, query: str, bound: Row) -> Row:
    row = await (await tx.execute(query, bound)).fetchone()
    assert row is not None
    return row
