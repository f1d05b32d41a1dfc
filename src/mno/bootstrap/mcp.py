"""The way to tools: what the gateway needs from secrets, spans and the audit log meets it here."""

import time
from dataclasses import dataclass

from mno.audit.service import Audit
from mno.mcp_gateway.audited.service import AuditedCalls
from mno.mcp_gateway.builtin.way import Builtin
from mno.mcp_gateway.calls import Calls
from mno.mcp_gateway.guarded import Guarded
from mno.mcp_gateway.health.heard import Listened
from mno.mcp_gateway.health.service import Health
from mno.mcp_gateway.links import Links
from mno.mcp_gateway.model import Transport
from mno.mcp_gateway.pace import Paces
from mno.mcp_gateway.pins.service import Pins
from mno.mcp_gateway.requests import Requests
from mno.mcp_gateway.servers.service import Servers
from mno.mcp_gateway.service import Registry
from mno.mcp_gateway.tools import Tools
from mno.mcp_gateway.ways import Ways
from mno.observability.ingest.hub_calls import HubCalls
from mno.platform.breaker import Breakers
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.upstream.pool import Pool
from mno.platform.versions import Versions
from mno.secrets.service import Secrets


@dataclass(frozen=True)
class McpGateway:
    """The registry of servers, what is accepted of their tools, calls, requests of clients, health."""

    registry: Registry
    pins: Pins
    calls: Calls
    requests: Requests
    health: Health
    #: The hub's own servers.
    builtin: Builtin


def build_mcp(
    database: Database, versions: Versions, audit: Audit, secrets: Secrets, egress: Egress, spans: HubCalls
) -> McpGateway:
    builtin = Builtin()
    servers = Servers(database, secrets.own, versions, builtin.of)
    pins = Pins(database, audit, servers)
    ways = Listened(Ways({Transport.HTTP: Links(Pool(egress)), Transport.BUILTIN: builtin}))
    breakers, paces = Breakers(time.monotonic), Paces(time.monotonic)
    tools = Tools(ways, breakers, pins.accepted)
    servers.when_changed(tools.forget)
    calls = Calls(servers, Guarded(ways, breakers), tools, paces, spans, AuditedCalls(database, audit))
    registry = Registry(database, audit, secrets.own, servers)
    health = Health(database, servers, ways, breakers, paces, tools)
    return McpGateway(registry, pins, calls, Requests(servers, tools, calls), health, builtin)
