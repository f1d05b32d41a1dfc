"""What servers say on their own: that a list has changed, or a resource. Whoever wants to hear of it is told.

A server is listened to while somebody wants that, once for all of them. What a flood says again and again is told once:
only what has not been told yet waits, and it says nothing but that there is something to read.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.question import Question
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.ways.guarded import Guarded
from mno.platform.errors import LimitExceeded, MnoError

#: Clients that listen at one time, in one process.
MAX_LISTENERS = 2_000
#: Servers that are listened to at one time, in one process; those beyond that are not heard.
MAX_SERVERS_HEARD = 1_000
#: Log messages that wait for one client; the oldest are dropped.
MAX_LOG_MESSAGES_WAITING = 100
#: What one server may say before its stream is opened anew, in bytes.
MAX_SAID_BYTES = 16 * 1024 * 1024
#: After how long a stream to a server is opened anew, in seconds.
LISTENED_S = 3_600.0
#: How often the lists of a server that says that they changed are read anew at most, in seconds.
REREAD_S = 1.0
#: The pause before a server is listened to again that ended or failed, in seconds: the first, and the longest.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0

#: What a list is called in the notifications and in the wish of a client of the newer era.
LISTS = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
}
UPDATED = "notifications/resources/updated"
LOGGED = "notifications/message"


class Topic(NamedTuple):
    """One thing to tell: by which notification, of which server and of which resource (its own address), or a log
    message as it came.
    """

    method: str
    server: str = ""
    address: str = ""


@dataclass(eq=False)
class Listener:
    """One client that wants to hear. `addresses` are pairs of a server's name and the address of its resource."""

    team_id: UUID
    only: str
    lists: frozenset[str]
    addresses: set[tuple[str, str]] = field(default_factory=set)
    wants_logs: bool = False
    _waiting: dict[Topic, Object] = field(default_factory=dict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, item: Topic, notification: Object) -> None:
        if self._wants(item):
            # lists of several servers are one list to who speaks to all of them
            key = Topic(item.method) if item.method in LISTS else item
            self._waiting[key] = notification
            self._woken.set()

    def log(self, notification: Object) -> None:
        """Log messages differ, so each waits, within the limit."""
        logs = [one for one in self._waiting if one.method == LOGGED]
        if len(logs) >= MAX_LOG_MESSAGES_WAITING:
            del self._waiting[logs[0]]
        self._waiting[Topic(LOGGED, address=str(id(notification)))] = notification
        self._woken.set()

    def wake(self) -> None:
        self._woken.set()

    async def next(self) -> dict[Topic, Object]:
        """What there is to tell, as soon as there is something, or as somebody wakes it."""
        await self._woken.wait()
        self._woken.clear()
        waiting, self._waiting = self._waiting, {}
        return waiting

    def _wants(self, item: Topic) -> bool:
        if item.server and self.only and item.server != self.only:
            return False
        if item.method == UPDATED:
            return (item.server, item.address) in self.addresses
        return LISTS.get(item.method) in self.lists


class News:
    """For one event loop. `changed` is told of a server whose lists have changed."""

    def __init__(self, servers: Servers, way: Guarded, changed: Callable[[UUID], None]) -> None:
        self._servers = servers
        self._way = way
        self._changed = changed
        self._listeners: set[Listener] = set()
        self._heard: dict[UUID, _Heard] = {}
        #: Servers whose change was just told, and whether there was another since.
        self._resting: dict[UUID, bool] = {}
        servers.when_changed(self._registry_changed)
        servers.when_named(self._registry_changed)

    def close(self) -> None:
        for heard in self._heard.values():
            heard.task.cancel()
        self._heard.clear()

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[Listener]:
        """Tells it for as long as it is entered; call `refresh` first, and whenever its addresses change."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise LimitExceeded(f"{MAX_LISTENERS} clients listen, which is the limit.", retry_after_s=30)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self._drop_unwanted()

    async def refresh(self, team_id: UUID) -> None:
        """Listens to the servers that this team's listeners want to hear."""
        servers = await self._servers.of(team_id)
        for name, ready in servers.items():
            wanted = [one for one in self._of(team_id) if not one.only or one.only == name]
            if wanted:
                self._hear(ready, frozenset(address for one in wanted for of, address in one.addresses if of == name))
        self._drop_unwanted(servers, team_id)

    def said(self, ready: Ready, notification: Object) -> None:
        """A server has said this, in whichever stream."""
        method = message.text_of(notification.get("method")) or ""
        if ready.user_id is not None and method not in LISTS:
            return  # what a server says to one user is not for the others
        name, listeners = ready.server.name, self._of(ready.server.team_id)
        if method in LISTS:
            self._forget(ready.server.id)
            for listener in listeners:
                listener.tell(Topic(method, name), notification)
        elif method == UPDATED:
            address = _address_in(notification)
            for listener in listeners:
                listener.tell(Topic(method, name, address), notification)
        elif method == LOGGED:
            for listener in listeners:
                if listener.wants_logs and (not listener.only or listener.only == name):
                    listener.log(notification)

    # — parts —

    def _of(self, team_id: UUID) -> list[Listener]:
        return [one for one in self._listeners if one.team_id == team_id]

    def _forget(self, server_id: UUID) -> None:
        """Lets lists be read anew, once a second at most: a flood must not have them read without end."""
        if server_id in self._resting:
            self._resting[server_id] = True
            return
        self._resting[server_id] = False
        self._changed(server_id)
        asyncio.get_running_loop().call_later(REREAD_S, self._rested, server_id)

    def _rested(self, server_id: UUID) -> None:
        if self._resting.pop(server_id):
            self._forget(server_id)

    def _registry_changed(self, team_id: UUID | None) -> None:
        """Servers, or what is accepted of their tools or what these are called: lists are not what they were."""
        for listener in self._listeners:
            if team_id is None or listener.team_id == team_id:
                for method in LISTS:
                    listener.tell(Topic(method), {})

    def _hear(self, ready: Ready, addresses: frozenset[str]) -> None:
        known = self._heard.get(ready.server.id)
        if known is not None and known.ready == ready and known.addresses == addresses:
            return
        if known is not None:
            known.task.cancel()
        elif len(self._heard) >= MAX_SERVERS_HEARD:
            return
        task = asyncio.get_running_loop().create_task(self._listen(ready, addresses), name="mcp-news")
        self._heard[ready.server.id] = _Heard(ready, addresses, task)

    def _drop_unwanted(self, servers: Mapping[str, Ready] | None = None, team_id: UUID | None = None) -> None:
        for server_id, heard in list(self._heard.items()):
            server = heard.ready.server
            is_gone = servers is not None and server.team_id == team_id and server.name not in servers
            if is_gone or not any(not one.only or one.only == server.name for one in self._of(server.team_id)):
                heard.task.cancel()
                del self._heard[server_id]

    async def _listen(self, ready: Ready, addresses: frozenset[str]) -> None:
        """Again and again, with longer pauses while it does not work."""
        pause_s = FIRST_PAUSE_S
        while True:
            heard = False
            with contextlib.suppress(MnoError):
                async with contextlib.aclosing(self._way.listen(ready, _question(addresses))) as messages:
                    async for one in messages:
                        heard = heard or "method" in one
                        self.said(ready, one)
            pause_s = FIRST_PAUSE_S if heard else min(pause_s * 4, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)


class _Heard(NamedTuple):
    ready: Ready
    addresses: frozenset[str]
    task: "asyncio.Task[None]"


def _question(addresses: frozenset[str]) -> Question:
    wanted: dict[str, object] = dict.fromkeys(LISTS.values(), True)
    if addresses:
        wanted["resourceSubscriptions"] = sorted(addresses)
    params = {"notifications": Raw(message.encoded(wanted))}
    return Question("subscriptions/listen", params, None, LISTENED_S, MAX_SAID_BYTES)


def _address_in(notification: Object) -> str:
    try:
        return message.text_of(message.object_of(notification["params"]).get("uri")) or ""
    except (KeyError, ValueError):
        return ""
