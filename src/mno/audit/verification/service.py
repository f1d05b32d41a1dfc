"""Verification: walks the chains and compares them with their anchors; keeps the last result of each."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.audit import store
from mno.audit.anchoring.anchors import Anchor, Kind
from mno.audit.anchoring.service import Anchored, Anchoring
from mno.audit.verification.walk import Fault, Finding, Walk, missing_anchor
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: How often a running verification says how far it is, in seconds.
TELL_S = 1.0
#: One that was not heard of for so long has lost its process.
STALE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Verification:
    """What is known of one chain. `checked_at` is None before the first one has ended; `fault` is empty when the
    chain is whole. `anchored` is the last entry that a signature outside the database covers.
    """

    team_id: UUID
    is_running: bool
    walked: int
    total: int
    checked_at: datetime | None = None
    entries: int = 0
    erased: int = 0
    anchors: int = 0
    anchored: int = 0
    seconds: float = 0.0
    fault: str = ""
    bad_seq: int | None = None
    bad_id: UUID | None = None
    message: str = ""


class Verifications:
    """Runs them, one at a time for each chain, whichever process began it."""

    def __init__(self, database: Database, anchoring: Anchoring) -> None:
        self._database = database
        self._anchoring = anchoring
        self._task: asyncio.Task[None] | None = None
        self._wanted: dict[UUID, None] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end, one that runs is given up; its last result stays."""
        try:
            yield
        finally:
            if self._task is not None:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task

    async def chains(self) -> list[UUID]:
        """Every chain that the database or the store of anchors knows."""
        async with self._database.across_teams() as tx:
            known = {head.team_id for head in await store.heads(tx)} | set(await store.teams_with_entries(tx))
        return sorted(known | await self._anchoring.teams())

    async def begin(self, chains: list[UUID]) -> None:
        """Starts verifying these in the background, after those that wait already."""
        now = clock.now()
        for team_id in chains:
            async with self._database.transaction(team_id) as tx:
                head = await _head(tx, team_id)
                if await store.begin_verification(tx, team_id, head.seq if head else 0, now, now - STALE):
                    self._wanted[team_id] = None
        if self._wanted and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(), name="audit-verification")

    async def results(self, team_id: UUID | None) -> list[Verification]:
        """Of one chain, or of all."""
        async with self._database.across_teams() as tx:
            rows = await store.verifications(tx, team_id)
        return [_verification(row) for row in rows]

    async def verify(self, team_id: UUID) -> Verification:
        """Walks one chain now, and keeps the result."""
        began = time.monotonic()
        async with self._database.transaction(team_id) as tx:
            await store.begin_verification(tx, team_id, 0, clock.now(), clock.now() - STALE)
        walk, anchored, finding = await self.walk(team_id)
        result = {
            "team_id": team_id,
            "checked_at": clock.now(),
            "entries": walk.entries,
            "erased": walk.erased,
            "anchors": len(anchored.anchors),
            "anchored": max(anchored.anchors, default=0),
            "seconds": time.monotonic() - began,
            "fault": str(finding.fault) if finding else "",
            "bad_seq": finding.seq if finding else None,
            "bad_id": finding.entry_id or None if finding else None,
            "message": finding.message if finding else "",
        }
        async with self._database.transaction(team_id) as tx:
            await store.end_verification(tx, result)
        if finding is not None:
            _log.error("The audit log of chain %s was tampered with: %s", team_id, finding.message)
        return (await self.results(team_id))[0]

    async def walk(self, team_id: UUID) -> tuple[Walk, Anchored, Finding | None]:
        """The walk itself; nothing is written but its progress."""
        # the anchors first: a chain that grows meanwhile is only longer than they say
        anchored = await self._anchoring.read(Kind.ANCHOR, team_id)
        checkpoint: Anchor | None = None
        async with self._database.transaction(team_id) as tx:
            head = await _head(tx, team_id)
            upto = head.seq if head else 2**62
            first = await store.first_seq(tx, team_id)
            forged: tuple[int, ...] = ()
            if first is None or first > 1:
                checkpoint, forged = await self._checkpoint(team_id, (first or upto + 1) - 1)
            walk = Walk(team_id, checkpoint, anchored.anchors)
            told = time.monotonic()
            async for rows in store.stream(tx, team_id, walk.seq, upto):
                if not await asyncio.to_thread(walk.take, rows):
                    break
                if time.monotonic() - told >= TELL_S:
                    told = time.monotonic()
                    await self._tell(team_id, walk.entries)
        finding = walk.end((head.seq, head.hash) if head else None, head.last_seq if head else walk.seq)
        if forged and finding is not None:
            message = f"The checkpoint of entry {forged[0]} was not signed by this installation."
            finding = Finding(Fault.FORGED_ANCHOR, forged[0], message)
        return walk, anchored, finding or _bad_anchor(anchored, checkpoint)

    async def _checkpoint(self, team_id: UUID, seq: int) -> tuple[Anchor | None, tuple[int, ...]]:
        """The checkpoint that ends at `seq`, and whether one there is forged."""
        read = await self._anchoring.read(Kind.CHECKPOINT, team_id)
        return read.anchors.get(seq), tuple(one for one in read.forged if one == seq)

    async def _tell(self, team_id: UUID, walked: int) -> None:
        with contextlib.suppress(MnoError):
            async with self._database.transaction(team_id) as tx:
                await store.touch_verification(tx, team_id, walked, clock.now())

    async def _run(self) -> None:
        while self._wanted:
            team_id = next(iter(self._wanted))
            try:
                await self.verify(team_id)
            except Exception as error:  # noqa: BLE001 - a background task has nobody above it to tell
                _log.exception("The audit log of chain %s could not be verified.", team_id)
                await self._failed(team_id, error)
            finally:
                self._wanted.pop(team_id, None)

    async def _failed(self, team_id: UUID, error: Exception) -> None:
        why = str(error) if isinstance(error, MnoError) else "Something in the program is wrong; its log says more."
        with contextlib.suppress(MnoError):
            async with self._database.transaction(team_id) as tx:
                await store.fail_verification(tx, team_id, why, clock.now())


async def _head(tx: Connection, team_id: UUID) -> store.Head | None:
    return next(iter(await store.heads(tx, team_id)), None)


def _bad_anchor(anchored: Anchored, checkpoint: Anchor | None) -> Finding | None:
    """What is wrong with the anchors themselves, where the entries fit all that can be trusted."""
    pruned = checkpoint.seq if checkpoint else 0
    for seq in anchored.forged:
        message = f"The anchor of entry {seq} was not signed by this installation, or was edited."
        return Finding(Fault.FORGED_ANCHOR, seq, message)
    return missing_anchor([anchored.anchors[seq] for seq in sorted(anchored.anchors)], anchored.listed, pruned)


def _verification(row: dict[str, Any]) -> Verification:
    checked: datetime | None = row["checked_at"]
    alive = row["touched_at"] > clock.now() - STALE
    return Verification(
        team_id=row["team_id"],
        is_running=alive and (checked is None or checked < row["started_at"]),
        walked=row["walked"],
        total=row["total"],
        checked_at=checked,
        entries=row["entries"],
        erased=row["erased"],
        anchors=row["anchors"],
        anchored=row["anchored"],
        seconds=row["seconds"],
        fault=row["fault"],
        bad_seq=row["bad_seq"],
        bad_id=row["bad_id"],
        message=row["message"],
    )
