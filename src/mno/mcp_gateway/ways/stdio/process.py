"""A program that runs: lines of its output are handed on, those of its error output go to the log."""

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.mcp_gateway.ways.duplex.lines import Lines, Overlong
from mno.mcp_gateway.ways.stdio import keeper

#: Lines of a program's error output in the log within a minute.
MAX_LOGGED_LINES_PER_MINUTE = 60
#: One such line, in characters.
MAX_LOGGED_LINE_CHARACTERS = 500
#: How long a program and everything that it started may take to end, in seconds: its keeper is quicker.
END_TIMEOUT_S = 10.0

_PIECE_BYTES = 64 * 1024
#: What a program gets of the hub's own environment: none of its settings and secrets.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "TZ", "TMPDIR")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and where; `message_bytes` is the longest message that is read of it."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    message_bytes: int


class Process:
    """One that runs. `line` hears each line of its output, `gone` that it has ended; for one event loop."""

    def __init__(self, program: Program, line: Callable[[bytes | Overlong], None], gone: Callable[[str], None]) -> None:
        self._program = program
        self._line = line
        self._gone = gone
        self._lifeline = -1
        self._last_words = ""
        self._watching: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """`ServerTrouble` where it cannot be started."""
        theirs, self._lifeline = os.pipe()
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", keeper.__file__, str(theirs), *self._program.command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._program.folder,
                env={**passed_on, **self._program.environment},
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except BaseException as error:
            self.end()
            if isinstance(error, (OSError, ValueError)):
                raise ServerTrouble(f"'{self._program.name}' cannot be started: {error}") from None
            raise
        finally:
            os.close(theirs)
        self._watching = asyncio.get_running_loop().create_task(self._watch(self._process))

    async def write(self, message: bytes) -> None:
        """One message; waits while the program does not read. `ServerTrouble` when it is gone."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(message + b"\n")
            await process.stdin.drain()
        except (ConnectionError, RuntimeError):
            raise ServerTrouble(f"'{self._program.name}' takes no messages any more.") from None

    def end(self) -> None:
        """Begins to end it and all that it started; `ended` waits for that."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def ended(self) -> None:
        self.end()
        if self._watching is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._watching), END_TIMEOUT_S)

    # — parts —

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.get_running_loop().create_task(self._read_errors(process.stderr))
        lines = Lines(self._program.message_bytes)
        while piece := await process.stdout.read(_PIECE_BYTES):
            for line in lines.feed(piece):
                self._line(line)
        self.end()  # a program that says nothing any more is of no use
        status = await process.wait()
        await errors
        why = f"ended with status {status}" + (f" ({self._last_words})" if status and self._last_words else "")
        _log.info("The MCP server '%s' %s.", self._program.name, why)
        self._gone(why)

    async def _read_errors(self, stream: asyncio.StreamReader) -> None:
        lines = Lines(_PIECE_BYTES)
        minute, logged = time.monotonic(), 0
        while piece := await stream.read(_PIECE_BYTES):
            for line in lines.feed(piece):
                if isinstance(line, Overlong) or not line.strip():
                    continue
                self._last_words = self._shown(line)
                if time.monotonic() - minute > 60:
                    minute, logged = time.monotonic(), 0
                logged += 1
                if logged <= MAX_LOGGED_LINES_PER_MINUTE:
                    _log.info("MCP server '%s': %s", self._program.name, self._last_words)
                elif logged == MAX_LOGGED_LINES_PER_MINUTE + 1:
                    _log.info("MCP server '%s' writes more than is logged within a minute.", self._program.name)

    def _shown(self, line: bytes) -> str:
        """What may stand in the log: printable, short, and without the values that were given to the program."""
        text = line[: 4 * MAX_LOGGED_LINE_CHARACTERS].decode("utf-8", "replace")
        for value in self._program.environment.values():
            if len(value) >= 6:
                text = text.replace(value, "***")
        return "".join(one if one.isprintable() else " " for one in text).strip()[:MAX_LOGGED_LINE_CHARACTERS]
