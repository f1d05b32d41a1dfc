"""The way to tools: what the gateway needs from secrets, spans and the audit log meets it here."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mno.bootstrap.mcp_credentials import build_credentials
from mno.bootstrap.mcp_gated import CallParts, GatedParts, House, build_gated
from mno.mcp_gateway.calls.access import Access
from mno.mcp_gateway.calls.audited.service import AuditedCalls
from mno.mcp_gateway.calls.books import Books
from mno.mcp_gateway.calls.pace import Paces, Pacing
from mno.mcp_gateway.calls.performing import Performing
from mno.mcp_gateway.calls.service import Calls
from mno.mcp_gateway.calls.shared_pace import SharedPaces
from mno.mcp_gateway.clients.requests import Requests
from mno.mcp_gateway.credentials.service import Connections
from mno.mcp_gateway.credentials.way import Credentialed
from mno.mcp_gateway.health.heard import Listened
from mno.mcp_gateway.health.service import Health
from mno.mcp_gateway.model import Transport
from mno.mcp_gateway.offers.pins.service import Pins
from mno.mcp_gateway.offers.tools import Tools
from mno.mcp_gateway.policies.editing.service import ToolRules
from mno.mcp_gateway.policies.quotas.service import Quotas
from mno.mcp_gateway.policies.service import Policies
from mno.mcp_gateway.ports import Spans
from mno.mcp_gateway.servers.service import Servers
from mno.mcp_gateway.service import Registry
from mno.mcp_gateway.ways.builtin.way import Builtin
from mno.mcp_gateway.ways.guarded import Guarded
from mno.mcp_gateway.ways.http.links import Links
from mno.mcp_gateway.ways.kinds import Ways
from mno.mcp_gateway.ways.openapi.service import Documents
from mno.mcp_gateway.ways.openapi.way import OpenApi
from mno.mcp_gateway.ways.sse.way import Sse
from mno.mcp_gateway.ways.stdio.rules import Commands
from mno.mcp_gateway.ways.stdio.way import Stdio
from mno.platform.breaker import Breakers
from mno.platform.config import Config
from mno.platform.egress import Egress
from mno.platform.redis import Redis
from mno.platform.upstream.pool import Pool


@dataclass(frozen=True)
class _Running:
    """What works in the background, and what is closed at the end."""

    audited: AuditedCalls
    quotas: Quotas
    tools: Tools
    ways: Guarded
    paces: Pacing
    stdio: Stdio


@dataclass(frozen=True)
class McpGateway:
    """The registry of servers, what is accepted of their tools, rules, calls, requests of clients, health."""

    registry: Registry
    pins: Pins
    rules: ToolRules
    calls: Calls
    requests: Requests
    health: Health
    #: The hub's own servers.
    builtin: Builtin
    gated: GatedParts
    #: What people connect, for the team or for themselves.
    connections: Connections
    breakers: Breakers
    parts: _Running

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        parts = self.parts
        async with parts.audited.running(), parts.quotas.running(), parts.stdio.running():
            try:
                async with self.gated.running():
                    yield
            finally:
                await self.requests.close()
                parts.tools.close()
                parts.ways.close()
                await parts.paces.close()


def build_tool_paces(config: Config) -> Pacing:
    """Shared by all processes where the operator names a Redis."""
    own = Paces(time.monotonic)
    return SharedPaces(Redis(config.redis_url), own) if config.redis_url else own


def build_mcp(house: House, egress: Egress, spans: Spans) -> McpGateway:
    config, database, versions, audit = house.config, house.database, house.versions, house.audit
    secrets, policy, tasks = house.secrets, house.access.policy, house.tasks
    builtin = Builtin()
    servers = Servers(database, secrets.own, versions, builtin.of)
    pins = Pins(database, audit, servers)
    documents = Documents(database, egress)
    commands = Commands.of(config.mcp_stdio)
    stdio = Stdio(commands, config.data_folder / "mcp", servers.of)
    credentials = build_credentials(house, egress)
    listened = Listened(
        Credentialed(
            Ways(
                {
                    Transport.HTTP: Links(Pool(egress)),
                    Transport.SSE: Sse(Pool(egress)),
                    Transport.STDIO: stdio,
                    Transport.OPENAPI: OpenApi(Pool(egress), documents.offered),
                    Transport.BUILTIN: builtin,
                }
            ),
            credentials.held,
        )
    )
    breakers, paces = Breakers(time.monotonic), build_tool_paces(config)
    ways, tools = Guarded(listened, breakers), Tools(listened, breakers, pins.accepted)
    servers.when_changed(tools.forget)
    servers.when_changed(stdio.changed)
    access, policies, quotas = Access(policy), Policies(database, versions), Quotas(database)
    tasks.every("mcp.forget_quotas", "41 4 * * *", quotas.forget_old)
    audited = AuditedCalls(audit)
    performing, books = Performing(ways, paces, quotas), Books(spans, audited)
    gated = build_gated(house, CallParts(servers, tools, ways, access, policies, performing, books))
    calls = Calls(servers, tools, access, policies, performing, books, gated.calls)
    return McpGateway(
        registry=Registry(database, audit, secrets.own, servers, documents, commands),
        pins=pins,
        rules=ToolRules(database, audit, policies, quotas, house.to_people),
        calls=calls,
        requests=Requests(servers, tools, access, calls, ways, paces),
        health=Health(database, servers, listened, breakers, paces, tools),
        builtin=builtin,
        gated=gated,
        connections=credentials.connections,
        breakers=breakers,
        parts=_Running(audited, quotas, tools, ways, paces, stdio),
    )
