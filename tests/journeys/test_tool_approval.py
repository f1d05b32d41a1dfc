"""Three servers, one of them dead, behind one door: a tool is called by clients of both eras and from the page, another
one waits for a person, who approves it in the Chat Hub; what was called is a span, an audit entry and an event.

The servers that live are the real ones of npm and PyPI. The pages are looked at in web/journeys/tool_approval.mjs.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from contract.conftest import environment
from contract.mcp_gateway.test_real_servers import client_of, listed, programs, text_of
from contract.mcp_gateway.test_real_servers import folder as a_folder
from integration.mcp_gateway.conftest import Team, hub, team
from mno.platform.config import Config
from support.browser import in_a_browser, walked
from support.promises import PATIENCE_S

__all__ = ["a_folder", "environment", "hub", "team"]

pytestmark = in_a_browser


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, mcp_stdio="*")


@pytest.mark.usefixtures("environment")
async def test_a_tool_waits_for_a_person_and_everything_is_written_down(team: Team, a_folder: Path) -> None:
    for name in ("git", "time"):
        await team.add(name, "", transport="stdio", timeout_s=PATIENCE_S, **programs(a_folder)[name])
    await team.add("dead", "http://127.0.0.1:1/mcp")
    await listed(team, {"git", "time"})
    rule = {"name": "A person says when", "server": "time", "tool": "get_current_time", "approval": {}}
    assert (await team.admin.post("/api/mcp/policies", json=rule)).status_code == 201
    link = (await team.admin.post("/api/auth/link")).json()["url"]
    walking = asyncio.create_task(walked("tool_approval", team.hub, link))
    async with client_of(team, "auto") as newer, client_of(team, "legacy") as older:
        for client in (newer, older):
            log = await text_of(client, "git_git_log", repo_path=str(a_folder))
            assert "The first one" in log
        waiting = asyncio.create_task(text_of(older, "time_get_current_time", timezone="Asia/Taipei"))
        done, _ = await asyncio.wait({waiting, walking}, return_when=asyncio.FIRST_COMPLETED)
        if walking in done:
            await walking  # it failed before anybody approved
        assert "Asia/Taipei" in await waiting
        await walking
    await _seen(
        team, "/api/traces", "name", {"execute_tool git_log", "execute_tool get_current_time"}, operation="execute_tool"
    )
    await _seen(team, "/api/audit/logs", "resource_name", {"git_git_log", "time_get_current_time"}, action="tools.call")
    await _seen(team, "/api/events", "outcome", {"approved"}, kind="approval.request")
    events = (await team.admin.get("/api/events", params={"kind": "approval.request"})).json()["items"]
    assert [event["outcome"] for event in events] == ["approved"]


async def _seen(team: Team, path: str, member: str, wanted: set[str], **asked: str) -> None:
    """Waits until a list has all that is wanted: it is written a moment after the answer."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            items = (await team.admin.get(path, params={**asked, "limit": 50})).json()["items"]
            if wanted <= {item[member] for item in items}:
                return
            await asyncio.sleep(0.1)
