"""What can be done with logs: publish them, find them, follow them. HTTP asks here, and so will the MCP tools."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from mno.observability.ingest.service import Ingest
from mno.observability.ingest.signals import LOGS_TABLE
from mno.observability.logs import native, rendering
from mno.observability.logs.cursor import (
    ListCursor,
    Place,
    arrival_of,
    arrival_text,
    end_of,
    line_of,
    list_cursor_of,
    list_cursor_text,
)
from mno.observability.logs.model import LogFilter, Surroundings, histogram_step_s
from mno.observability.logs.native import Published
from mno.observability.logs.queries import LogQueries
from mno.observability.logs.schemas import (
    LogClass,
    LogPage,
    LogsReceipt,
    LogSummary,
    LogSurroundings,
    RejectedLogLine,
)
from mno.observability.logs.stream import MAX_LINES_PER_EVENT, MAX_RESUMED_US, Arrived, LogFeed, LogReader
from mno.observability.spans.cursor import Snapshot, question_digest
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform.errors import NotFound
from mno.platform.live import MayRead
from mno.platform.time_range import TimeRange

#: Lines in a page of the list when nothing else is asked.
DEFAULT_LOG_PAGE = 100
#: Lines in a page of the list, or of what arrived.
MAX_LOG_PAGE = 500
#: Lines on either side of a hit.
MAX_AROUND = 200
#: Topics and services that are counted one by one.
MAX_CLASSES = 50
#: Bars of the histogram, one more for the edge of the range.
MAX_BARS = 60
#: Lines farther from a hit than a day are not its surroundings.
_AROUND_US = 86_400 * 1_000_000

#: The lines of a request's body; on a decoder thread.
Records = Callable[[], Iterable[Any]]


class Logs:
    """Every question is bound to one tenant. `LimitExceeded` when it takes the store too long."""

    def __init__(self, ingest: Ingest, queries: LogQueries, feed: LogFeed) -> None:
        self._ingest = ingest
        self._queries = queries
        self.feed = feed

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends the open streams with the program."""
        try:
            yield
        finally:
            self.feed.close()

    async def publish(self, owner: Owner, records: Records) -> LogsReceipt:
        """Stores lines, redacted; returns when they are on the disk. Fails like `Ingest.take`."""
        published: list[Published] = []

        def decode() -> Any:
            published.append(native.rows_of(records(), owner))
            return published[0].rows

        await self._ingest.take_signals(owner, LOGS_TABLE, decode)
        rejected = [RejectedLogLine(index=each.index, reason=each.reason) for each in published[0].rejections]
        return LogsReceipt(accepted=published[0].rows.num_rows, rejected=rejected)

    async def page(
        self, tenant: Tenant, window: TimeRange, asked: LogFilter, *, limit: int = DEFAULT_LOG_PAGE, cursor: str = ""
    ) -> LogPage:
        """Lines newest first. The cursor keeps the range and what had arrived at the first page."""
        question = question_digest("logs", tenant, asked)
        known = list_cursor_of(cursor, question) if cursor else None
        arrived_us = known.snapshot.arrived_us if known else await self._queries.arrived_us(tenant)
        snapshot = known.snapshot if known else Snapshot(window.start_us, window.end_us, arrived_us)
        below = known.below if known else None
        rows = await self._queries.newest(tenant, snapshot, asked, below=below, limit=limit + 1)
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            following = list_cursor_text(ListCursor(snapshot, Place(last["us"], last["id"]), question))
        return LogPage(
            items=[rendering.line_of(row) for row in rows[:limit]],
            next_cursor=following,
            tail=arrival_text(end_of(arrived_us)),
            more=False,
        )

    async def after(self, tenant: Tenant, asked: LogFilter, cursor: str, *, limit: int = DEFAULT_LOG_PAGE) -> LogPage:
        """What arrived after a page's `tail`, oldest first; ask again with the new `tail`."""
        lines, stands, more = await self._after(tenant, asked, arrival_of(cursor), limit)
        return LogPage(items=lines, next_cursor=None, tail=arrival_text(stands), more=more)

    async def summary(self, tenant: Tenant, window: TimeRange, asked: LogFilter) -> LogSummary:
        """Counts by level, topic and service, and over time."""
        snapshot = Snapshot(window.start_us, window.end_us, await self._queries.arrived_us(tenant))
        step_s = histogram_step_s(window.end_us - window.start_us, MAX_BARS)
        bars, topics, services = await asyncio.gather(
            self._queries.bars(tenant, snapshot, asked, step_s=step_s),
            self._queries.topics(tenant, snapshot, asked, limit=MAX_CLASSES),
            self._queries.services(tenant, snapshot, asked, limit=MAX_CLASSES),
        )
        return LogSummary(
            total=sum(bar.lines for bar in bars),
            levels=rendering.totals_of(bars),
            topics=[LogClass(**row) for row in topics],
            services=[LogClass(**row) for row in services],
            step_s=step_s,
            histogram=rendering.histogram_of(bars, window.start_us, window.end_us, step_s),
        )

    async def around(
        self, tenant: Tenant, line_id: str, of: Surroundings, *, before: int, after: int
    ) -> LogSurroundings:
        """The lines next to one. `NotFound` where there is no such line."""
        place = line_of(line_id)
        row = await self._queries.line(tenant, place)
        if row is None:
            raise NotFound("There is no such log line; it may have been deleted by retention.")
        asked = _sharing(of, row)
        older, newer = await asyncio.gather(
            self._queries.beside(tenant, asked, line=place, within_us=_AROUND_US, older=True, limit=before),
            self._queries.beside(tenant, asked, line=place, within_us=_AROUND_US, older=False, limit=after),
        )
        return LogSurroundings(
            before=[rendering.line_of(each) for each in reversed(older)],
            line=rendering.line_of(row),
            after=[rendering.line_of(each) for each in newer],
        )

    async def follow(
        self, tenant: Tenant, asked: LogFilter, may_read: MayRead, *, after: str = ""
    ) -> AsyncIterator[bytes]:
        """Server-sent events with what arrives after a cursor, or from now on."""
        arrived_us = await self._queries.arrived_us(tenant)
        stands = arrival_of(after) if after else end_of(arrived_us)
        if stands.us < arrived_us - MAX_RESUMED_US:
            stands = end_of(arrived_us - MAX_RESUMED_US)

        async def read_after(place: Place) -> Arrived:
            return await self._after(tenant, asked, place, MAX_LINES_PER_EVENT)

        return self.feed.follow(tenant, LogReader(read_after, stands), may_read)

    async def _after(self, tenant: Tenant, asked: LogFilter, place: Place, limit: int) -> Arrived:
        until_us = await self._queries.arrived_us(tenant)
        rows = await self._queries.arrived(tenant, asked, after=place, until_us=until_us, limit=limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        # Without a full page everything up to `until_us` has been looked at, whether it matched or not.
        stands = Place(rows[-1]["arrived_us"], rows[-1]["id"]) if more else max(place, end_of(until_us))
        return [rendering.line_of(row) for row in rows], stands, more


def _sharing(of: Surroundings, row: dict[str, Any]) -> LogFilter:
    everything = LogFilter()
    match of:
        case Surroundings.SERVICE:
            return replace(everything, services=(row["service"],))
        case Surroundings.TOPIC:
            return replace(everything, topics=(row["topic"],))
        case Surroundings.TRACE if any(row["trace_id"]):
            return replace(everything, trace_id=row["trace_id"])
        case _:
            return everything
