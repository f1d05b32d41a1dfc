"""Which tools there are: the lists of servers, remembered, and read anew in the background.

A dead or slow server takes its own tools out of the list and nobody else's: whoever asks for all waits a moment for
servers that have never answered, and for nobody else.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson

from mno.mcp_gateway.model import (
    MAX_TOOL_LIST_BYTES,
    MAX_TOOL_NAME_CHARACTERS,
    MAX_TOOL_PAGES,
    MAX_TOOLS_PER_SERVER,
)
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.mirrored import Mirrored, mirrored_in
from mno.mcp_gateway.protocol.question import Question, ServerTrouble, response_in
from mno.mcp_gateway.servers.naming import Names
from mno.mcp_gateway.servers.service import Ready, ServerKey
from mno.mcp_gateway.ways.guarded import breaker_key, check_breaker
from mno.mcp_gateway.ways.kinds import Way
from mno.platform.breaker import Breakers
from mno.platform.errors import TooLarge

#: How long a list is believed before it is read anew, in seconds.
FRESH_S = 30.0
#: How long a whole list may take, in seconds.
LIST_TIMEOUT_S = 15.0
#: How long whoever asks for all tools waits for servers that have never answered, in seconds.
FIRST_LIST_WAIT_S = 0.7
#: Servers whose lists are remembered.
MAX_LISTS = 10_000


@dataclass(frozen=True)
class Tool:
    """One tool as its server describes it; `definition` stays as it came."""

    name: str
    definition: Object

    @cached_property
    def mirrored(self) -> Mirrored:
        """Its arguments that stand in headers too; `ValueError` where it asks for what may not be."""
        # most definitions are not searched for it
        raw = bytes(self.definition.get("inputSchema", b""))
        return mirrored_in(self.value["inputSchema"]) if b"x-mcp-header" in raw else {}

    @cached_property
    def value(self) -> dict[str, Any]:
        """All of it, decoded."""
        return {name: message.value_of(raw) for name, raw in self.definition.items()}


class ToolList:
    """One server's tools that may be used, as they were read."""

    def __init__(self, ready: Ready, tools: Sequence[Tool]) -> None:
        self.ready = ready
        self.tools = tools
        self.by_name = {one.name: one for one in tools}
        self.read_at = time.monotonic()
        self._called: tuple[Names, Mapping[str, Object]] | None = None

    def called(self, names: Names) -> Mapping[str, Object]:
        """The tools as they stand in the list of all servers, by their own names; made once for these names."""
        if self._called is None or self._called[0] is not names:
            server, short_name = self.ready.server.name, self.ready.short_name
            told = ((tool, names.tool(server, short_name(tool.name))) for tool in self.tools)
            called = {
                tool.name: {**tool.definition, "name": Raw(message.encoded(name))}
                for tool, name in told
                if name is not None
            }
            self._called = names, called
        return self._called[1]


#: Which of a server's tools may be used.
Judge = Callable[[Ready, Sequence[Tool]], Awaitable[Sequence[Tool]]]


class Tools:
    """By server; for one event loop."""

    def __init__(self, way: Way, breakers: Breakers, judge: Judge) -> None:
        self._way = way
        self._judge = judge
        self._breakers = breakers
        self._known: dict[ServerKey, ToolList] = {}
        self._reading: dict[ServerKey, asyncio.Task[Sequence[Tool]]] = {}

    def close(self) -> None:
        for task in self._reading.values():
            task.cancel()

    def forget(self, team_id: UUID | None) -> None:
        """What is accepted has changed in this team, or anywhere."""
        for key, known in list(self._known.items()):
            if team_id is None or known.ready.server.team_id == team_id:
                del self._known[key]

    def forget_server(self, server_id: UUID) -> None:
        """What this server lists has changed."""
        for key in [key for key in self._known if key[0] == server_id]:
            del self._known[key]

    async def of(self, ready: Ready) -> Sequence[Tool]:
        """One server's, at most FRESH_S old; `ServerTrouble` when it does not answer."""
        known = self._list(ready)
        if known is not None and time.monotonic() - known.read_at < FRESH_S:
            return known.tools
        check_breaker(self._breakers, ready)
        return await asyncio.shield(self._read(ready))

    async def reread(self, ready: Ready) -> Sequence[Tool]:
        """One server's, asked now, even one that is left alone; `ServerTrouble` or `TooLarge` when that fails."""
        return await asyncio.shield(self._read(ready))

    async def tool(self, ready: Ready, name: str) -> Tool | None:
        """One that may be used, from memory where it is known, however old; None where there is none."""
        known = self._list(ready)
        if known is not None and (found := known.by_name.get(name)) is not None:
            if time.monotonic() - known.read_at >= FRESH_S and self._breakers.lets_through(breaker_key(ready)):
                self._read(ready)
            return found
        return next((one for one in await self.of(ready) if one.name == name), None)

    async def of_all(self, servers: Mapping[str, Ready]) -> list[ToolList]:
        """What is known of each, in the order of their names; servers that fail or are too slow are left out."""
        awaited = []
        for ready in servers.values():
            known = self._list(ready)
            stale = known is None or time.monotonic() - known.read_at >= FRESH_S
            if stale and self._breakers.lets_through(breaker_key(ready)):
                task = self._read(ready)
                if known is None:
                    awaited.append(task)
        if awaited:
            await asyncio.wait(awaited, timeout=FIRST_LIST_WAIT_S)
        found = (self._list(servers[name]) for name in sorted(servers))
        return [known for known in found if known is not None]

    def _list(self, ready: Ready) -> ToolList | None:
        known = self._known.get(ready.key)
        return known if known is not None and known.ready == ready else None

    def _read(self, ready: Ready) -> asyncio.Task[Sequence[Tool]]:
        """The reading that goes on, or a new one."""
        task = self._reading.get(ready.key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetched(ready), name="mcp-tools")
            self._reading[ready.key] = task
            task.add_done_callback(lambda done: self._over(ready, done))
        return task

    def _over(self, ready: Ready, done: asyncio.Task[Sequence[Tool]]) -> None:
        self._reading.pop(ready.key, None)
        if not done.cancelled():
            done.exception()  # whoever waits hears of it; nobody need wait

    async def _fetched(self, ready: Ready) -> Sequence[Tool]:
        key = breaker_key(ready)
        self._breakers.begin(key)
        try:
            tools = await self._pages(ready)
        except (ServerTrouble, TooLarge):
            self._breakers.failed(key)
            raise
        except BaseException:
            self._breakers.undecided(key)
            raise
        self._breakers.worked(key)
        if len(self._known) >= MAX_LISTS:
            self._known.clear()
        usable = await self._judge(ready, tools)
        self._known[ready.key] = ToolList(ready, usable)
        return usable

    async def _pages(self, ready: Ready) -> Sequence[Tool]:
        found: dict[str, Tool] = {}
        params: Object = {}
        deadline = time.monotonic() + min(LIST_TIMEOUT_S, ready.server.timeout_s)
        for _ in range(MAX_TOOL_PAGES):
            left = max(0.001, deadline - time.monotonic())
            question = Question("tools/list", params, None, left, MAX_TOOL_LIST_BYTES)
            page = await self._page(ready, question)
            for tool in tools_in(page):
                found.setdefault(tool.name, tool)
            cursor = page.get("nextCursor")
            if cursor is None or message.text_of(cursor) is None or len(found) >= MAX_TOOLS_PER_SERVER:
                break
            params = {"cursor": cursor}
        return tuple(found.values())[:MAX_TOOLS_PER_SERVER]

    async def _page(self, ready: Ready, question: Question) -> Object:
        response = await response_in(self._way.ask(ready, question))
        if message.error_code(response) == message.METHOD_NOT_FOUND:
            return {}  # a server without tools
        if "result" not in response:
            raise ServerTrouble(f"'{ready.server.name}' does not list its tools: {message.told(response)}")
        try:
            return message.object_of(response["result"])
        except ValueError:
            raise ServerTrouble(f"'{ready.server.name}' lists its tools in what is no object.") from None


def tools_in(page: Object) -> list[Tool]:
    """The tools of one page that have a name; one that is slightly wrong does not hide the others."""
    found = []
    for raw in message.items_of(page.get("tools", Raw(b"[]"))):
        try:
            definition = message.object_of(raw)
        except ValueError:
            continue
        name = message.text_of(definition.get("name"))
        tool = Tool(name or "", definition)
        if name and len(name) <= MAX_TOOL_NAME_CHARACTERS and name.isprintable() and _can_be_used(tool):
            found.append(tool)
    return found


def _can_be_used(tool: Tool) -> bool:
    """Whether all of it is JSON that can be compared and stored, and it asks for no header that may not be."""
    try:
        orjson.dumps(tool.value)
        _ = tool.mirrored
    except (ValueError, orjson.JSONEncodeError):
        return False
    return True
