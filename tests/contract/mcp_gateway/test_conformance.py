"""The official conformance suite through the gateway: what a revision requires of servers, and of clients.

The server behind the gateway is of the era of the revision that is tested: some tools exist in one era only.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from contract.mcp_gateway.behind import use_all
from contract.mcp_gateway.conftest import BASELINE, SCENARIO_TIMEOUT_MS, Team, suite
from contract.mcp_gateway.everything import everything
from integration.mcp_gateway.conftest import MODERN, without_the_newer_era
from support.served import serving

pytestmark = [
    pytest.mark.usefixtures("environment"),
    # the suite's server does what the newer era has no more
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]


@pytest.mark.parametrize("revision", [MODERN, "2025-11-25"])
async def test_a_server_behind_the_gateway_does_all_that_a_revision_requires(
    team: Team, open_door: str, revision: str
) -> None:
    app: Any = everything().streamable_http_app()
    async with serving(app if revision == MODERN else without_the_newer_era(app)) as address:
        await team.add("everything", f"{address}/mcp")
        code, told = await suite(
            "server",
            "--url", f"{open_door}/mcp/everything",
            "--requirements", revision,
            "--expected-failures", str(BASELINE),
            "--timeout", SCENARIO_TIMEOUT_MS,
        )  # fmt: skip
    assert code == 0, told


#: The suite begins all its scenarios at once, which one hub need not answer in time on a busy machine.
AT_ONCE = 4


@pytest.mark.parametrize("revision", [MODERN, "2025-11-25"])
async def test_the_gateway_does_as_a_client_all_that_a_revision_requires(team: Team, revision: str) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def control(scope: Any, receive: Any, send: Any) -> None:
        wish = json.loads((await receive())["body"])
        trouble = ""
        try:
            async with turns:
                await use_all(team, revision, **wish)
        except Exception as error:  # noqa: BLE001 - the suite hears of it, and judges
            trouble = repr(error)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": trouble.encode()})

    async with serving(control, lifespan="off") as address:
        code, told = await suite(
            "client",
            "--command", f"{sys.executable} -I -S {Path(__file__).with_name('drive.py')} {address}",
            "--requirements", revision,
            "--expected-failures", str(BASELINE),
            "--timeout", SCENARIO_TIMEOUT_MS,
        )  # fmt: skip
    assert code == 0, told
