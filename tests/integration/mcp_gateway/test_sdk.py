"""The official SDK's clients and servers of both eras, through the gateway over real sockets."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from integration.mcp_gateway.conftest import MODERN, Team, sdk_server
from support.promises import PATIENCE_S


@pytest.fixture(params=[MODERN, "2025-11-25"])
async def ready(team: Team, request: pytest.FixtureRequest) -> AsyncIterator[Team]:
    """The team with the server `real`, of one era or the other."""
    async with sdk_server(era=request.param) as address:
        await team.add("real", address)
        yield team


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_era_calls_a_server_of_either_era(ready: Team, mode: str) -> None:
    told: list[float] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {ready.key}"}, timeout=PATIENCE_S) as http:
        transport = streamable_http_client(f"{ready.hub}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            assert client.protocol_version == (MODERN if mode == "auto" else "2025-11-25")
            listed = await client.list_tools()
            assert [tool.name for tool in listed.tools] == ["real_add", "real_fail", "real_slow"]
            assert (await client.call_tool("real_add", {"a": 2, "b": 3})).structured_content == {"result": 5}
            failed = await client.call_tool("real_fail", {})
            assert failed.is_error
            done = await client.call_tool("real_slow", {}, progress_callback=tell)
            assert done.structured_content == {"result": "done"}
    assert told == [1.0, 2.0, 3.0]
