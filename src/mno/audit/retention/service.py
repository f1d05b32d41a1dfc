"""Pruning old entries, so that what stays can still be verified: a signed checkpoint takes their place.

Nothing is pruned unless somebody says for how many days entries are kept. A chain that is not whole up to the cut
is left as it is: pruning must not remove the traces of tampering.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID

from mno.audit import store
from mno.audit.anchoring.anchors import Anchor, Kind
from mno.audit.anchoring.service import Anchoring
from mno.audit.service import Audit, program
from mno.audit.verification.walk import Walk
from mno.audit.wire import name_of_chain
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: How often old entries are looked for, in seconds.
EVERY_S = 3600.0

#: For how many days the entries of a chain are kept; 0 for ever.
DaysOf = Callable[[UUID], int]


def kept_for_ever(_: UUID) -> int:
    """The default."""
    return 0


class Retention:
    """Over all chains; in several processes at once the first one does it."""

    def __init__(self, database: Database, audit: Audit, anchoring: Anchoring, days_of: DaysOf = kept_for_ever) -> None:
        self._database = database
        self._audit = audit
        self._anchoring = anchoring
        self._days_of = days_of

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run(), name="audit-retention")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def prune_all(self) -> int:
        """Prunes every chain that has entries older than it keeps; how many entries went."""
        async with self._database.across_teams() as tx:
            chains = [head.team_id for head in await store.heads(tx)]
        return sum([await self.prune(chain, days) for chain in chains if (days := self._days_of(chain)) > 0])

    async def prune(self, team_id: UUID, days: int) -> int:
        """Prunes one chain; the newest entry always stays."""
        async with self._database.transaction(team_id) as tx:
            cut = await store.last_before(tx, team_id, clock.now() - timedelta(days=days))
        if cut is None:
            return 0
        seq, _ = cut
        walk = await self._walked(team_id, seq)
        if walk is None:
            return 0
        await self._anchoring.write_checkpoint(team_id, seq, walk.hash)
        async with self._database.transaction(team_id) as tx:
            pruned = await store.prune(tx, team_id, seq)
            if pruned:
                detail = f"{pruned} entries older than {days} days, up to number {seq}, were pruned."
                name = name_of_chain(team_id)
                await self._audit.record(tx, program(team_id, "retention"), "audit.prune", name, detail=detail)
        return pruned

    async def _walked(self, team_id: UUID, upto: int) -> Walk | None:
        """The walk up to the cut; None where what would be pruned is not as it was written."""
        async with self._database.transaction(team_id) as tx:
            first = await store.first_seq(tx, team_id)
            checkpoint: Anchor | None = None
            if first is not None and first > 1:
                checkpoint = (await self._anchoring.read(Kind.CHECKPOINT, team_id)).anchors.get(first - 1)
            walk = Walk(team_id, checkpoint, (await self._anchoring.read(Kind.ANCHOR, team_id)).anchors)
            async for rows in store.stream(tx, team_id, walk.seq, upto):
                if not await asyncio.to_thread(walk.take, rows):
                    break
        if walk.finding is None and walk.seq == upto:
            return walk
        why = walk.finding.message if walk.finding else f"It ends at {walk.seq}."
        _log.error("Old entries of the audit log of %s are not pruned: %s", name_of_chain(team_id), why)
        return None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.prune_all()
            except MnoError as error:
                _log.warning("Old audit entries could not be pruned; trying again later: %s", error)
            except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                _log.exception("Pruning the audit log failed.")
