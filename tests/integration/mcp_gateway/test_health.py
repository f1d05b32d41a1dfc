"""How the servers do: what is told of them without asking, and what one says when it is asked."""

from typing import Any

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_pins import HARMLESS, listing
from integration.mcp_gateway.test_registry import modern
from mno.mcp_gateway.offers import tools
from mno.platform.breaker import FAILURES
from support.upstream import Got, Upstream, Wire


async def health(team: Team, name: str = "up") -> dict[str, Any]:
    items = (await team.admin.get("/api/mcp/registry/health")).json()["items"]
    return dict(next(one for one in items if one["name"] == name))


async def refuses(got: Got, wire: Wire) -> None:
    await wire.raw(b"out of order", 503)


async def test_a_server_is_unknown_until_it_answers_and_nobody_asks_it_for_that(team: Team, upstream: Upstream) -> None:
    upstream.answer = modern
    await team.add("up", upstream.url, calls_per_minute=1)
    before = await health(team)
    assert (before["state"], before["version"], before["calls_last_minute"]) == ("unknown", "", 0)
    assert upstream.got == []
    await team.tool("up_echo")
    after = await health(team)
    assert (after["state"], after["version"], after["breaker"]) == ("reachable", "2026-07-28", "closed")
    assert (after["calls_last_minute"], after["running_calls"], after["tools"], after["held"]) == (1, 0, 1, 0)
    assert after["answered_at"] is not None
    assert after["failed_at"] is None


async def test_a_server_that_fails_says_why_and_opens_its_breaker_and_a_check_closes_it(
    team: Team, upstream: Upstream, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tools, "FRESH_S", 3600.0)
    upstream.answer = modern
    path = f"/api/mcp/registry/{(await team.add('up', upstream.url))['id']}"
    await team.tools("/mcp/up")
    upstream.answer = refuses
    for _ in range(FAILURES):
        await team.tool("up_echo")
    failing = await health(team)
    assert (failing["state"], failing["breaker"], failing["failure"]) == (
        "failing", "open", "'up' answers with HTTP 503.",
    )  # fmt: skip
    assert 0 < failing["retry_in_s"] <= 5
    down = (await team.admin.post(f"{path}/check")).json()
    assert (down["reachable"], down["failure"]) == (False, "'up' answers with HTTP 503.")
    upstream.answer = modern
    checked = (await team.admin.post(f"{path}/check")).json()
    assert (checked["reachable"], checked["tools"], checked["version"]) == (True, 1, "2026-07-28")
    healed = await health(team)
    assert (healed["state"], healed["breaker"]) == ("reachable", "closed")
    assert healed["failure"] == "'up' answers with HTTP 503.", "what went wrong last stays to be read"


async def test_tools_that_are_held_back_are_counted_apart(team: Team, upstream: Upstream, monkeypatch: Any) -> None:
    monkeypatch.setattr(tools, "FRESH_S", 0.0)
    upstream.answer = listing(HARMLESS, {**HARMLESS, "name": "other"})
    await team.add("up", upstream.url)
    await team.tools("/mcp/up")
    upstream.answer = listing({**HARMLESS, "description": "Otherwise."}, {**HARMLESS, "name": "other"})
    await team.tools("/mcp/up")
    found = await health(team)
    assert (found["tools"], found["held"]) == (1, 1)


async def test_a_server_that_is_switched_off_is_not_asked(team: Team, upstream: Upstream) -> None:
    made = await team.add("up", upstream.url, enabled=False)
    assert (await health(team))["state"] == "off"
    answer = await team.admin.post(f"/api/mcp/registry/{made['id']}/check")
    assert (answer.status_code, "switched off" in answer.text, upstream.got) == (409, True, [])
    assert (await team.caller.post(f"/api/mcp/registry/{made['id']}/check")).status_code == 403
