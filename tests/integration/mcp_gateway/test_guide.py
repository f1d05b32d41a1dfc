"""The guide "Add an MCP server": what it lets readers send is taken as it stands there."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from integration.mcp_gateway.conftest import Team
from mno.platform.config import Config
from support.upstream import Got, Upstream, Wire

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "add-a-server.md").read_text()
DOCUMENT = {"openapi": "3.1.0", "servers": [{"url": "/v1"}], "paths": {"/pets": {"get": {}}}}


def sent(path: str) -> list[dict[str, Any]]:
    """The bodies that the guide sends there."""
    found = re.findall(rf"curl \$MNO_URL{path} [^\n]*?(?:\\\n[^\n]*?)?-d '(\{{.*?\}})'\n", GUIDE, re.DOTALL)
    return [orjson.loads(body) for body in found]


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, mcp_stdio="npx,uvx")


async def documented(got: Got, wire: Wire) -> None:
    await wire.json(DOCUMENT)


async def test_every_server_of_the_guide_is_added(team: Team, upstream: Upstream) -> None:
    upstream.answer = documented
    bodies = sent("/api/mcp/registry")
    assert [body.get("transport", "http") for body in bodies] == ["http", "sse", "stdio", "openapi"]
    for body in bodies:
        wish = orjson.loads(orjson.dumps(body).replace(b"https://api.example.com", upstream.url.encode()))
        answer = await team.admin.post("/api/mcp/registry", json=wish)
        assert answer.status_code == 201, answer.text


async def test_the_server_json_of_the_guide_becomes_a_program(team: Team) -> None:
    (body,) = sent("/api/mcp/registry/import")
    answer = (await team.admin.post("/api/mcp/registry/import", json=body)).json()
    assert answer["left"] == []
    (made,) = answer["items"]
    assert (made["command"], made["args"], made["env_names"]) == (
        "npx",
        ["-y", "@example/weather@1.2.0"],
        ["WEATHER_KEY"],
    )


async def test_what_was_spent_yesterday_is_asked_as_the_guide_says(team: Team) -> None:
    body = next(one for one in sent("/api/mcp/call") if one["server"] == "monitoring")
    answer = await team.admin.post("/api/mcp/call", json=body)
    assert (answer.status_code, answer.json()["is_error"]) == (200, False)
