"""A client behind the gateway, of the official SDK: it uses all that a server has, so the gateway must ask for it."""

import contextlib
import re
from typing import Any

import httpx
import httpx2
import mcp_types as types
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from contract.mcp_gateway.conftest import Team
from support.consent import signed_in
from support.promises import PATIENCE_S

#: Addresses of the suite are names, which may lead to an address of IPv6 that nobody listens at.
_LOCALHOST = "://localhost:"
#: How often a person consents for one server.
CONSENTS = 3
_SCOPE = re.compile(r"\(scope: ([^)]*)\)")
#: As whom the suite wants a client to be known that has a document of its own; the hub's is at its own address.
_DOCUMENT = "https://conformance-test.local/client-metadata.json"


async def use_all(team: Team, revision: str, scenario: str, address: str, context: dict[str, Any]) -> None:
    """Registers the suite's server and uses what it lists; consents where it wants that, again where it wants more."""
    team.admin.timeout = PATIENCE_S
    name = f"{scenario.replace('/', '-').replace('_', '-').lower()[:30]}-{revision[:4]}"
    if not scenario.startswith("auth/"):
        await team.add(name, address.replace(_LOCALHOST, "://127.0.0.1:"), timeout_s=PATIENCE_S)
        await _use(team, revision, name, context.get("toolCalls", ()))
        return
    server = await team.add(name, address, timeout_s=PATIENCE_S, credential_kind="oauth", **_client(scenario, context))
    for _ in range(CONSENTS):
        asked = await _connect(team, server["id"])
        try:
            await _use(team, revision, name, (), is_strict=True)
            return
        except* MCPError as refusals:
            wanted = _SCOPE.search(" ".join(_told(refusals)))
            more = wanted.group(1).split() if wanted else []
            scopes = " ".join(dict.fromkeys([*asked, *more]))
            changed = await team.admin.patch(f"/api/mcp/registry/{server['id']}", json={"oauth_scopes": scopes})
            changed.raise_for_status()
            server = changed.json()


def _told(group: BaseException) -> list[str]:
    """What all the errors in a group say."""
    if isinstance(group, BaseExceptionGroup):
        return [text for one in group.exceptions for text in _told(one)]
    return [str(group)]


def _client(scenario: str, context: dict[str, Any]) -> dict[str, str]:
    """As whom the hub is known beforehand, where it is."""
    known = {
        "oauth_client_id": context.get("client_id", _DOCUMENT if scenario == "auth/basic-cimd" else ""),
        "credential": context.get("client_secret", ""),
    }
    return {key: value for key, value in known.items() if value}


async def _connect(team: Team, server_id: str) -> list[str]:
    """Consents, as a person does in a browser; what access that was to."""
    async with signed_in(team.hub, team.admin) as browser, httpx.AsyncClient(timeout=PATIENCE_S) as elsewhere:
        browser.http.timeout = PATIENCE_S
        begun = await browser.http.post(f"/api/mcp/registry/{server_id}/connect", json={"return_to": "/"})
        begun.raise_for_status()
        location = begun.json()["location"]
        went = await elsewhere.get(location)
        assert went.is_redirect, went.text
        came = await browser.http.get(went.headers["location"])
        assert came.status_code == 303, came.text
        return str(httpx.URL(location).params.get("scope", "")).split()


async def _use(team: Team, revision: str, name: str, calls: Any, *, is_strict: bool = False) -> None:
    """All that the server lists; `is_strict` where a refusal matters."""
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {team.key}"}, timeout=PATIENCE_S) as http:
        transport = streamable_http_client(f"{team.hub}/mcp/{name}", http_client=http)
        mode = "auto" if revision >= "2026" else "legacy"
        async with Client(transport, mode=mode, elicitation_callback=_fill_in) as client:
            tools = (await client.list_tools()).tools
            for call in calls or [{"name": tool.name, "arguments": _arguments(tool, tools)} for tool in tools]:
                with contextlib.nullcontext() if is_strict else contextlib.suppress(MCPError):
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
