"""The way to servers that are programs on the hub's machine. One process of each serves all callers of a team."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.duplex.lives import IDLE_STOP_S, Lives, message_bytes_of
from mno.mcp_gateway.ways.stdio.process import Process, Program
from mno.mcp_gateway.ways.stdio.rules import Commands
from mno.platform.errors import Denied, LimitExceeded

#: Programs of all teams that run in one process of the hub.
MAX_RUNNING_PROGRAMS = 50

#: The servers of a team as they stand now.
Current = Callable[[UUID], Awaitable[Mapping[str, Ready]]]


class _Known(NamedTuple):
    ready: Ready
    running: Lives


class Stdio:
    """All programs of this process; for one event loop."""

    def __init__(
        self,
        commands: Commands,
        folder: Path,
        current: Current,
        *,
        idle_stop_s: float = IDLE_STOP_S,
        most: int = MAX_RUNNING_PROGRAMS,
    ) -> None:
        self._commands = commands
        self._folder = folder
        self._current = current
        self._idle_stop_s = idle_stop_s
        self._most = most
        self._programs: dict[UUID, _Known] = {}
        self._looking: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends every program, and returns when none is left."""
        try:
            yield
        finally:
            self.close()
            await asyncio.gather(*(known.running.ended() for known in self._programs.values()))
            self._programs.clear()

    def close(self) -> None:
        for task in self._looking:
            task.cancel()
        for known in self._programs.values():
            known.running.end()

    def version_at(self, ready: Ready) -> str:
        known = self._programs.get(ready.server.id)
        return known.running.version if known is not None else ""

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`. Calls go side by side; one whose program dies is not made again. No program is started only to
        be listened to: while it does not run it has nothing to say.
        """
        running = self._running(ready)
        is_use = question.method != "subscriptions/listen"
        if not is_use and not running.is_running:
            return
        async with (
            running.conversation(question.timeout_s, is_use=is_use) as conversation,
            contextlib.aclosing(conversation.ask(question)) as messages,
        ):
            async for one in messages:
                yield one

    def changed(self, team_id: UUID | None) -> None:
        """Ends programs whose entry has changed, is switched off or removed."""
        teams = {known.ready.server.team_id for known in self._programs.values()}
        for team in teams if team_id is None else teams & {team_id}:
            task = asyncio.get_running_loop().create_task(self._end_old(team))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    # — parts —

    def _running(self, ready: Ready) -> Lives:
        server = ready.server
        known = self._programs.get(server.id)
        if known is not None and _starts_alike(known.ready, ready):
            return known.running
        try:
            self._commands.check(server.command)
        except Denied as error:
            raise ServerTrouble(str(error)) from None
        if known is not None:
            known.running.end()
        self._make_room(server.id)
        opened = partial(Process, self._program(ready))
        running = Lives(server.name, opened, probes=True, idle_stop_s=self._idle_stop_s)
        self._programs[server.id] = _Known(ready, running)
        return running

    def _make_room(self, server_id: UUID) -> None:
        """For one more: whoever has been idle longest ends."""
        others = {id_: known.running for id_, known in self._programs.items() if id_ != server_id}
        if sum(running.is_running for running in others.values()) < self._most:
            return
        idle = [id_ for id_, running in others.items() if running.is_idle and running.is_running]
        if not idle:
            raise LimitExceeded(f"{self._most} programs run, which is the limit; try again.", retry_after_s=5)
        self._programs.pop(min(idle, key=lambda id_: others[id_].used_at)).running.end()

    def _program(self, ready: Ready) -> Program:
        server = ready.server
        # looked for where the hub looks for programs, whatever the entry's environment says
        found = shutil.which(server.command)
        if found is None:
            raise ServerTrouble(f"There is no program '{server.command}' on the hub's machine.")
        if server.folder:
            folder = Path(server.folder)
        else:
            folder = self._folder / server.id.hex
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.X_OK):
            raise ServerTrouble(f"The folder of '{server.name}' cannot be entered on the hub's machine.")
        # the folder is another one than the hub's own, so the path must be whole
        command = (str(Path(found).absolute()), *server.args)
        return Program(server.name, command, folder, ready.environment, message_bytes_of(server))

    async def _end_old(self, team_id: UUID) -> None:
        current = {ready.server.id: ready for ready in (await self._current(team_id)).values()}
        for server_id, known in list(self._programs.items()):
            now = current.get(server_id)
            if known.ready.server.team_id == team_id and (now is None or not _starts_alike(known.ready, now)):
                del self._programs[server_id]
                await known.running.ended()


def _starts_alike(one: Ready, other: Ready) -> bool:
    """Whether both entries mean the same program; all else may change while it runs."""

    def what(ready: Ready) -> tuple[object, ...]:
        server = ready.server
        return server.name, server.command, server.args, server.folder, server.result_bytes, ready.environment

    return what(one) == what(other)
