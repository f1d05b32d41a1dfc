"""A hub behind a real socket, and MCP servers of both eras made with the official SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from mcp.server.mcpserver import Context, MCPServer

from mno.mcp_gateway.offers import listing, tools
from mno.mcp_gateway.ways.http import aside
from support.engines import ADMIN_KEY
from support.promises import PATIENCE_S
from support.served import served, serving
from support.upstream import Upstream, running_upstream

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def modern(method: str, name: str | None = None) -> dict[str, str]:
    """The headers of a request of the era without sessions."""
    own = {**ACCEPT, "mcp-protocol-version": MODERN, "mcp-method": method}
    return own if name is None else {**own, "mcp-name": name}


@pytest.fixture
async def hub(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of the whole application on a real port. However slow this machine is: whoever asks for the lists of
    all servers waits for the first of each, and a call for the stream of its session.
    """
    monkeypatch.setattr(tools, "FIRST_LIST_WAIT_S", PATIENCE_S)
    monkeypatch.setattr(listing, "_FIRST_WAIT_S", PATIENCE_S)
    monkeypatch.setattr(aside, "OPEN_TIMEOUT_S", PATIENCE_S)
    async with served(app) as address:
        yield address


@dataclass
class Team:
    """An administrator, and a key for tools."""

    hub: str
    admin: httpx.AsyncClient
    caller: httpx.AsyncClient
    key: str

    async def add(self, name: str, address: str, **wish: Any) -> dict[str, Any]:
        answer = await self.admin.post("/api/mcp/registry", json={"name": name, "address": address, **wish})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def ask(self, method: str, path: str = "/mcp", **params: Any) -> httpx.Response:
        """A request of the era without sessions."""
        return await self.ask_as({}, method, path, **params)

    async def ask_as(self, meta: dict[str, Any], method: str, path: str = "/mcp", **params: Any) -> httpx.Response:
        """The same of a client that says more of itself."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": {**META, **meta}}}
        return await self.caller.post(path, json=body, headers=modern(method, params.get("name")))

    async def tool(self, name: str, path: str = "/mcp", **arguments: Any) -> dict[str, Any]:
        answer = await self.ask("tools/call", path, name=name, arguments=arguments)
        return dict(answer.json())

    async def tools(self, path: str = "/mcp") -> list[str]:
        answer = await self.ask("tools/list", path)
        return [one["name"] for one in answer.json()["result"]["tools"]]


@pytest.fixture
async def team(hub: str) -> AsyncIterator[Team]:
    async with (
        httpx.AsyncClient(base_url=hub, headers={"authorization": f"Bearer {ADMIN_KEY}"}, timeout=PATIENCE_S) as admin,
        httpx.AsyncClient(base_url=hub, timeout=PATIENCE_S) as caller,
    ):
        asked = await admin.get("/api/config/system", params={"level": "hub"})
        assert asked.status_code == 200, asked.text
        before = asked.json()
        allowed = {"security.egress_allowed": ["127.0.0.0/8"]}
        wish = {"level": "hub", "revision": before["revision"], "values": allowed}
        assert (await admin.put("/api/config/system", json=wish)).status_code < 300
        made = (await admin.post("/api/keys", json={"name": "tools", "scopes": ["tools"]})).json()
        caller.headers["authorization"] = f"Bearer {made['key']}"
        yield Team(hub, admin, caller, made["key"])


@asynccontextmanager
async def sdk_server(*, era: str = MODERN, server: MCPServer | None = None) -> AsyncIterator[str]:
    """The address of a server of the official SDK; `era` says whether it knows the revision without sessions."""
    app: Any = (server or _arithmetic()).streamable_http_app()
    if era != MODERN:
        app = without_the_newer_era(app)
    async with serving(app) as address:
        yield f"{address}/mcp"


def _arithmetic() -> MCPServer:
    server = MCPServer("real")

    @server.tool()
    async def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool()
    async def fail() -> str:
        """Always fails."""
        raise ValueError("no luck")

    @server.tool()
    async def slow(ctx: Context) -> str:
        """Tells how far it is."""
        for step in range(3):
            await ctx.report_progress(step + 1, 3)
        return "done"

    return server


def without_the_newer_era(app: Any) -> Any:
    """Such a server as there were before: it refuses the revision that it does not know."""

    async def older(scope: Any, receive: Any, send: Any) -> None:
        versions = [value for name, value in scope.get("headers", ()) if name == b"mcp-protocol-version"]
        if versions == [MODERN.encode()]:
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"Bad Request: Unsupported protocol version"})
            return
        await app(scope, receive, send)

    return older


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running
