"""The outbox: facts leave in the transaction of the change that they report, and arrive afterwards.

`publish` inserts a row, nothing more. Each process relays: it hands new facts out to the named subscribers and
runs the handlers of its own, several processes side by side (`FOR UPDATE SKIP LOCKED`). A handler runs in the
transaction that takes the fact off its subscriber's list, so what it writes to Postgres happens exactly once; what
it does elsewhere happens at least once and should go by the fact's id.

Positions are drawn before transactions end, so a reader that follows them would skip a late commit. Publishers
therefore hold a shared lock from before they draw until they have ended: a relay that saw who held it may hand out
everything below the newest position as soon as those have let go. Transactions that publish nothing delay nobody.

A handler that fails is tried again later, with growing pauses; its subject waits, the others go on. After the last
attempt the fact is parked, the subject goes on without it, and somebody looks at it and replays it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson

from mno.platform.database import Connection, Database, Row, after_commit
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError, NotFound, Unavailable
from mno.platform.facts import MAX_FACT_BYTES, MAX_FACT_NAME_CHARACTERS, Fact, Parked
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)

#: Takes one fact, in a transaction over its team's rows (over all teams' for a fact without one). It should be
#: quick: what takes longer, or goes out of the house, becomes a task that it defers (`platform/tasks.py`).
Handler = Callable[[Connection, Fact], Awaitable[None]]

#: How often a relay looks although nobody woke it, in seconds.
RELAY_INTERVAL_S = 1.0
#: The first pause while a publisher's transaction is still open, in seconds; it doubles up to the interval.
OPEN_TRANSACTION_WAIT_S = 0.01
#: How long a delivery may go on when the program is told to stop, in seconds.
RELAY_GRACE_S = 3.0
#: How long a handler may take for one fact.
HANDLER_TIMEOUT_S = 30.0
#: Facts of one subject that are taken in one transaction, and for how long it goes on taking.
MAX_FACTS_IN_TURN = 50
TURN_S = 2.0
#: Subjects that one process works on side by side; each holds a connection meanwhile.
MAX_RELAYS = 2
#: After how many failures a fact is parked.
MAX_DELIVERY_ATTEMPTS = 12
#: The pause after the first failure, in seconds; it doubles.
FIRST_RETRY_S = 0.5
#: The longest pause between two attempts, in seconds: about twenty minutes pass until a fact is parked.
MAX_RETRY_S = 300.0
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
#: What is kept of a handler's error.
MAX_ERROR_CHARACTERS = 500

#: Woken by it are the processes that subscribe to what another one hands out.
_TOPIC = "facts"
#: The publishers' lock, as a pair of numbers; the second tells ours from other pairs.
_LOCK = {"lock": 0x6D6E6F, "of": 4}

_PUBLISH = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(%(lock)s, %(of)s))
INSERT INTO facts (position, id, team_id, subject, kind, data)
SELECT nextval('facts_position'), %(id)s, %(team_id)s, %(subject)s, %(kind)s, %(data)s::jsonb FROM turn
"""
_LOOK = """
SELECT coalesce(pg_sequence_last_value('facts_position'), 0) AS newest, position AS handed_out,
       EXISTS (SELECT FROM facts_deliveries WHERE subscriber = ANY (%(mine)s) AND due_at <= now()) AS due
FROM facts_relay
"""
_PUBLISHING = """
SELECT virtualtransaction AS publisher FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(lock)s AND objid = %(of)s AND objsubid = 2 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HAND_OUT = """
INSERT INTO facts_deliveries (subscriber, position, subject)
SELECT s.name, f.position, f.subject
FROM facts f JOIN facts_subscribers s ON f.kind = ANY (s.kinds) AND f.position > s.since
WHERE f.position > %(after)s AND f.position <= %(until)s
RETURNING subscriber
"""
#: Only the oldest fact of a subject can be claimed: whoever locks it has the subject. (A replayed fact is older than
#: what somebody may be taking at the moment; then the turn waits for the other's end.)
_CLAIM = """
SELECT d.subscriber, d.subject, d.position FROM facts_deliveries d
WHERE d.subscriber = ANY (%(mine)s) AND d.due_at <= now() AND NOT EXISTS (
    SELECT FROM facts_deliveries e
    WHERE e.subscriber = d.subscriber AND e.subject = d.subject AND e.position < d.position)
ORDER BY d.position LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_TURN = """
SELECT d.subscriber, d.attempts, f.position, f.id, f.team_id, f.subject, f.kind, f.data
FROM facts_deliveries d JOIN facts f USING (position)
WHERE d.subscriber = %(subscriber)s AND d.subject = %(subject)s AND d.position >= %(position)s
ORDER BY d.position LIMIT %(limit)s FOR UPDATE OF d
"""
_TAKEN = """
WITH taken AS (DELETE FROM facts_deliveries WHERE subscriber = %(subscriber)s AND position = %(position)s)
SELECT set_config('mno.team', '*', true)
"""
_FAILED = """
UPDATE facts_deliveries
SET attempts = %(attempts)s, due_at = clock_timestamp() + make_interval(secs => %(pause_s)s), error = %(error)s
WHERE subscriber = %(subscriber)s AND position = %(position)s
"""
_PARK = """
WITH given_up AS (DELETE FROM facts_deliveries WHERE subscriber = %(subscriber)s AND position = %(position)s)
INSERT INTO facts_parked (subscriber, position, attempts, error)
VALUES (%(subscriber)s, %(position)s, %(attempts)s, %(error)s)
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
class _Subscriber:
    name: str
    kinds: tuple[str, ...]
    handler: Handler


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
        self._attempts = attempts
        self._first_retry_s = first_retry_s
        self._subscribers: dict[str, _Subscriber] = {}
        self._wake = asyncio.Event()
        self._mark: _Mark | None = None
        self._stopping = False
        versions.watch(_TOPIC, lambda _: self._wake.set())

    def subscribe(self, name: str, kinds: Iterable[str], handler: Handler) -> None:
        """Before `running`: this handler hears every fact of these kinds from now on, as the subscriber `name`.

        The name carries the progress: keep it when code moves. A new name begins with the next fact. Kinds that
        were not heard before are heard from now on.
        """
        if name in self._subscribers:
            raise ValueError(f"Two subscribers are called '{name}'.")
        self._subscribers[name] = _Subscriber(name, tuple(kinds), handler)

    async def publish(self, tx: Connection, fact: Fact) -> None:
        """Tells it when this transaction commits, and not when it rolls back. Late in a long one: others wait for it.

        `Invalid` for a fact of more than MAX_FACT_BYTES.
        """
        data = orjson.dumps(dict(fact.data))
        if len(data) > MAX_FACT_BYTES or len(fact.subject) + len(fact.kind) > MAX_FACT_NAME_CHARACTERS:
            raise Invalid(f"A fact may have at most {MAX_FACT_BYTES} bytes; name the row that has the rest.")
        row = {"id": fact.id, "team_id": fact.team_id, "subject": fact.subject, "kind": fact.kind}
        await tx.execute(_PUBLISH, row | {"data": data.decode()} | _LOCK)
        after_commit(tx, self._wake.set)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relays until it is left; what is under way then may end, or is delivered again by the next relay."""
        await self._register()
        self._stopping = False
        relaying = asyncio.create_task(self._relay(), name="facts-relay")
        try:
            yield
        finally:
            self._stopping = True
            self._wake.set()
            await asyncio.wait([relaying], timeout=RELAY_GRACE_S)
            await ended(relaying)

    # — dead letters —

    async def parked(self) -> list[Parked]:
        """The newest MAX_LISTED_PARKED of every team."""
        async with self._database.across_teams() as tx:
            rows = await (await tx.execute(_PARKED, {"limit": MAX_LISTED_PARKED})).fetchall()
        return [
            Parked(_fact(row), row["subscriber"], row["published_at"], row["parked_at"], row["attempts"], row["error"])
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
        bound = {"parked": PARKED_LIFETIME, "unseen": SUBSCRIBER_LIFETIME, "mine": list(self._subscribers)}
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
            for subscriber in sorted(self._subscribers.values(), key=lambda one: one.name):
                await tx.execute(_REGISTER, {"name": subscriber.name, "kinds": list(subscriber.kinds)})

    async def _relay(self) -> None:
        pause_s = OPEN_TRANSACTION_WAIT_S
        while not self._stopping:
            self._wake.clear()
            try:
                waits_for_publisher = await self.relay_once()
            except MnoError as error:
                _log.warning("Facts are not delivered at the moment: %s", error)
                waits_for_publisher = False
            except Exception:  # noqa: BLE001 - the relay has nobody above it to tell
                _log.exception("The relay of facts failed; it goes on.")
                waits_for_publisher = False
            pause_s = min(pause_s * 2, RELAY_INTERVAL_S) if waits_for_publisher else OPEN_TRANSACTION_WAIT_S
            if not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s if waits_for_publisher else RELAY_INTERVAL_S):
                        await self._wake.wait()

    async def relay_once(self) -> bool:
        """Hands out what may be, delivers what is due here; whether an open transaction keeps something back."""
        async with self._database.across_teams() as tx:
            look = await _only(tx, _LOOK, {"mine": list(self._subscribers)})
        due, behind = bool(look["due"]), bool(look["newest"] > look["handed_out"])
        if behind:
            behind = not await self._hand_out(look["newest"])
            due = True
        if due and self._subscribers:
            ended = await asyncio.gather(*(self._deliver_all() for _ in range(MAX_RELAYS)), return_exceptions=True)
            for error in ended:
                if error is not None:
                    raise error
        return behind

    async def _hand_out(self, newest: int) -> bool:
        """Moves on as far as no publisher is still open; whether that is up to `newest`."""
        async with self._database.across_teams() as tx:
            rows = await (await tx.execute(_PUBLISHING, _LOCK)).fetchall()
            publishing = frozenset(row["publisher"] for row in rows)
            until = self._safe_position(newest, publishing)
            if until is None:
                return False
            handed_out = await (await tx.execute("SELECT position FROM facts_relay FOR UPDATE SKIP LOCKED")).fetchone()
            if handed_out is None:  # another process is at it
                return False
            if until > handed_out["position"]:
                told = await tx.execute(_HAND_OUT, {"after": handed_out["position"], "until": until})
                await tx.execute("UPDATE facts_relay SET position = %(until)s", {"until": until})
                if any(row["subscriber"] not in self._subscribers for row in await told.fetchall()):
                    await self._versions.bump(tx, _TOPIC)
        return until >= newest

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

    async def _deliver_all(self) -> None:
        """One subject after another until nothing is due."""
        while not self._stopping and await self._take_turn():
            pass

    async def _take_turn(self) -> bool:
        """The next facts of one subject in one transaction; False when no subject is free and due."""
        async with self._database.across_teams() as tx:
            claimed = await (await tx.execute(_CLAIM, {"mine": list(self._subscribers)})).fetchone()
            if claimed is None:
                return False
            turn = await (await tx.execute(_TURN, claimed | {"limit": MAX_FACTS_IN_TURN})).fetchall()
            until = time.monotonic() + TURN_S
            for row in turn:
                if not await self._deliver(tx, row) or time.monotonic() > until or self._stopping:
                    break
        return True

    async def _deliver(self, tx: Connection, row: Row) -> bool:
        """Whether the subject goes on: its handler took the fact, or it is parked."""
        place = {"subscriber": row["subscriber"], "position": row["position"]}
        try:
            async with tx.transaction():
                team = "*" if row["team_id"] is None else str(row["team_id"])
                await tx.execute("SELECT set_config('mno.team', %(team)s, true)", {"team": team})
                async with asyncio.timeout(HANDLER_TIMEOUT_S):
                    await self._subscribers[row["subscriber"]].handler(tx, _fact(row))
                await tx.execute(_TAKEN, place)
        except Exception as error:
            if tx.closed:
                raise Unavailable("The connection was lost during a delivery.") from error
            return await self._note_failure(tx, row, place, error)
        return True

    async def _note_failure(self, tx: Connection, row: Row, place: Row, error: Exception) -> bool:
        attempts = row["attempts"] + 1
        # a NUL cannot be stored
        said = f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_ERROR_CHARACTERS]
        given_up = attempts >= self._attempts
        _log.log(
            logging.ERROR if given_up else logging.WARNING,
            "%s could not take the fact %s (%s of %s), attempt %d%s: %s",
            row["subscriber"],
            row["id"],
            row["kind"],
            row["subject"],
            attempts,
            ", and it is parked now" if given_up else "",
            said,
        )
        if given_up:
            await tx.execute(_PARK, place | {"attempts": attempts, "error": said})
            return True
        pause_s = min(self._first_retry_s * 2 ** (attempts - 1), MAX_RETRY_S)
        await tx.execute(_FAILED, place | {"attempts": attempts, "pause_s": pause_s, "error": said})
        return False


def _fact(row: Row) -> Fact:
    return Fact(row["team_id"], row["subject"], row["kind"], row["data"], row["id"])


async def _only(tx: Connection, query: str, bound: Row) -> Row:
    row = await (await tx.execute(query, bound)).fetchone()
    assert row is not None
    return row
