"""Which definitions of tools are accepted. What a server lists first is accepted with the server, unless it hides
something; whatever is new or different after that is held back until somebody accepts it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from mno.audit.service import Audit
from mno.mcp_gateway import store
from mno.mcp_gateway.model import MAX_TOOLS_PER_SERVER, Pin, Server, Transport
from mno.mcp_gateway.offers.pins.comparison import digest, hidden
from mno.mcp_gateway.offers.tools import Tool
from mno.mcp_gateway.servers.naming import Names
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, NotFound
from mno.platform.ids import shown
from mno.platform.principal import Principal


class SeenTool(NamedTuple):
    """A tool's definition, and what it is called at `/mcp`; None where it is not offered there."""

    pin: Pin
    listed_as: str | None


class Pins:
    """Of all teams."""

    def __init__(self, database: Database, audit: Audit, servers: Servers) -> None:
        self._database = database
        self._audit = audit
        self._servers = servers

    async def accepted(self, ready: Ready, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Those of a server's tools that may be used, in their order; what is offered instead is kept for a person."""
        server = ready.server
        if server.transport is Transport.BUILTIN:
            return tools  # they come with the program
        async with self._database.transaction(server.team_id) as tx:
            if tools and not server.tool_prefix and not await store.has_pins(tx, server.team_id, server.id):
                # what is accepted at first decides what tools are called; here, because a topic is locked before a row
                await self._servers.named(tx, server.team_id)
            if await store.server_of(tx, server.team_id, server.id) is None:  # locks it, so lists take turns
                return ()
            known = {pin.name: pin for pin in await store.pins_of(tx, server.team_id, server.id)}
            is_first = not known
            passing = []
            for tool in tools:
                before = known.get(tool.name) or Pin(server.team_id, server.id, tool.name)
                after = _judged(before, tool, trusts=is_first)
                if after.accepted_digest == digest(tool.value):
                    passing.append(tool)
                if after != before and (tool.name in known or len(known) < 2 * MAX_TOOLS_PER_SERVER):
                    known[tool.name] = after
                    await store.put_pin(tx, after)
        return tuple(passing)

    async def of(self, principal: Principal, server_id: UUID) -> list[SeenTool]:
        """Every tool that was ever seen at this server; `NotFound` where there is no such server."""
        async with self._database.transaction(principal.team_id) as tx:
            server = await self._found(tx, principal.team_id, server_id)
            pins = await store.pins_of(tx, principal.team_id, server_id)
        names = await self._servers.names(principal.team_id)
        return [_seen(server, pin, names) for pin in pins]

    async def accept(self, principal: Principal, server_id: UUID, name: str, seen: str) -> SeenTool:
        """Takes what is offered. `seen` is the digest of what was looked at: `Conflict` where the server offers
        something else by now.
        """
        if not principal.may_in_team("mcp.write"):
            raise Denied(f"'{principal.name}' may not do this: mcp.write is needed for the whole team.")
        async with self._database.transaction(principal.team_id) as tx:
            await self._servers.changed(tx, principal.team_id)
            server = await self._found(tx, principal.team_id, server_id)
            pins = {pin.name: pin for pin in await store.pins_of(tx, principal.team_id, server_id)}
            before = pins.get(name)
            if before is None or before.offered is None:
                raise NotFound("There is nothing of this tool to accept.")
            if digest(before.offered) != seen:
                raise Conflict("The server offers something else by now; look at it again.")
            after = replace(before, accepted=before.offered, accepted_digest=seen, offered=None)
            await store.put_pin(tx, after)
            await self._audit.record(
                tx,
                principal,
                "mcp_tools.accept",
                shown("mcs", server_id),
                name=name,
                before={"digest": before.accepted_digest, "definition": before.accepted},
                after={"digest": seen, "definition": after.accepted},
            )
        return _seen(server, after, await self._servers.names(principal.team_id))

    async def _found(self, tx: Connection, team_id: UUID, server_id: UUID) -> Server:
        found = await store.server_of(tx, team_id, server_id)
        if found is None:
            raise NotFound("There is no such MCP server.")
        return found


def _seen(server: Server, pin: Pin, names: Names) -> SeenTool:
    return SeenTool(pin, None if pin.offered is not None else names.tool(server.name, pin.name))


def _judged(pin: Pin, tool: Tool, *, trusts: bool) -> Pin:
    found = digest(tool.value)
    if found == pin.accepted_digest:
        return replace(pin, offered=None)
    if trusts and not hidden(tool.value):
        return replace(pin, accepted=tool.value, accepted_digest=found, offered=None)
    return replace(pin, offered=tool.value)
