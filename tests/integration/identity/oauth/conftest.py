"""A client and a signed-in person at the whole application."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from support.consent import Browser, signed_in

HUB = "http://localhost:8420"
CALLBACK = "https://app.example.com/cb"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Program:
    """A client that has registered itself."""

    http: httpx.AsyncClient
    id: str
    secret: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)

    def asks(self, **changes: str) -> dict[str, str]:
        """What it puts into the address of the consent page."""
        right = {
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "its own",
            "resource": f"{HUB}/mcp",
        }
        return {name: value for name, value in {**right, **changes}.items() if value}

    async def fetch(self, code: str, **changes: str) -> httpx.Response:
        """Exchanges a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.http.post("/oauth/token", data=form)

    async def renew(self, token: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.id, **changes}
        return await self.http.post("/oauth/token", data=form)

    async def connect(self, browser: Browser, **changes: str) -> dict[str, Any]:
        """The whole way; its tokens."""
        came = await browser.allow(self.asks(**changes))
        answer = await self.fetch(came["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def status_at(self, path: str, token: str) -> int:
        """What the hub answers to whoever shows this token there."""
        headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
        if not path.startswith("/mcp"):
            return (await self.http.get(path, headers=headers)).status_code
        body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        return (await self.http.post(path, json=body, headers=headers)).status_code


async def registered(http: httpx.AsyncClient, **changes: Any) -> Program:
    wish = {"client_name": "App", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", **changes}
    answer = await http.post("/oauth/register", json=wish)
    assert answer.status_code == 201, answer.text
    return Program(http, answer.json()["client_id"], answer.json().get("client_secret", ""))


@pytest.fixture
async def program(anonymous: httpx.AsyncClient) -> Program:
    return await registered(anonymous)


@pytest.fixture
async def owner(app: FastAPI, client: httpx.AsyncClient) -> AsyncIterator[Browser]:
    """The team's Owner."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with signed_in(HUB, client, transport=transport) as browser:
        yield browser
