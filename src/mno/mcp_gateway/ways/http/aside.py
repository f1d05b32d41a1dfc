"""The stream of a session with an older server, on which it says what belongs to no answer: one for all who hear it.

Some servers ask their client there in the middle of a call, where nothing says which call it is about. Such a question
goes to the one call that runs in that session; when several run, it is refused, and from then on calls that can be
asked are made one after the other, in a session of their own.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from mno.mcp_gateway.protocol.message import Object
from mno.platform.errors import MnoError

#: What waits for one who hears it; more is dropped.
MAX_SAID_WAITING = 1_000
#: How long a call waits for the stream to begin, in seconds.
OPEN_TIMEOUT_S = 3.0
#: How long the stream stays when nobody hears it, for the next call, in seconds.
LINGER_S = 20.0

Inbox = asyncio.Queue[Object | BaseException | None]
#: Reads the stream; calls back once it has begun.
Read = Callable[[Callable[[], None]], AsyncGenerator[Object]]


class Aside:
    """Of one session. `refuse` is told of a question that is nobody's."""

    def __init__(self, read: Read, refuse: Callable[[Object], None]) -> None:
        self._read = read
        self._refuse = refuse
        self._hearing: set[Inbox] = set()
        self._calls: set[Inbox] = set()
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._closing: asyncio.TimerHandle | None = None
        #: Whether there is such a stream, as far as is known.
        self.is_there = True
        #: Whether a question came here.
        self.asks = False
        #: Calls in this session in which the server may ask, whoever makes them.
        self.running = 0

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    @contextlib.asynccontextmanager
    async def heard(self) -> AsyncIterator[Inbox]:
        """Notifications, until None."""
        async with self._joined(self._hearing) as inbox:
            yield inbox

    @contextlib.asynccontextmanager
    async def asked(self) -> AsyncIterator[Inbox]:
        """Questions that may be about the caller's call."""
        async with self._joined(self._calls) as inbox:
            try:
                await asyncio.wait_for(self._opened.wait(), OPEN_TIMEOUT_S)
            except TimeoutError:
                self._opened.set()  # a server that says nothing yet is waited for once
            yield inbox

    @contextlib.asynccontextmanager
    async def _joined(self, to: set[Inbox]) -> AsyncIterator[Inbox]:
        inbox: Inbox = asyncio.Queue(MAX_SAID_WAITING)
        to.add(inbox)
        if self._closing is not None:
            self._closing.cancel()
        if self._task is None or self._task.done():
            self._opened.clear()
            self._task = asyncio.get_running_loop().create_task(self._listen(), name="mcp-aside")
        try:
            yield inbox
        finally:
            to.discard(inbox)
            if not self._hearing and not self._calls:
                self._closing = asyncio.get_running_loop().call_later(LINGER_S, self.close)

    async def _listen(self) -> None:
        try:
            async with contextlib.aclosing(self._read(self._opened.set)) as said:
                async for found in said:
                    self._hand_out(found)
            self.is_there = self._opened.is_set()
        except MnoError:
            pass  # whoever calls hears of it there
        finally:
            self._opened.set()
            for inbox in self._hearing:
                _put(inbox, None)

    def _hand_out(self, found: Object) -> None:
        if "method" not in found:
            return
        if "id" not in found:
            for inbox in self._hearing:
                _put(inbox, found)
            return
        self.asks = True
        if len(self._calls) == 1 and self.running == 1:
            _put(next(iter(self._calls)), found)
        else:
            self._refuse(found)


async def merged(messages: AsyncGenerator[Object], inbox: Inbox) -> AsyncGenerator[Object]:
    """The messages of an answer, and what comes into the inbox meanwhile."""

    async def pump() -> None:
        try:
            async with contextlib.aclosing(messages):
                async for one in messages:
                    await inbox.put(one)
            await inbox.put(None)
        except Exception as error:  # noqa: BLE001 - raised to whoever reads
            await inbox.put(error)

    task = asyncio.get_running_loop().create_task(pump(), name="mcp-answer")
    try:
        while (found := await inbox.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _put(inbox: Inbox, what: Object | None) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        inbox.put_nowait(what)
