"""The way to tools: what the gateway needs from secrets, spans and the audit log meets it here."""

from dataclasses import dataclass

from mno.audit.service import Audit
from mno.mcp_gateway.audited.service import AuditedCalls
from mno.mcp_gateway.calls import Calls
from mno.mcp_gateway.pins.service import Pins
from mno.mcp_gateway.servers.service import Servers
from mno.mcp_gateway.service import Registry
from mno.observability.ingest.hub_calls import HubCalls
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.versions import Versions
from mno.secrets.service import Secrets


@dataclass(frozen=True)
class McpGateway:
    """The registry of servers, what is accepted of their tools, and the calls themselves."""

    registry: Registry
    pins: Pins
    calls: Calls


def build_mcp(
    database: Database, versions: Versions, audit: Audit, secrets: Secrets, egress: Egress, spans: HubCalls
) -> McpGateway:
    servers = Servers(database, secrets.own, versions)
    pins = Pins(database, audit, servers)
    calls = Calls(servers, egress, spans, AuditedCalls(database, audit), pins.accepted)
    return McpGateway(Registry(database, audit, secrets.own, servers), pins, calls)
