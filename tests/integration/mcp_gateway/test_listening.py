"""What servers of both eras say on their own reaches clients of both eras, and lists are read anew for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import mcp_types as types
import pytest
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.subscriptions import ResourceUpdated, ToolsListChanged

from integration.mcp_gateway.conftest import MODERN, Team, sdk_server
from integration.mcp_gateway.test_eras import ERAS, OLDER, client_of, text_of
from support.promises import PATIENCE_S

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

NOTE = "note://one"


def changing() -> MCPServer:
    """A server that changes its tools and a resource when it is told to."""
    server = MCPServer("changing")

    @server.resource(NOTE)
    def note() -> str:
        """A note."""
        return "a note"

    @server.prompt()
    def review(code: str) -> str:
        """Asks for a review."""
        return f"Review {code}."

    @server.tool()
    async def find() -> list[types.ResourceLink | types.EmbeddedResource]:
        inner = types.TextResourceContents(uri=NOTE, text="a note")
        return [
            types.ResourceLink(type="resource_link", name="note", uri=NOTE),
            types.EmbeddedResource(type="resource", resource=inner),
        ]

    @server.tool()
    async def change(ctx: Context) -> str:
        server.add_tool(change, name="changed")
        if ctx.protocol_version == MODERN:
            await ctx.notify_tools_changed()
            await ctx.notify_resource_updated(NOTE)
        else:
            await ctx.session.send_tool_list_changed()
            await ctx.session.send_resource_updated(NOTE)
        return "changed"

    @server.tool()
    async def log(ctx: Context) -> str:
        await ctx.debug("a detail")
        await ctx.warning("a warning")
        return "logged"

    async def nothing(ctx: ServerRequestContext[Any, Any], params: Any) -> types.EmptyResult:
        return types.EmptyResult()

    lowest = server._lowlevel_server
    lowest.add_request_handler("resources/subscribe", types.SubscribeRequestParams, nothing)
    lowest.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, nothing)
    lowest.add_request_handler("logging/setLevel", types.SetLevelRequestParams, nothing)
    return server


@pytest.fixture(params=[MODERN, OLDER])
async def changes(team: Team, request: pytest.FixtureRequest) -> AsyncIterator[Team]:
    async with sdk_server(era=request.param, server=changing()) as address:
        await team.add("changing", address)
        yield team


async def test_prompts_and_resources_stand_behind_their_server(changes: Team) -> None:
    for era in (MODERN, OLDER):
        async with client_of(changes, era) as client:
            assert [one.name for one in (await client.list_prompts()).prompts] == ["changing_review"]
            got = await client.get_prompt("changing_review", {"code": "x = 1"})
            assert got.messages[0].content == types.TextContent(type="text", text="Review x = 1.")
            address = "mno+changing+" + NOTE
            assert [one.uri for one in (await client.list_resources()).resources] == [address]
            assert [one.uri for one in (await client.read_resource(address)).contents] == [address]
            link, inner = (await client.call_tool("changing_find", {})).content
            assert isinstance(link, types.ResourceLink)
            assert isinstance(inner, types.EmbeddedResource)
            assert (link.uri, inner.resource.uri) == (address, address)
            ref = types.PromptReference(type="ref/prompt", name="changing_review")
            with pytest.raises(Exception, match=r"(?i)method"):  # this server completes nothing
                await client.complete(ref, {"name": "code", "value": "x"})


async def test_a_client_of_the_newer_era_hears_of_changes(changes: Team) -> None:
    address = "mno+changing+" + NOTE
    async with client_of(changes, MODERN) as client:
        assert "changing_changed" not in {tool.name for tool in (await client.list_tools()).tools}
        async with client.listen(tools_list_changed=True, resource_subscriptions=[address]) as events:
            heard: set[Any] = set()
            async with asyncio.timeout(PATIENCE_S):
                changing = asyncio.create_task(_changed_until(client, heard, 2))
                async for event in events:
                    heard.add(event)
                    if len(heard) == 2:
                        break
                await changing
        assert heard == {ToolsListChanged(), ResourceUpdated(uri=address)}


async def test_a_client_of_the_older_era_hears_of_changes(changes: Team) -> None:
    address = "mno+changing+" + NOTE
    heard: set[str] = set()

    async def note(found: Any) -> None:
        if isinstance(found, types.ToolListChangedNotification):
            heard.add("tools")
        if isinstance(found, types.ResourceUpdatedNotification):
            heard.add(str(found.params.uri))

    async with client_of(changes, OLDER, message_handler=note) as client:
        await client.subscribe_resource(address)
        async with asyncio.timeout(PATIENCE_S):
            await _changed_until(client, heard, 2)
        assert heard == {"tools", address}
        await client.unsubscribe_resource(address)


@pytest.mark.parametrize(("client_era", "server_era"), ERAS)
async def test_a_client_gets_the_log_messages_that_it_wants(team: Team, client_era: str, server_era: str) -> None:
    async with sdk_server(era=server_era, server=changing()) as address:
        await team.add("changing", address)
        told: list[str] = []

        async def note(params: types.LoggingMessageNotificationParams) -> None:
            told.append(str(params.data))

        async with client_of(team, client_era, logging_callback=note) as client:
            meta: Any = None
            if client_era == MODERN:
                assert text_of(await client.call_tool("changing_log", {})) == "logged"
                assert told == []  # it did not ask for any
                meta = {"io.modelcontextprotocol/logLevel": "info"}
            else:
                await client.set_logging_level("info")
            await client.call_tool("changing_log", {}, meta=meta)
            assert told == ["a warning"]
            told.clear()
            if client_era == MODERN:
                meta = {"io.modelcontextprotocol/logLevel": "debug"}
            else:
                await client.set_logging_level("debug")
            await client.call_tool("changing_log", {}, meta=meta)
            assert told == ["a detail", "a warning"]


async def _changed_until(client: Any, heard: set[Any], enough: int) -> None:
    """Calls again until it is heard: the server may not be listened to yet."""
    while len(heard) < enough:
        assert text_of(await client.call_tool("changing_change", {})) == "changed"
        await asyncio.sleep(0.1)
