"""A connection through its lives: made at its first use, again when it broke, ended when nobody needs it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from mno.mcp_gateway.model import MAX_TOOL_LIST_BYTES, Server
from mno.mcp_gateway.protocol.message import MODERN
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.mcp_gateway.ways.duplex.conversation import Conversation
from mno.mcp_gateway.ways.duplex.lines import Overlong
from mno.mcp_gateway.ways.duplex.pauses import Pauses

#: How long it may take until an era is agreed on, in seconds: some programs install themselves first.
START_TIMEOUT_S = 120.0
#: How long a call waits for a connection that rests after its death, in seconds; where it rests longer the call fails.
MAX_AWAITED_REST_S = 5.0
#: What a message has besides its result, in bytes.
ENVELOPE_BYTES = 64 * 1024
#: How long a connection is kept that nobody uses, in seconds.
IDLE_STOP_S = 600.0


def message_bytes_of(server: Server) -> int:
    """The longest message that is read of a server: an answer or a list within their limits, and what is around it."""
    return max(server.result_bytes, MAX_TOOL_LIST_BYTES) + ENVELOPE_BYTES


class Channel(Protocol):
    """Messages in both directions, for as long as it lives."""

    async def start(self) -> None:
        """`ServerTrouble` where that cannot be."""
        ...

    async def write(self, message: bytes) -> None:
        """One message; `ServerTrouble` when it cannot be written."""
        ...

    def end(self) -> None:
        """Begins to end it."""
        ...

    async def ended(self) -> None:
        """Ends it, and returns when nothing of it is left."""
        ...


class Open(Protocol):
    """Makes a channel. `line` hears each message that comes, `gone` why none will come any more."""

    def __call__(self, line: Callable[[bytes | Overlong], None], gone: Callable[[str], None]) -> Channel: ...


@dataclass(slots=True)
class _Life:
    """From one start to one end."""

    conversation: Conversation
    channel: Channel
    started: float
    #: Whether the hub has ended it.
    is_ending: bool = False
    is_gone: bool = False


class Lives:
    """With one server, called `name`; for one event loop. `probes`: it may speak the newer era."""

    def __init__(self, name: str, channel: Open, *, probes: bool, idle_stop_s: float = IDLE_STOP_S) -> None:
        self._name = name
        self._open = channel
        self._idle_stop_s = idle_stop_s
        self._pauses = Pauses()
        self._life: _Life | None = None
        self._starting: asyncio.Task[Conversation] | None = None
        self._is_old = not probes
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None
        #: When it was last asked, by a clock that never goes back.
        self.used_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self._life is not None

    @property
    def is_idle(self) -> bool:
        return not self._users

    @property
    def version(self) -> str:
        """The revision that is spoken; empty while nobody knows."""
        return self._life.conversation.version if self._life is not None else ""

    @asynccontextmanager
    async def conversation(self, timeout_s: float, *, is_use: bool = True) -> AsyncIterator[Conversation]:
        """Ready to be asked; `ServerTrouble` when it cannot be made in that time. Only to listen is no use."""
        self._users += is_use
        self._stop_waiting()
        try:
            conversation = await self._ready_in(timeout_s)
            if not is_use:
                self._wait_for_use()
            yield conversation
        finally:
            self._users -= is_use
            self.used_at = time.monotonic()
            self._wait_for_use()

    def end(self) -> None:
        """Begins to end it; the next use starts another."""
        self._stop_waiting()
        if self._starting is not None:
            self._starting.cancel()
        if self._life is not None:
            self._life.is_ending = True
            self._life.channel.end()

    def retire(self) -> None:
        """Ends it as soon as nobody uses it any more."""
        self._idle_stop_s = 0.0
        self._wait_for_use()

    async def ended(self) -> None:
        life = self._life
        self.end()
        if life is not None:
            await life.channel.ended()

    # — parts —

    def _wait_for_use(self) -> None:
        self._stop_waiting()
        if self.is_idle and self.is_running:
            self._idle = asyncio.get_running_loop().call_later(self._idle_stop_s, self.end)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def _ready_in(self, timeout_s: float) -> Conversation:
        """All who ask meanwhile wait for the same start, and it goes on when one of them leaves."""
        life = self._life
        if life is not None and life.conversation.version and not life.is_ending:
            return life.conversation
        if self._starting is None or self._starting.done():
            self._starting = asyncio.get_running_loop().create_task(self._start())
            self._starting.add_done_callback(_noted)
        done, _ = await asyncio.wait({self._starting}, timeout=timeout_s)
        if not done:
            raise ServerTrouble(f"'{self._name}' is not ready within {timeout_s:g} seconds.")
        if self._starting.cancelled():
            raise ServerTrouble(f"'{self._name}' was ended while it started.")
        return self._starting.result()

    async def _start(self) -> Conversation:
        if self._life is not None:
            await self._life.channel.ended()
        rest_s = self._pauses.left_s(time.monotonic())
        if rest_s > MAX_AWAITED_REST_S:
            raise ServerTrouble(f"'{self._name}' died again; it is started anew in {rest_s:.0f} s.")
        await asyncio.sleep(rest_s)
        if not self._is_old:
            life = self._life = await self._launched()
            try:
                await self._settled(life, probes=True)
            except ServerTrouble:
                if not life.is_gone:
                    raise
                self._is_old = True  # some older programs end at a question that they do not know
            else:
                return life.conversation
        life = self._life = await self._launched()
        await self._settled(life, probes=False)
        return life.conversation

    async def _launched(self) -> _Life:
        channel = self._open(lambda line: _hand_on(life, line), lambda why: self._gone(life, why))
        life = _Life(Conversation(self._name, channel.write), channel, time.monotonic())
        try:
            await channel.start()
        except ServerTrouble:
            self._pauses.died(life.started, time.monotonic())
            raise
        return life

    async def _settled(self, life: _Life, *, probes: bool) -> None:
        try:
            await life.conversation.settle(START_TIMEOUT_S, probes=probes)
        except BaseException:
            if not (probes and life.is_gone):
                self._pauses.died(life.started, time.monotonic())
            if not life.is_gone:
                life.is_ending = True
                life.channel.end()
            raise
        self._is_old = life.conversation.version != MODERN

    def _gone(self, life: _Life, why: str) -> None:
        life.is_gone = True
        life.conversation.end(ServerTrouble(f"'{self._name}' {why}; the call may have been carried out."))
        if self._life is life:
            self._life = None
            if life.conversation.version and not life.is_ending:
                self._pauses.died(life.started, time.monotonic())


def _hand_on(life: _Life, line: bytes | Overlong) -> None:
    if isinstance(line, Overlong):
        life.conversation.refuse(line.own_id, line.size)
    elif line.strip():
        life.conversation.take(line)


def _noted(task: "asyncio.Task[Conversation]") -> None:
    """Whoever waits hears of a failure; nobody need wait."""
    if not task.cancelled():
        task.exception()
