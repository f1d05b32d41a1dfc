"""The wire shapes of the hub's own servers."""

from typing import Any

from pydantic import BaseModel, Field

from mno.mcp_gateway.ways.builtin.definitions import definition
from mno.platform.hub_tools import HubServer
from mno.platform.principal import Principal


class HubToolShape(BaseModel):
    """A tool of the hub's own, as it is called at its server."""

    name: str
    definition: dict[str, Any]
    permission: str
    permitted: bool = Field(description="Whether who asks holds the permission; else the tool is not listed for them.")


class HubServerShape(BaseModel):
    """A server of the hub's own; it stands in no registry and cannot be changed."""

    name: str
    description: str
    tools: list[HubToolShape]

    @classmethod
    def of(cls, server: HubServer, reader: Principal) -> "HubServerShape":
        tools = [(definition(server, tool), tool.permission) for tool in server.tools]
        return cls(
            name=server.name,
            description=server.description,
            tools=[
                HubToolShape(name=told["name"], definition=told, permission=needed, permitted=reader.may(needed))
                for told, needed in tools
            ],
        )


class HubServerList(BaseModel):
    items: list[HubServerShape]
