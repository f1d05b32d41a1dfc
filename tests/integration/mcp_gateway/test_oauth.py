"""The official SDK's clients find their way by the address alone: the person consents in a browser, and tools work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from integration.mcp_gateway.conftest import ACCEPT, MODERN, Team, sdk_server
from support.consent import Browser, signed_in
from support.promises import PATIENCE_S

CALLBACK = "http://localhost:3030/callback"


class Memory(TokenStorage):
    """What a client keeps between two runs."""

    provider: OAuthClientProvider

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.fixture
async def browser(team: Team) -> AsyncIterator[Browser]:
    async with signed_in(team.hub, team.admin) as browser:
        yield browser


@asynccontextmanager
async def connected(
    team: Team, browser: Browser, memory: Memory, mode: str, path: str = "/mcp"
) -> AsyncIterator[Client]:
    """A client that knows the address and nothing else."""

    async def go(address: str) -> None:
        await browser.allow(address)

    async def come_back() -> AuthorizationCodeResult:
        answer = dict(parse_qsl(urlsplit(browser.went_to).query))
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(
        client_name="A test",
        redirect_uris=[AnyUrl(CALLBACK)],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
    )
    provider = OAuthClientProvider(f"{team.hub}{path}", metadata, memory, go, come_back)
    memory.provider = provider
    async with (
        httpx2.AsyncClient(auth=provider, timeout=PATIENCE_S) as http,
        Client(streamable_http_client(f"{team.hub}{path}", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_era_signs_its_user_in_through_the_browser(
    team: Team, browser: Browser, mode: str
) -> None:
    memory = Memory()
    async with sdk_server() as address:
        await team.add("real", address)
        async with connected(team, browser, memory, mode) as client:
            assert client.protocol_version == (MODERN if mode == "auto" else "2025-11-25")
            assert (await client.call_tool("real_add", {"a": 2, "b": 3})).structured_content == {"result": 5}
            # the hub's own tools are the person's, too
            assert "monitoring_spend" in [tool.name for tool in (await client.list_tools()).tools]
            assert memory.tokens is not None
            first = memory.tokens
            memory.provider.context.token_expiry_time = 1  # the client takes it for over, and renews it by itself
            assert (await client.call_tool("real_add", {"a": 1, "b": 1})).structured_content == {"result": 2}
        assert memory.tokens.access_token != first.access_token
        assert memory.tokens.refresh_token != first.refresh_token
        grants = (await browser.http.get("/api/oauth/grants")).json()["items"]
        assert [(one["client_name"], one["audience"]) for one in grants] == [("A test", "/mcp")]
        assert (await browser.http.delete(f"/api/oauth/grants/{grants[0]['id']}")).status_code == 204
        shown = {"authorization": f"Bearer {memory.tokens.access_token}"}
        answer = await team.caller.post("/mcp", json={}, headers={**ACCEPT, **shown})
        assert answer.status_code == 401


async def test_who_shows_nothing_is_told_where_to_ask(team: Team) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    answer = await team.caller.post("/mcp/real", json=body, headers={**ACCEPT, "authorization": ""})
    assert answer.status_code == 401
    told = f'Bearer error="invalid_token", resource_metadata="{team.hub}/.well-known/oauth-protected-resource/mcp/real"'
    assert answer.headers["www-authenticate"] == f'{told}, scope="mcp"'
