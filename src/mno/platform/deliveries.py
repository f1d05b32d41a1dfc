"""The way out of the outbox: facts that were handed out reach the handlers of this process.

A turn takes the oldest facts that a subscriber is owed, of all subjects that are free, in one transaction. Whoever
locks the oldest row of a subject has the subject, so each is in order and processes share the others
(`FOR UPDATE SKIP LOCKED`). What a handler writes commits with the rows that it takes off; one that fails is undone
alone, its subject waits, and the turn goes on with the others.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mno.platform.database import Connection, Database, Row
from mno.platform.errors import Unavailable
from mno.platform.facts import Fact

_log = logging.getLogger(__name__)

#: Takes one fact, in a transaction over its team's rows (over all teams' for a fact without one). It should be
#: quick: what takes longer, or goes out of the house, becomes a task that it defers (`platform/tasks.py`).
Handler = Callable[[Connection, Fact], Awaitable[None]]
#: Takes several facts of one team at once, those of each subject in their order.
GroupHandler = Callable[[Connection, Sequence[Fact]], Awaitable[None]]

#: How long a handler may take for one call.
HANDLER_TIMEOUT_S = 30.0
#: Facts that are taken in one transaction, and for how long it goes on taking.
MAX_FACTS_IN_TURN = 50
TURN_S = 2.0
#: Facts that a handler of groups is given at once.
MAX_FACTS_IN_GROUP = 500
#: Turns of one process side by side; each holds a connection meanwhile.
MAX_RELAYS = 2
#: The pause after the first failure, in seconds; it doubles.
FIRST_RETRY_S = 0.5
#: The longest pause between two attempts, in seconds: about twenty minutes pass until a fact is parked.
MAX_RETRY_S = 300.0
#: After how many failures a fact is parked.
MAX_DELIVERY_ATTEMPTS = 12
#: What is kept of a handler's error.
MAX_ERROR_CHARACTERS = 500

#: Rows come and go faster than the engine counts them. A plan that reads all of a subscriber's rows, the dead ones too,
#: looks cheap to it and is not: so claiming goes by the keys alone, and handlers find everything as it was.
_BY_KEYS, _AS_EVER = (
    ", ".join(
        f"set_config('enable_{way}', '{switch}', true)"
        for way in ("bitmapscan", "seqscan", "hashjoin", "mergejoin", "sort")
    )
    for switch in ("off", "on")
)
_CLAIMING = f"SELECT {_BY_KEYS}"
_HANDING_OVER = f"SELECT set_config('mno.team', %(team)s, true), {_AS_EVER}"
#: The oldest facts, as far as the first of their subject can be locked and is due. They are a prefix of each subject.
_OLDEST = """
WITH oldest AS MATERIALIZED (
    SELECT subject, position FROM facts_deliveries
    WHERE subscriber = %(subscriber)s ORDER BY position LIMIT %(limit)s),
free AS MATERIALIZED (
    SELECT d.subject FROM (SELECT min(position) AS position FROM oldest GROUP BY subject) AS first
    JOIN facts_deliveries d ON d.subscriber = %(subscriber)s AND d.position = first.position
    WHERE d.due_at <= now() FOR UPDATE OF d SKIP LOCKED)
SELECT d.attempts, f.position, f.id, f.team_id, f.subject, f.kind, f.data
FROM free JOIN oldest USING (subject)
JOIN facts_deliveries d ON d.subscriber = %(subscriber)s AND d.position = oldest.position
JOIN facts f ON f.position = oldest.position
ORDER BY f.position FOR UPDATE OF d
"""
#: The oldest subject that is free, where all of the oldest facts are of subjects that wait or that others have.
_NEXT = """
SELECT d.subject, d.position FROM facts_deliveries d
WHERE d.subscriber = %(subscriber)s AND d.due_at <= now() AND NOT EXISTS (
    SELECT FROM facts_deliveries e
    WHERE e.subscriber = d.subscriber AND e.subject = d.subject AND e.position < d.position)
ORDER BY d.position LIMIT 1 FOR UPDATE SKIP LOCKED
"""
#: (A replayed fact is older than what somebody may be taking at the moment; then the turn waits for the other's end.)
_OF_SUBJECT = """
SELECT d.attempts, f.position, f.id, f.team_id, f.subject, f.kind, f.data
FROM facts_deliveries d JOIN facts f USING (position)
WHERE d.subscriber = %(subscriber)s AND d.subject = %(subject)s AND d.position >= %(position)s
ORDER BY d.position LIMIT %(limit)s FOR UPDATE OF d
"""
_TAKEN = """
WITH taken AS (DELETE FROM facts_deliveries WHERE subscriber = %(subscriber)s AND position = ANY (%(positions)s))
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


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`most`: facts that its handler takes at once."""

    name: str
    kinds: tuple[str, ...]
    handler: GroupHandler
    most: int


class Deliveries:
    """This process's subscribers, and what they are owed."""

    def __init__(self, database: Database, attempts: int, first_retry_s: float) -> None:
        self._database = database
        self._attempts = attempts
        self._first_retry_s = first_retry_s
        #: Subscribers that take groups have one turn at a time: two would only wait for each other.
        self._at_work: set[str] = set()
        self.subscribers: dict[str, Subscriber] = {}
        self.stopping = False

    def add(self, subscriber: Subscriber) -> None:
        if subscriber.name in self.subscribers:
            raise ValueError(f"Two subscribers are called '{subscriber.name}'.")
        self.subscribers[subscriber.name] = subscriber

    async def deliver(self, names: Iterable[str]) -> bool:
        """What is due of these; whether anything was, so that more may be."""
        owed = [self.subscribers[name] for name in sorted(names)]
        if not owed:
            return False
        turns = (self._deliver_all([*owed[number:], *owed[:number]]) for number in range(MAX_RELAYS))
        taken = await asyncio.gather(*turns, return_exceptions=True)
        for one in taken:
            if isinstance(one, BaseException):
                raise one
        return any(taken)

    async def _deliver_all(self, owed: Sequence[Subscriber]) -> int:
        """How many facts it took; after a turn that was not full the relay looks again."""
        taken = 0
        for subscriber in owed:
            if subscriber.name in self._at_work:
                continue
            if subscriber.most > 1:
                self._at_work.add(subscriber.name)
            try:
                while not self.stopping:
                    taken += (one := await self._take_turn(subscriber))
                    if one < _full(subscriber):
                        break
            finally:
                self._at_work.discard(subscriber.name)
        return taken

    async def _take_turn(self, subscriber: Subscriber) -> int:
        """The next facts in one transaction; how many there were."""
        async with self._database.across_teams() as tx:
            turn = await _claimed(tx, subscriber)
            until = time.monotonic() + TURN_S
            waiting: set[str] = set()
            for rows in _groups(turn, subscriber.most):
                going_on = [row for row in rows if row["subject"] not in waiting]
                if going_on:
                    waiting |= await self._hand_over(tx, subscriber, going_on)
                if time.monotonic() > until or self.stopping:
                    break
        return len(turn)

    async def _hand_over(self, tx: Connection, subscriber: Subscriber, rows: Sequence[Row]) -> set[str]:
        """The subjects that have to wait, because their handler failed. A group that fails is taken one by one."""
        error = await self._handled(tx, subscriber, rows)
        if error is None:
            return set()
        if len(rows) == 1:
            is_parked = await self._note_failure(tx, subscriber, rows[0], error)
            return set() if is_parked else {rows[0]["subject"]}
        waiting: set[str] = set()
        for row in rows:
            if row["subject"] not in waiting:
                waiting |= await self._hand_over(tx, subscriber, [row])
        return waiting

    async def _handled(self, tx: Connection, subscriber: Subscriber, rows: Sequence[Row]) -> Exception | None:
        """What the handler of these facts of one team failed with; then nothing of it has happened."""
        team_id = rows[0]["team_id"]
        try:
            async with tx.transaction():
                team = "*" if team_id is None else str(team_id)
                await tx.execute(_HANDING_OVER, {"team": team})
                async with asyncio.timeout(HANDLER_TIMEOUT_S):
                    await subscriber.handler(tx, [fact_of(row) for row in rows])
                taken = {"subscriber": subscriber.name, "positions": [row["position"] for row in rows]}
                await tx.execute(_TAKEN, taken)
        except Exception as error:
            if tx.closed:
                raise Unavailable("The connection was lost during a delivery.") from error
            return error
        return None

    async def _note_failure(self, tx: Connection, subscriber: Subscriber, row: Row, error: Exception) -> bool:
        """Whether the fact is given up, so that its subject goes on without it."""
        attempts = row["attempts"] + 1
        # a NUL cannot be stored
        said = f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_ERROR_CHARACTERS]
        given_up = bool(attempts >= self._attempts)
        _log.log(
            logging.ERROR if given_up else logging.WARNING,
            "%s could not take the fact %s (%s of %s), attempt %d%s: %s",
            subscriber.name,
            row["id"],
            row["kind"],
            row["subject"],
            attempts,
            ", and it is parked now" if given_up else "",
            said,
        )
        place = {"subscriber": subscriber.name, "position": row["position"], "attempts": attempts, "error": said}
        if given_up:
            await tx.execute(_PARK, place)
        else:
            pause_s = min(self._first_retry_s * 2 ** (attempts - 1), MAX_RETRY_S)
            await tx.execute(_FAILED, place | {"pause_s": pause_s})
        return given_up


def one_by_one(handler: Handler) -> GroupHandler:
    """For a subscriber that is given one fact at a time."""

    async def take(tx: Connection, facts: Sequence[Fact]) -> None:
        for fact in facts:
            await handler(tx, fact)

    return take


def fact_of(row: Row) -> Fact:
    return Fact(row["team_id"], row["subject"], row["kind"], row["data"], row["id"])


async def _claimed(tx: Connection, subscriber: Subscriber) -> list[Row]:
    """Facts whose subjects are this transaction's until its end, in the order of their positions."""
    asked = {"subscriber": subscriber.name, "limit": _full(subscriber)}
    await tx.execute(_CLAIMING)
    turn = await (await tx.execute(_OLDEST, asked)).fetchall()
    if turn:
        return turn
    head = await (await tx.execute(_NEXT, asked)).fetchone()
    return [] if head is None else await (await tx.execute(_OF_SUBJECT, asked | head)).fetchall()


def _full(subscriber: Subscriber) -> int:
    """The facts of a full turn."""
    return max(subscriber.most, MAX_FACTS_IN_TURN)


def _groups(turn: Sequence[Row], most: int) -> Iterable[Sequence[Row]]:
    """What is handed over at once: one fact, or all of a team."""
    if most == 1:
        return [[row] for row in turn]
    by_team = sorted(turn, key=lambda row: str(row["team_id"]))  # stable: subjects stay in order
    return [list(rows) for _, rows in groupby(by_team, key=lambda row: row["team_id"])]
