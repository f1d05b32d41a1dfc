"""Clients that are pages of some other origin: a browser lets them do what comes before a token, and nothing else."""

import httpx
import pytest

from integration.identity.oauth.conftest import Program
from support.consent import Browser

PAGE = {"origin": "https://inspector.example.com"}


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource/mcp/weather",
    ],
)
async def test_a_page_may_read_where_to_sign_in(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path, headers=PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/oauth/register", "/oauth/token", "/oauth/revoke"])
async def test_a_browser_hears_beforehand_that_a_page_may_post(anonymous: httpx.AsyncClient, path: str) -> None:
    asked = {**PAGE, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = await anonymous.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"]


async def test_a_page_registers_itself_and_reads_why_its_code_is_refused(anonymous: httpx.AsyncClient) -> None:
    made = await anonymous.post(
        "/oauth/register",
        json={"redirect_uris": ["https://inspector.example.com/cb"], "token_endpoint_auth_method": "none"},
        headers=PAGE,
    )
    assert (made.status_code, made.headers["access-control-allow-origin"]) == (201, "*")
    form = {"grant_type": "authorization_code", "code": "none", "client_id": made.json()["client_id"]}
    refused = await anonymous.post("/oauth/token", data=form, headers=PAGE)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, "*")


@pytest.mark.parametrize("path", ["/api/auth/session", "/api/oauth/authorization", "/oauth/authorize", "/api/traces"])
async def test_no_page_elsewhere_may_read_anything_else(anonymous: httpx.AsyncClient, path: str) -> None:
    assert "access-control-allow-origin" not in (await anonymous.get(path, headers=PAGE)).headers


async def test_a_token_does_not_open_mcp_for_a_page_elsewhere(owner: Browser, program: Program) -> None:
    tokens = await program.connect(owner)
    assert await program.status_at("/mcp", tokens["access_token"]) == 200
    answer = await program.http.post("/mcp", headers={**PAGE, "authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
