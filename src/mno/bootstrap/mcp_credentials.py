"""Credentials of MCP servers that are fetched, or that each user brings."""

from dataclasses import dataclass

from mno.bootstrap.mcp_gated import House
from mno.mcp_gateway.credentials.authorities import Authorities
from mno.mcp_gateway.credentials.held.service import HeldCredentials
from mno.mcp_gateway.credentials.model import SEALED_KIND
from mno.mcp_gateway.credentials.service import Connections
from mno.platform.egress import Egress


@dataclass(frozen=True)
class CredentialParts:
    """What people connect, and with what servers are asked."""

    connections: Connections
    held: HeldCredentials


def build_credentials(house: House, egress: Egress) -> CredentialParts:
    database, secrets = house.database, house.secrets
    authorities = Authorities(egress.client)
    held = HeldCredentials(
        database, house.versions, secrets.sealer, secrets.own, authorities, house.config.url(house.config.port)
    )
    connections = Connections(database, house.audit, secrets.sealer, secrets.own, house.ceremonies, authorities, held)
    secrets.sealer.hold(SEALED_KIND, connections.walk)
    return CredentialParts(connections, held)
