"""The live stream of logs: what arrived after a cursor, asked of the store whenever something has (platform/live.py).

Nothing is kept for a reader but where it stands. So a slow one costs the hub nothing, a filter means the same as in a
list, and whoever comes back with the id of the last event gets what it missed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import orjson

from mno.observability.logs.cursor import Place, arrival_text
from mno.observability.logs.queries import SHARED_LAG_S
from mno.observability.logs.schemas import LogLine
from mno.observability.spans.queries import Tenant
from mno.platform.live import MAX_READERS, Audience, MayRead, Reader

#: Lines in one event; more follow in the next one.
MAX_LINES_PER_EVENT = 500
#: What a reader who comes back has missed is sent for this long, in microseconds; what is older is left to the list.
MAX_RESUMED_US = 3_600 * 1_000_000

#: Lines that arrived after a place, the place behind them, and whether more have arrived.
Arrived = tuple[list[LogLine], Place, bool]
ReadAfter = Callable[[Place], Awaitable[Arrived]]


class LogReader(Reader):
    """Where one reader stands."""

    def __init__(self, read_after: ReadAfter, stands: Place) -> None:
        super().__init__()
        self._read_after = read_after
        self._stands = stands
        self.stirred.set()  # something may have come between the page and the stream

    async def take(self) -> bytes:
        self.stirred.clear()
        lines, self._stands, more = await self._read_after(self._stands)
        if more:
            self.stirred.set()
        if not lines:
            return b""
        event = orjson.dumps({"items": [line.model_dump() for line in lines]})
        return b"event: logs\nid: " + arrival_text(self._stands).encode() + b"\ndata: " + event + b"\n\n"


class LogFeed:
    """Wakes the readers of projects that have new lines."""

    def __init__(self, *, shared: bool, max_readers: int = MAX_READERS) -> None:
        self._audience: Audience[Tenant, LogReader] = Audience(max_readers)
        #: What others write to the same store nobody tells us of; a reader looks by itself.
        self._patience_s = float(SHARED_LAG_S) if shared else None
        self.check_room = self._audience.check_room
        self.close = self._audience.close

    def arrived(self, tenants: Iterable[Tenant]) -> None:
        """New lines can be queried. From any thread; never blocks, never fails."""
        if self._audience:
            self._audience.call(self._stir, list(tenants))

    def follow(self, tenant: Tenant, reader: LogReader, may_read: MayRead) -> AsyncIterator[bytes]:
        """Server-sent events for as long as `Audience.attend` says."""
        return self._audience.attend(tenant, reader, may_read, self._patience_s)

    def _stir(self, tenants: Iterable[Tenant]) -> None:
        for tenant in tenants:
            for reader in self._audience.of(tenant):
                reader.stirred.set()
