"""How the servers of a team do, and a look at one of them now."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from mno.mcp_gateway import store
from mno.mcp_gateway.calls.pace import Pacing, Use
from mno.mcp_gateway.health.heard import Heard, Listened
from mno.mcp_gateway.health.store import ToolCounts, tool_counts
from mno.mcp_gateway.model import Server
from mno.mcp_gateway.offers.tools import Tools
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.ways.guarded import breaker_key
from mno.platform.breaker import Breakers, Key
from mno.platform.database import Database
from mno.platform.errors import Conflict, NotFound, TooLarge
from mno.platform.principal import Principal


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """One server: what this process heard of it, and what the team has of its tools."""

    server: Server
    heard: Heard
    #: The revision of the protocol that is spoken with it; empty where nobody knows yet.
    version: str
    #: As `Breakers.states` has it, `closed` for one that simply works.
    breaker: str
    #: Until an open breaker lets a call through, in seconds.
    wait_s: float
    use: Use
    tools: ToolCounts


@dataclass(frozen=True, slots=True)
class Checked:
    """What a server said when it was asked. `failure` is empty where it answered."""

    version: str
    duration_ms: float
    #: Tools that it lists and that may be used.
    tools: int
    failure: str


class Health:
    """Over what calls and lists share in this process."""

    def __init__(
        self, database: Database, servers: Servers, listened: Listened, breakers: Breakers, paces: Pacing, tools: Tools
    ) -> None:
        self._database = database
        self._servers = servers
        self._listened = listened
        self._breakers = breakers
        self._paces = paces
        self._tools = tools

    async def of(self, principal: Principal) -> list[ServerHealth]:
        """Of every server of the team, in the order of their names; asks none of them."""
        async with self._database.transaction(principal.team_id) as tx:
            servers = await store.servers_of(tx, principal.team_id)
            counts = await tool_counts(tx, principal.team_id)
        ready = await self._servers.of(principal.team_id)
        states = self._breakers.states()
        return [self._health(one, ready.get(one.name), states, counts) for one in servers]

    async def check(self, principal: Principal, server_id: UUID) -> Checked:
        """Reads the server's list of tools now, whatever its breaker says; `NotFound`, or `Conflict` for one that is
        switched off.
        """
        async with self._database.transaction(principal.team_id) as tx:
            servers = await store.servers_of(tx, principal.team_id)
        server = next((one for one in servers if one.id == server_id), None)
        if server is None:
            raise NotFound("There is no such MCP server.")
        ready = (await self._servers.of_caller(principal)).get(server.name)
        if ready is None:
            raise Conflict(f"'{server.name}' is switched off; switch it on to ask it.")
        began = time.monotonic()
        usable, failure = 0, ""
        try:
            usable = len(await self._tools.reread(ready))
        except (ServerTrouble, TooLarge) as error:
            failure = str(error)
        duration_ms = (time.monotonic() - began) * 1000
        return Checked(self._listened.version_at(ready), duration_ms, usable, failure)

    def _health(
        self, server: Server, ready: Ready | None, states: Mapping[Key, str], counts: Mapping[UUID, ToolCounts]
    ) -> ServerHealth:
        """`ready` is None for a server that is switched off."""
        return ServerHealth(
            server=server,
            heard=self._listened.heard_of(server.id),
            version=self._listened.version_at(ready) if ready else "",
            breaker=states.get(breaker_key(ready), "closed") if ready else "closed",
            wait_s=self._breakers.wait_s(breaker_key(ready)) if ready else 0.0,
            use=self._paces.use_of(server),
            tools=counts.get(server.id, ToolCounts()),
        )
