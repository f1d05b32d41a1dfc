"""Live streams: server-sent events to readers who stay connected, whatever is told in them.

Whoever has news stirs the readers concerned, from any thread, and never waits for them: without readers that is one
look-up, with them one hop into the event loop. What a reader is sent is made when it is ready for it, at most once in
EVENT_INTERVAL_S, so a slow reader costs no more than a fast one. Before every event it is asked whether the reader may
still read: a key can be revoked and a session ended while a stream is open.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from mno.platform.errors import LimitExceeded

#: Open streams of one kind in one process.
MAX_READERS = 100
#: Events of one stream are this far apart.
EVENT_INTERVAL_S = 1.0
#: A silent stream says so this often that it is alive.
PING_INTERVAL_S = 15.0
#: A stream ends after this long and the browser opens it again, so that no connection lasts for ever.
MAX_STREAM_S = 900.0
_RECONNECT_AFTER_MS = 1000

OPENING = b"retry: %d\n: events follow\n\n" % _RECONNECT_AFTER_MS
PING = b"event: ping\ndata: {}\n\n"
#: No cache and no proxy may hold events back.
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

#: Whether the reader may still be told anything; asked before every event and ping.
MayRead = Callable[[], Awaitable[bool]]


class Reader(ABC):
    """Somebody who listens; lives in the event loop."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.stirred = asyncio.Event()

    def close(self) -> None:
        self.closed.set()
        self.stirred.set()

    @abstractmethod
    async def take(self) -> bytes:
        """What is to be sent now, one or more whole events; empty when there is nothing. Clears `stirred` before it
        looks, unless more is left to be sent.
        """


Key = TypeVar("Key", bound=Hashable)
Listener = TypeVar("Listener", bound=Reader)


class Audience(Generic[Key, Listener]):
    """The readers of one kind of stream, by what they may hear of."""

    def __init__(self, max_readers: int = MAX_READERS) -> None:
        self._max_readers = max_readers
        self._readers: dict[Key, list[Listener]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._readers.values()))

    def __contains__(self, key: Key) -> bool:
        return key in self._readers

    def of(self, key: Key) -> Sequence[Listener]:
        return self._readers.get(key, ())

    def everyone(self) -> list[Listener]:
        return [reader for readers in self._readers.values() for reader in readers]

    def check_room(self) -> None:
        """`LimitExceeded` when no further stream may be opened."""
        if len(self) >= self._max_readers:
            raise LimitExceeded(
                f"{self._max_readers} live streams are open, which is the limit. Close one and try again.",
                retry_after_s=5,
            )

    def call(self, work: Callable[..., None], *given: object) -> None:
        """Runs `work` in the readers' event loop. From any thread; never blocks, never fails."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(work, *given)
        except RuntimeError:  # the loop has ended, and so has every reader
            return

    async def attend(
        self,
        key: Key,
        reader: Listener,
        may_read: MayRead,
        patience_s: float | None = None,
        *,
        interval_s: float | None = None,
    ) -> AsyncIterator[bytes]:
        """Server-sent events until the reader leaves or may not read, `close` is called or MAX_STREAM_S have passed.

        A reader whom nobody stirs looks by itself every `patience_s` (PING_INTERVAL_S). Its events are `interval_s`
        (EVENT_INTERVAL_S) apart. `LimitExceeded` at the first step when there are too many readers.
        """
        self.check_room()
        self._loop = asyncio.get_running_loop()
        self._readers.setdefault(key, []).append(reader)
        try:
            if not self._closed:
                apart_s = EVENT_INTERVAL_S if interval_s is None else interval_s
                async for event in _events(reader, may_read, patience_s or PING_INTERVAL_S, apart_s):
                    yield event
        finally:
            self._forget(key, reader)

    def close(self) -> None:
        """Ends every stream; from the event loop, before the server waits for its connections to end."""
        self._closed = True
        for reader in self.everyone():
            reader.close()

    def _forget(self, key: Key, reader: Listener) -> None:
        remaining = [other for other in self._readers[key] if other is not reader]
        if remaining:
            self._readers[key] = remaining
        else:
            del self._readers[key]


async def _events(reader: Reader, may_read: MayRead, patience_s: float, apart_s: float) -> AsyncIterator[bytes]:
    yield OPENING
    ends_at = time.monotonic() + MAX_STREAM_S
    while not reader.closed.is_set() and time.monotonic() < ends_at:
        stirred = await _set_within(reader.stirred, patience_s)
        if not await may_read():
            return
        if event := await reader.take():
            yield event
            await _set_within(reader.closed, apart_s)
        elif not stirred:
            yield PING


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
