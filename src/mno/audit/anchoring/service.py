"""Writes anchors as the chains grow, and reads them back.

An anchor is only written over entries that continue the last one: whoever rewrote the chain before that does not
get their work signed.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from uuid import UUID

from mno.audit import store
from mno.audit.anchoring.anchors import Anchor, Kind, SigningKey, folder_of, name_of, opened, seq_in, signed
from mno.audit.verification.walk import Walk
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import Conflict, MnoError
from mno.platform.objects import Objects

_log = logging.getLogger(__name__)

#: Anchors of one chain that a verification reads: the newest, which hold what is before them as well.
MAX_ANCHORS_READ = 2_000
#: Objects that are read at the same time.
_READERS = 16
#: How long the program waits for its last anchors when it stops, in seconds.
STOP_S = 10.0


class Anchored:
    """The anchors of a chain as they lie in the store."""

    def __init__(self, anchors: dict[int, Anchor], listed: frozenset[int], forged: tuple[int, ...]) -> None:
        self.anchors = anchors
        #: Every sequence number of which there is an object, read or not.
        self.listed = listed
        #: Those of which the signature or the place is wrong.
        self.forged = forged


class Anchoring:
    """Over one store of objects and one key."""

    def __init__(self, database: Database, objects: Objects, key: SigningKey, every_s: float) -> None:
        self._database = database
        self.objects = objects
        self.key = key
        self._every_s = every_s
        self._last: dict[UUID, Anchor] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes anchors every so often, and once more at the end."""
        task = asyncio.create_task(self._run(), name="audit-anchors")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            try:
                await asyncio.wait_for(self.write_all(), STOP_S)
            except (MnoError, TimeoutError) as error:
                _log.warning("The last anchors of the audit log could not be written (%s).", error)

    async def write_all(self) -> int:
        """An anchor for every chain that grew since its last one; how many were written."""
        async with self._database.across_teams() as tx:
            heads = await store.heads(tx)
        written = 0
        for head in heads:
            last = self._last.get(head.team_id)
            if last is None or (last.seq, last.hash) != (head.seq, head.hash):
                written += await self._write(head)
        return written

    async def read(self, kind: Kind, team_id: UUID) -> Anchored:
        """The newest anchors (or checkpoints) of a chain."""
        names = {
            seq: name
            async for name in self.objects.names(folder_of(kind, team_id))
            if (seq := seq_in(name)) is not None
        }
        newest = sorted(names)[-MAX_ANCHORS_READ:]
        gate = asyncio.Semaphore(_READERS)

        async def one(seq: int) -> Anchor | None:
            async with gate:
                anchor = opened(await self.objects.get(names[seq]), self.key)
            fits = anchor is not None and (anchor.kind, anchor.team_id, anchor.seq) == (kind, team_id, seq)
            return anchor if fits else None

        read = await asyncio.gather(*(one(seq) for seq in newest))
        good = {anchor.seq: anchor for anchor in read if anchor is not None}
        forged = tuple(seq for seq, anchor in zip(newest, read, strict=True) if anchor is None)
        return Anchored(good, frozenset(names), forged)

    async def teams(self) -> set[UUID]:
        """Every team of which there is an anchor, whether or not the database still knows it."""
        found: set[UUID] = set()
        async for name in self.objects.names(f"audit/{Kind.ANCHOR}s"):
            with contextlib.suppress(ValueError, IndexError):
                found.add(UUID(hex=name.split("/")[-2]))
        return found

    async def write_checkpoint(self, team_id: UUID, seq: int, hash_: bytes) -> None:
        """Says that the entries up to and with `seq` are pruned; before they are."""
        checkpoint = Anchor(Kind.CHECKPOINT, team_id, seq, hash_, clock.now())
        with contextlib.suppress(Conflict):
            await self.objects.put(name_of(Kind.CHECKPOINT, team_id, seq), signed(checkpoint, self.key))

    async def _write(self, head: store.Head) -> bool:
        last = self._last.get(head.team_id) or await self._newest(head.team_id)
        if last is not None and last.seq == head.seq and last.hash == head.hash:
            self._last[head.team_id] = last
            return False
        if last is not None and not await self._continues(last, head):
            return False
        at = clock.now()
        anchor = Anchor(Kind.ANCHOR, head.team_id, head.seq, head.hash, at, last.seq if last else 0)
        with contextlib.suppress(Conflict):  # another process of this installation was quicker
            await self.objects.put(name_of(Kind.ANCHOR, head.team_id, head.seq), signed(anchor, self.key))
        self._last[head.team_id] = anchor
        return True

    async def _newest(self, team_id: UUID) -> Anchor | None:
        names = [name async for name in self.objects.names(folder_of(Kind.ANCHOR, team_id))]
        for name in sorted(names, reverse=True):
            anchor = opened(await self.objects.get(name), self.key)
            if anchor is not None and anchor.team_id == team_id:
                return anchor
        return None

    async def _continues(self, last: Anchor, head: store.Head) -> bool:
        """Whether the entries after the last anchor follow it, up to the head."""
        walk = Walk(head.team_id, last, {})
        if head.seq > last.seq:
            async with self._database.transaction(head.team_id) as tx:
                async for rows in store.stream(tx, head.team_id, last.seq, head.seq):
                    if not await asyncio.to_thread(walk.take, rows):
                        break
        finding = walk.end((head.seq, head.hash), head.seq)
        if finding is None:
            return True
        _log.error(
            "No anchor is written for the audit log of team %s, because it does not continue the last one: %s "
            "Run `mno audit verify`.",
            head.team_id,
            finding.message,
        )
        return False

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.write_all()
            except MnoError as error:
                _log.warning("Anchors of the audit log could not be written; trying again later: %s", error)
            except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                _log.exception("Writing anchors of the audit log failed.")
