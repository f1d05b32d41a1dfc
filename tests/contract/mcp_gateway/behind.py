"""A client behind the gateway, of the official SDK: it uses all that a server has, so the gateway must ask for it."""

import contextlib
from typing import Any

import httpx2
import mcp_types as types
from mcp.client.streamable_http import streamable_http_client

from contract.mcp_gateway.conftest import Team
from mcp import Client, MCPError

#: Addresses of the suite are names, which may lead to an address of IPv6 that nobody listens at.
_LOCALHOST = "://localhost:"


async def use_all(team: Team, revision: str, scenario: str, address: str, context: dict[str, Any]) -> None:
    """Registers the suite's server and calls, reads and gets what it lists."""
    name = f"{scenario.replace('/', '-').replace('_', '-').lower()[:30]}-{revision[:4]}"
    await team.add(name, address.replace(_LOCALHOST, "://127.0.0.1:"), timeout_s=10)
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {team.key}"}, timeout=20) as http:
        transport = streamable_http_client(f"{team.hub}/mcp/{name}", http_client=http)
        mode = "auto" if revision >= "2026" else "legacy"
        async with Client(transport, mode=mode, elicitation_callback=_fill_in) as client:
            await _use(client, context.get("toolCalls", ()))


async def _use(client: Client, calls: Any) -> None:
    tools = (await client.list_tools()).tools
    for call in calls or [{"name": tool.name, "arguments": _arguments(tool, tools)} for tool in tools]:
        with contextlib.suppress(MCPError):
            await client.call_tool(call["name"], call["arguments"])
    for resource in (await client.list_resources()).resources:
        await client.read_resource(resource.uri)
    for prompt in (await client.list_prompts()).prompts:
        await client.get_prompt(prompt.name, {one.name: "x" for one in prompt.arguments or ()})


def _arguments(tool: types.Tool, tools: list[types.Tool]) -> dict[str, Any]:
    """Something that its schema allows; for a tool that wants a schema, that of the first tool."""
    made: dict[str, Any] = {}
    for name in tool.input_schema.get("required", ()):
        kind = tool.input_schema["properties"][name].get("type")
        made[name] = {"integer": 1, "number": 1.5, "boolean": True, "object": tools[0].input_schema}.get(kind, "x")
    return made


async def _fill_in(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Accepts, with the defaults of the form."""
    schema = getattr(params, "requested_schema", {})
    content = {name: one.get("default", True) for name, one in schema.get("properties", {}).items()}
    return types.ElicitResult(action="accept", content=content)
