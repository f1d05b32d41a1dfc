"""Streams: sends entries in their order, at least once, from where each stream stands; a restart goes on there."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from mno.audit import store as chains
from mno.audit.model import Entry
from mno.audit.queries import AuditQueries
from mno.audit.service import Audit
from mno.audit.streams import senders, store
from mno.audit.streams.model import (
    MAX_DEAD_LETTERS_SHOWN,
    MAX_DELIVERY_ATTEMPTS,
    MAX_ENTRIES_PER_DELIVERY,
    MAX_STREAMS_PER_TEAM,
    DeadLetter,
    Stream,
    StreamKind,
    checked_target,
    syslog_address,
)
from mno.platform import clock, webhooks
from mno.platform.database import Database
from mno.platform.errors import Invalid, LimitExceeded, MnoError, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal
from mno.platform.retries import backoff_s

if TYPE_CHECKING:
    from mno.platform.egress import Egress

_log = logging.getLogger(__name__)

#: How often a process looks for entries to send, in seconds.
POLL_S = 1.0
#: Streams that one process sends at the same time.
SENDERS = 8
#: Deliveries of one stream in a row, before others have their turn.
TURN = 50
#: A stream is held for so long after each sign of life.
LEASE = timedelta(seconds=60)


class Streams:
    """`secret_of` gives a webhook's signing secret by the stream's id; it is kept nowhere else."""

    def __init__(self, database: Database, audit: Audit, egress: "Egress", secret_of: Callable[[UUID], bytes]) -> None:
        self._database = database
        self._audit = audit
        self._queries = AuditQueries(database)
        self._egress = egress
        self._secret_of = secret_of
        self._me = new_id()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends for as long as it is entered."""
        task = asyncio.create_task(self._run(), name="audit-streams")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def create(
        self, actor: Principal, chain: UUID, name: str, kind: StreamKind, target: str, *, from_start: bool
    ) -> tuple[Stream, str]:
        """A new stream from now on, or from the oldest entry; and a webhook's signing secret."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise Invalid(f"A stream needs a name of at most {MAX_NAME_CHARACTERS} characters.")
        target = checked_target(kind, target)
        async with self._database.transaction(chain) as tx:
            if len(await store.streams(tx, chain)) >= MAX_STREAMS_PER_TEAM:
                raise LimitExceeded(f"There may be {MAX_STREAMS_PER_TEAM} streams; remove one first.")
            head = next(iter(await chains.heads(tx, chain)), None)
            now = clock.now()
            seq = 0 if from_start or head is None else head.seq
            stream = Stream(new_id(), chain, name, kind, target, seq, now, actor.name, 0, now, "", None)
            await store.insert(tx, stream)
            after = {"kind": str(kind), "target": target}
            await self._audit.record(
                tx, actor, "streams.create", shown("aus", stream.id), name=name, after=after, team_id=chain
            )
        secret = webhooks.secret_text(self._secret_of(stream.id)) if kind is StreamKind.WEBHOOK else ""
        return stream, secret

    async def list(self, chain: UUID) -> Sequence[Stream]:
        async with self._database.transaction(chain) as tx:
            return await store.streams(tx, chain)

    async def delete(self, actor: Principal, chain: UUID, stream_id: UUID) -> None:
        """Its dead letters go with it."""
        stream = await self._stream(chain, stream_id)
        async with self._database.transaction(chain) as tx:
            await store.delete(tx, chain, stream_id)
            before = {"kind": str(stream.kind), "target": stream.target}
            await self._audit.record(
                tx, actor, "streams.delete", shown("aus", stream_id), name=stream.name, before=before, team_id=chain
            )

    async def dead_letters(self, chain: UUID, stream_id: UUID) -> Sequence[DeadLetter]:
        await self._stream(chain, stream_id)
        async with self._database.transaction(chain) as tx:
            return await store.dead_letters(tx, chain, stream_id, MAX_DEAD_LETTERS_SHOWN)

    async def replay(self, actor: Principal, chain: UUID, stream_id: UUID) -> int:
        """Sends dead letters again, the oldest first, until one fails; how many were taken."""
        stream = await self._stream(chain, stream_id)
        async with self._database.transaction(chain) as tx:
            letters = await store.dead_letters(tx, chain, stream_id, MAX_DEAD_LETTERS_SHOWN)
        taken = 0
        for letter in letters:
            entries = await self._queries.following(
                chain, letter.first_seq - 1, letter.last_seq, MAX_ENTRIES_PER_DELIVERY
            )
            if entries and await self._failure(stream, entries):
                break
            async with self._database.transaction(chain) as tx:
                await store.delete_dead_letter(tx, chain, letter.id)
            taken += 1
        async with self._database.transaction(chain) as tx:
            detail = f"{taken} of {len(letters)} dead letters were taken."
            await self._audit.record(
                tx, actor, "streams.replay", shown("aus", stream_id), name=stream.name, team_id=chain, detail=detail
            )
        return taken

    async def send_due(self) -> int:
        """Sends what is due, some of each stream; how many streams had something."""
        async with self._database.across_teams() as tx:
            due = await store.lease(tx, self._me, clock.now(), LEASE, SENDERS)
        await asyncio.gather(*(self._turn(stream) for stream in due))
        return len(due)

    async def _turn(self, stream: Stream) -> None:
        seq = stream.seq
        try:
            for _ in range(TURN):
                entries = await self._queries.following(stream.team_id, seq, 2**62, MAX_ENTRIES_PER_DELIVERY)
                if not entries:
                    break
                error = await self._failure(stream, entries)
                if error:
                    await self._fail(stream, seq, entries, error)
                    return
                stream, seq = replace(stream, attempts=0), entries[-1].seq
                async with self._database.transaction(stream.team_id) as tx:
                    if not await store.advance(tx, stream, self._me, seq, clock.now(), LEASE):
                        return
            async with self._database.transaction(stream.team_id) as tx:
                await store.release(tx, stream, self._me)
        except MnoError as error:
            _log.warning("The audit stream '%s' stands still; its lease ends soon: %s", stream.name, error)

    async def _failure(self, stream: Stream, entries: Sequence[Entry]) -> str:
        """Hands entries over; what went wrong, or an empty text."""
        try:
            if stream.kind is StreamKind.WEBHOOK:
                secret = self._secret_of(stream.id)
                await senders.post(self._egress, stream.target, secret, stream.id, entries)
            else:
                await senders.send_syslog(self._egress, syslog_address(stream.target), entries)
        except MnoError as error:
            return str(error)[:500] or "The receiver did not take it."
        return ""

    async def _fail(self, stream: Stream, seq: int, entries: Sequence[Entry], error: str) -> None:
        attempts = stream.attempts + 1
        now = clock.now()
        async with self._database.transaction(stream.team_id) as tx:
            if attempts >= MAX_DELIVERY_ATTEMPTS:
                letter = DeadLetter(new_id(), stream.id, entries[0].seq, entries[-1].seq, error, now)
                await store.insert_dead_letter(tx, stream.team_id, letter)
                attempts, seq = 0, entries[-1].seq
            due = now + timedelta(seconds=backoff_s(attempts))
            await store.postpone(tx, stream, self._me, seq, attempts, error, due)

    async def _stream(self, chain: UUID, stream_id: UUID) -> Stream:
        async with self._database.transaction(chain) as tx:
            found = await store.stream(tx, chain, stream_id)
        if found is None:
            raise NotFound(f"There is no stream {shown('aus', stream_id)}.")
        return found

    async def _run(self) -> None:
        while True:
            try:
                busy = await self.send_due()
            except MnoError as error:
                busy = 0
                _log.warning("Audit streams stand still: %s", error)
            except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                busy = 0
                _log.exception("Audit streams failed; trying again.")
            if not busy:
                await asyncio.sleep(POLL_S)
