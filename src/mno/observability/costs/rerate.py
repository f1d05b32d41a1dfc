"""Pricing a range of stored spans again, in the background: progress survives a restart.

The job walks the range in slices that hold spans and hands each to the span store, which restates what
changed. Doing a slice twice changes nothing, so after a crash the job begins its last slice again, with the
rollups of that slice repaired first.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.costs import store
from mno.observability.costs.model import Rerate, RerateState
from mno.observability.costs.ports import Restatement
from mno.observability.costs.prices import Prices
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.question import HOUR_US, MINUTE_US
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import Invalid, MnoError, NotFound, Unavailable
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange, from_microseconds

_log = logging.getLogger(__name__)

#: An hour with more spans is handed over minute by minute, so that progress is seen and little is redone.
MAX_SLICE_SPANS = 50_000
#: Jobs that a list shows, the newest.
MAX_LISTED = 50


class Rerates:
    """One job runs at a time for each project."""

    def __init__(
        self, database: Database, prices: Prices, queries: UsageQueries, spans: Restatement, audit: Audit
    ) -> None:
        self._database = database
        self._audit = audit
        self._prices = prices
        self._queries = queries
        self._spans = spans
        self._running: dict[UUID, asyncio.Task[None]] = {}

    async def open(self) -> None:
        """Goes on with what the last process did not finish."""
        async with self._database.across_teams() as tx:
            unfinished = await store.running_rerates(tx)
        for job in unfinished:
            self._begin(job, interrupted=True)

    async def close(self) -> None:
        """Stops where the jobs are; `open` goes on from there."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self, writer: Principal, window: TimeRange) -> Rerate:
        """`Conflict` while another job of the project runs."""
        if window.start >= window.end:
            raise Invalid("'from' must be earlier than 'to'.")
        hours = await self._queries.priced_spans_per_hour(_tenant(writer.team_id, writer.project_id), window)
        job = Rerate(
            id=new_id(),
            team_id=writer.team_id,
            project_id=writer.project_id,
            start=window.start,
            end=window.end,
            reached=window.start,
            state=RerateState.RUNNING,
            total=sum(spans for _, spans in hours),
            done=0,
            changed=0,
            error="",
            created_at=clock.now(),
        )
        async with self._database.transaction(writer.team_id) as tx:
            await store.insert_rerate(tx, job)
            after = {"from": window.start, "to": window.end}
            await self._audit.record(tx, writer, "prices.rerate", shown("rer", job.id), after=after)
        self._begin(job)
        return job

    async def job(self, reader: Principal, id_: UUID) -> Rerate:
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.rerate(tx, reader.team_id, reader.project_id, id_)
        if found is None:
            raise NotFound(f"There is no re-rating job {shown('rer', id_)} in this project.")
        return found

    async def jobs(self, reader: Principal) -> list[Rerate]:
        async with self._database.transaction(reader.team_id) as tx:
            return await store.rerates(tx, reader.team_id, reader.project_id, limit=MAX_LISTED)

    async def finished(self, id_: UUID) -> None:
        """Waits for a job of this process; returns at once for any other."""
        task = self._running.get(id_)
        if task is not None:
            await asyncio.wait([task])

    def _begin(self, job: Rerate, *, interrupted: bool = False) -> None:
        task = asyncio.create_task(self._run(job, interrupted=interrupted), name=f"rerate-{job.id}")
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._running.pop(job.id, None))

    async def _run(self, job: Rerate, *, interrupted: bool) -> None:
        try:
            async for progress in self._progress(job, interrupted=interrupted):
                job = progress
                await self._save(job)
            job = replace(job, state=RerateState.DONE, reached=job.end, total=job.done)
        except MnoError as error:
            job = replace(job, state=RerateState.FAILED, error=str(error))
        except Exception:  # noqa: BLE001 - a background job has nobody above it to tell
            _log.exception("Pricing spans again failed at %s", job.reached)
            job = replace(job, state=RerateState.FAILED, error="Something in the program is wrong; its log says more.")
        try:
            await self._save(job)
        except Unavailable:
            _log.warning("The end of re-rating job %s could not be written; the next start goes on with it.", job.id)

    async def _progress(self, job: Rerate, *, interrupted: bool) -> AsyncIterator[Rerate]:
        book = self._prices.book(job.team_id, job.project_id)
        team, project = str(job.team_id), str(job.project_id)
        left = TimeRange(job.reached, job.end)
        hours = await self._queries.priced_spans_per_hour(_tenant(job.team_id, job.project_id), left)
        for first_us, last_us in slices(hours, left):
            if interrupted:
                await self._spans.repair(team, project, first_us, last_us)
                interrupted = False
            repriced = await self._spans.reprice(team, project, first_us, last_us, book.price)
            job = replace(
                job,
                reached=from_microseconds(last_us),
                done=job.done + repriced.total,
                changed=job.changed + repriced.changed,
                total=max(job.total, job.done + repriced.total),
            )
            yield job

    async def _save(self, job: Rerate) -> None:
        async with self._database.transaction(job.team_id) as tx:
            await store.save_rerate(tx, job, clock.now())


def slices(hours: list[tuple[int, int]], window: TimeRange) -> list[tuple[int, int]]:
    """The parts of the window that hold spans, as (from, to) in microseconds: hours, or minutes of full ones."""
    found = []
    for hour_us, spans in hours:
        step = HOUR_US if spans <= MAX_SLICE_SPANS else MINUTE_US
        for first in range(hour_us, hour_us + HOUR_US, step):
            first_us, last_us = max(first, window.start_us), min(first + step, window.end_us)
            if first_us < last_us:
                found.append((first_us, last_us))
    return found


def _tenant(team_id: UUID, project_id: UUID) -> Tenant:
    return Tenant(str(team_id), str(project_id))
