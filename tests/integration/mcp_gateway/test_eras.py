"""What a server asks its client, and what it says on its own, between both eras, by the official SDK."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import Context, MCPServer, Resolve
from mcp.server.mcpserver.resolve import Elicit, ListRoots, Sample
from pydantic import BaseModel, FileUrl

from integration.mcp_gateway.conftest import MODERN, Team, sdk_server
from support.promises import PATIENCE_S

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

OLDER = "2025-11-25"
ERAS = [(client, server) for client in (MODERN, OLDER) for server in (MODERN, OLDER)]


class Name(BaseModel):
    name: str


async def ask_name() -> Elicit[Name]:
    return Elicit("What is your name?", Name)


async def ask_model() -> Sample:
    text = types.TextContent(type="text", text="Say something")
    return Sample([types.SamplingMessage(role="user", content=text)], max_tokens=10)


async def ask_roots() -> ListRoots:
    return ListRoots()


def asking() -> MCPServer:
    """A server whose tools ask; in whichever way its era has."""
    server = MCPServer("asking")

    @server.tool()
    async def greet(name: Annotated[Name, Resolve(ask_name)]) -> str:
        return f"Hello, {name.name}."

    @server.tool()
    async def sample(said: Annotated[types.CreateMessageResult, Resolve(ask_model)]) -> str:
        return f"The model says {said.content.text}."  # type: ignore[union-attr]

    @server.tool()
    async def roots(found: Annotated[types.ListRootsResult, Resolve(ask_roots)]) -> str:
        return f"Roots: {', '.join(str(root.uri) for root in found.roots)}."

    @server.tool()
    async def aside(text: str, ctx: Context) -> str:
        """Asks on the stream of its session, where nothing says about which call."""
        message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=text))
        found = await ctx.session.create_message(messages=[message], max_tokens=10)
        return f"{text}: {found.content.text}"

    return server


@asynccontextmanager
async def client_of(team: Team, era: str, **callbacks: Any) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {team.key}"}, timeout=PATIENCE_S) as http:
        transport = streamable_http_client(f"{team.hub}/mcp", http_client=http)
        async with Client(transport, mode="auto" if era == MODERN else "legacy", **callbacks) as client:
            yield client


def text_of(result: types.CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    return content.text


async def elicit(context: Any, params: Any) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"name": "Ada"})


async def sampled(context: Any, params: Any) -> types.CreateMessageResult:
    text = types.TextContent(type="text", text="hello")
    return types.CreateMessageResult(role="assistant", content=text, model="m")


async def listed(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root(uri=FileUrl("file:///home"))])


@pytest.mark.parametrize(("client_era", "server_era"), ERAS)
async def test_what_a_server_asks_reaches_a_client_of_either_era(team: Team, client_era: str, server_era: str) -> None:
    async with sdk_server(era=server_era, server=asking()) as address:
        await team.add("asking", address)
        able = {"elicitation_callback": elicit, "sampling_callback": sampled, "list_roots_callback": listed}
        async with client_of(team, client_era, **able) as client:
            assert text_of(await client.call_tool("asking_greet", {})) == "Hello, Ada."
            assert text_of(await client.call_tool("asking_sample", {})) == "The model says hello."
            assert text_of(await client.call_tool("asking_roots", {})) == "Roots: file:///home."
            many = await asyncio.gather(*(client.call_tool("asking_greet", {}) for _ in range(5)))
            assert [text_of(one) for one in many] == ["Hello, Ada."] * 5


@pytest.mark.parametrize(("client_era", "server_era"), ERAS)
async def test_a_client_that_cannot_be_asked_is_not(team: Team, client_era: str, server_era: str) -> None:
    async with sdk_server(era=server_era, server=asking()) as address:
        await team.add("asking", address)
        async with client_of(team, client_era) as client:
            try:
                told = text_of(await client.call_tool("asking_greet", {}))
            except MCPError as error:
                told = str(error)
            assert "Hello" not in told
            assert any(word in told.lower() for word in ("elicit", "cannot be asked", "error executing")), told


@pytest.mark.parametrize("era", [MODERN, OLDER])
async def test_a_question_on_the_stream_of_a_session_reaches_the_client_of_its_call(team: Team, era: str) -> None:
    async def echoed(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        (message,) = params.messages
        assert isinstance(message.content, types.TextContent)
        text = types.TextContent(type="text", text=message.content.text.upper())
        return types.CreateMessageResult(role="assistant", content=text, model="m")

    async with sdk_server(era=OLDER, server=asking()) as address:
        await team.add("asking", address)
        async with client_of(team, era, sampling_callback=echoed) as client:
            # once it is known how it asks, calls take turns, and none gets the question of another
            for texts in (["a"], ["b", "c", "d"]):
                told = await asyncio.gather(*(client.call_tool("asking_aside", {"text": text}) for text in texts))
                assert [text_of(one) for one in told] == [f"{text}: {text.upper()}" for text in texts]
