"""The registry of servers as a tool for agents: which there are, and how each does."""

from typing import Any

from pydantic import BaseModel

from mno.mcp_gateway.health.schemas import McpServerHealth
from mno.mcp_gateway.health.service import Health
from mno.mcp_gateway.schemas import McpServerShape
from mno.mcp_gateway.service import Registry
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal


class RegistryWish(BaseModel, extra="forbid"):
    """There is nothing to choose."""


class RegisteredServer(BaseModel):
    """A server's entry, and what this process of the hub has seen of it."""

    entry: McpServerShape
    health: McpServerHealth


class RegisteredServers(BaseModel):
    items: list[RegisteredServer]


def tools(registry: Registry, health: Health) -> tuple[HubTool[Any, Any], ...]:
    async def listed(principal: Principal, _wish: RegistryWish) -> RegisteredServers:
        known = {one.id: one for one in map(McpServerHealth.of, await health.of(principal))}
        entries = [McpServerShape.of(one) for one in await registry.servers(principal)]
        return RegisteredServers(
            items=[RegisteredServer(entry=one, health=known[one.id]) for one in entries if one.id in known]
        )

    return (
        HubTool(
            "registry",
            "The team's MCP servers, without their credentials, and whether each answers.",
            "mcp.read",
            RegistryWish,
            RegisteredServers,
            listed,
            _told,
        ),
    )


def _told(found: RegisteredServers) -> str:
    lines = [
        f"{one.entry.name}: {one.health.state}, {one.health.tools} tools"
        + (f" ({one.health.failure})" if one.health.state == "failing" else "")
        for one in found.items
    ]
    return "\n".join(lines) or "The team has no MCP server."
