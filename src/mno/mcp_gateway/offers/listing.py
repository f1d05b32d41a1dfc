"""What servers list besides tools: prompts, resources and templates of resources; remembered as lists of tools are.

A server that does not answer takes its own entries out of the list of all, and delays nobody.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerTrouble, response_in
from mno.mcp_gateway.servers.service import Ready, ServerKey
from mno.mcp_gateway.ways.guarded import Guarded

#: Prompts, resources or templates of one server; what it lists beyond that is not offered.
MAX_LISTED_PER_SERVER = 1_000
#: Pages of such a list.
MAX_LISTED_PAGES = 50
#: One page, in bytes.
MAX_LISTED_PAGE_BYTES = 8 * 1024 * 1024
#: The name of a prompt, or the address of a resource.
MAX_LISTED_NAME_CHARACTERS = 2_000
#: Such lists that are remembered.
MAX_LISTINGS = 10_000

_FRESH_S = 30.0
_TIMEOUT_S = 15.0
_FIRST_WAIT_S = 0.7


class Kind(NamedTuple):
    """What is listed: by which method, as which member of the result, and which member names an entry."""

    method: str
    member: str
    named_by: str


PROMPTS = Kind("prompts/list", "prompts", "name")
RESOURCES = Kind("resources/list", "resources", "uri")
TEMPLATES = Kind("resources/templates/list", "resourceTemplates", "uriTemplate")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as its server describes it; `definition` stays as it came."""

    name: str
    definition: Object


@dataclass(frozen=True, slots=True)
class _List:
    ready: Ready
    items: Sequence[Item]
    read_at: float


class Listing:
    """Of one kind, by server; for one event loop."""

    def __init__(self, kind: Kind, way: Guarded) -> None:
        self.kind = kind
        self._way = way
        self._known: dict[ServerKey, _List] = {}
        self._reading: dict[ServerKey, asyncio.Task[Sequence[Item]]] = {}

    def close(self) -> None:
        for task in self._reading.values():
            task.cancel()

    def forget(self, server_id: UUID) -> None:
        """What this server lists has changed."""
        for key in [key for key in self._known if key[0] == server_id]:
            del self._known[key]

    async def of_one(self, ready: Ready) -> Sequence[Item]:
        """One server's; `ServerTrouble` when it does not answer."""
        known = self._list(ready)
        if known is not None and time.monotonic() - known.read_at < _FRESH_S:
            return known.items
        return await asyncio.shield(self._read(ready))

    async def of_all(self, servers: Mapping[str, Ready]) -> list[tuple[Ready, Sequence[Item]]]:
        """What is known of each, in the order of their names; servers that fail or are too slow are left out."""
        awaited = []
        for ready in servers.values():
            known = self._list(ready)
            if known is None or time.monotonic() - known.read_at >= _FRESH_S:
                task = self._read(ready)
                if known is None:
                    awaited.append(task)
        if awaited:
            await asyncio.wait(awaited, timeout=_FIRST_WAIT_S)
        found = ((servers[name], self._list(servers[name])) for name in sorted(servers))
        return [(ready, known.items) for ready, known in found if known is not None]

    def _list(self, ready: Ready) -> _List | None:
        known = self._known.get(ready.key)
        return known if known is not None and known.ready == ready else None

    def _read(self, ready: Ready) -> asyncio.Task[Sequence[Item]]:
        """The reading that goes on, or a new one."""
        task = self._reading.get(ready.key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetched(ready), name="mcp-listing")
            self._reading[ready.key] = task
            task.add_done_callback(lambda done: self._over(ready, done))
        return task

    def _over(self, ready: Ready, done: asyncio.Task[Sequence[Item]]) -> None:
        self._reading.pop(ready.key, None)
        if not done.cancelled():
            done.exception()  # whoever waits hears of it; nobody need wait

    async def _fetched(self, ready: Ready) -> Sequence[Item]:
        items = await self._pages(ready)
        if len(self._known) >= MAX_LISTINGS:
            self._known.clear()
        self._known[ready.key] = _List(ready, items, time.monotonic())
        return items

    async def _pages(self, ready: Ready) -> Sequence[Item]:
        found: dict[str, Item] = {}
        params: Object = {}
        deadline = time.monotonic() + min(_TIMEOUT_S, ready.server.timeout_s)
        for _ in range(MAX_LISTED_PAGES):
            left = max(0.001, deadline - time.monotonic())
            page = await self._page(ready, Question(self.kind.method, params, None, left, MAX_LISTED_PAGE_BYTES))
            for item in items_in(page, self.kind):
                found.setdefault(item.name, item)
            cursor = page.get("nextCursor")
            if cursor is None or message.text_of(cursor) is None or len(found) >= MAX_LISTED_PER_SERVER:
                break
            params = {"cursor": cursor}
        return tuple(found.values())[:MAX_LISTED_PER_SERVER]

    async def _page(self, ready: Ready, question: Question) -> Object:
        response = await response_in(self._way.ask(ready, question))
        if message.error_code(response) == message.METHOD_NOT_FOUND:
            return {}  # a server that has none
        if "result" not in response:
            raise ServerTrouble(f"'{ready.server.name}' refuses {self.kind.method}: {message.told(response)}")
        try:
            return message.object_of(response["result"])
        except ValueError:
            raise ServerTrouble(f"'{ready.server.name}' answers {self.kind.method} with what is no object.") from None


class Listings:
    """One of each kind."""

    def __init__(self, way: Guarded) -> None:
        self._kinds = {kind: Listing(kind, way) for kind in (PROMPTS, RESOURCES, TEMPLATES)}

    def of(self, kind: Kind) -> Listing:
        return self._kinds[kind]

    def forget(self, server_id: UUID) -> None:
        """What this server lists has changed."""
        for listing in self._kinds.values():
            listing.forget(server_id)

    def close(self) -> None:
        for listing in self._kinds.values():
            listing.close()


def items_in(page: Object, kind: Kind) -> list[Item]:
    """The entries of one page that have a name; one that is slightly wrong does not hide the others."""
    found = []
    for raw in message.items_of(page.get(kind.member, Raw(b"[]"))):
        try:
            definition = message.object_of(raw)
        except ValueError:
            continue
        name = message.text_of(definition.get(kind.named_by))
        if name and len(name) <= MAX_LISTED_NAME_CHARACTERS and name.isprintable():
            found.append(Item(name, definition))
    return found
