"""Codes and tokens: what they are exchanged for, where they work, and how they end: also in a thief's hands."""

import asyncio
from typing import Any

import httpx
import pytest

from integration.identity.oauth.conftest import HUB, Program, registered
from mno.bootstrap import Services
from mno.identity.model import Home
from mno.identity.oauth.model import PERMISSIONS, UNUSED_CLIENT_LIFETIME
from mno.platform.ids import new_id
from mno.platform.permissions import ALL
from mno.platform.scope import Scope
from support.consent import Browser


async def test_a_token_is_its_person_and_may_call_tools_alone(
    owner: Browser, program: Program, services: Services, home: Home
) -> None:
    tokens = await program.connect(owner)
    assert (tokens["token_type"], tokens["scope"], tokens["expires_in"]) == ("Bearer", "mcp", 900)
    principal = await services.identity.principal_of_key(tokens["access_token"])
    assert (principal.user_id, principal.team_id, principal.project_id) == (
        home.owner.id, home.team.id, home.project.id,
    )  # fmt: skip
    assert principal.name == "Owner by App"
    assert principal.permissions == PERMISSIONS["mcp"]
    assert principal.hub_permissions == frozenset()
    here = Scope.project(home.team.id, home.project.id)
    elsewhere = Scope.project(home.team.id, new_id())
    assert {name for name in ALL if services.access.policy.may(principal, name, here)} == PERMISSIONS["mcp"]
    assert not {name for name in ALL if services.access.policy.may(principal, name, elsewhere)}


async def test_a_token_works_where_it_is_meant_for_and_nowhere_else(owner: Browser, program: Program) -> None:
    everywhere = (await program.connect(owner))["access_token"]
    weather = (await program.connect(owner, resource=f"{HUB}/mcp/weather"))["access_token"]
    assert await program.status_at("/mcp", everywhere) == 200
    assert await program.status_at("/mcp", weather) == 401
    assert await program.status_at("/mcp/weather2", weather) == 401
    # the server is not there, which only whoever is let in hears
    assert await program.status_at("/mcp/weather", weather) == 200
    for path in ("/api/auth/session", "/api/mcp/registry", "/api/traces", "/llm/openai/v1/models"):
        assert await program.status_at(path, everywhere) == 401
    assert await program.status_at("/mcp", "mnot_" + "x" * 40) == 401  # of another hub


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 50}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "https://app.example.com/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"resource": "https://other.example.com/mcp"}, "invalid_target"),
        ({"resource": f"{HUB}/mcp/weather"}, "invalid_target"),
        ({"client_id": "https://evil.example/client.json"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_worth_nothing_to_who_did_not_ask_for_it(
    owner: Browser, program: Program, changes: dict[str, str], error: str
) -> None:
    code = (await owner.allow(program.asks()))["code"]
    answer = await program.fetch(code, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"
    assert (await program.fetch(code)).status_code == 200


async def test_a_code_that_comes_twice_ends_what_it_was_exchanged_for(owner: Browser, program: Program) -> None:
    code = (await owner.allow(program.asks()))["code"]
    tokens = (await program.fetch(code)).json()
    assert await program.status_at("/mcp", tokens["access_token"]) == 200
    assert (await program.fetch(code)).json()["error"] == "invalid_grant"
    assert await program.status_at("/mcp", tokens["access_token"]) == 401
    assert (await program.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    why = (await owner.http.get("/api/audit/logs", params={"action": "oauth_grants.delete"})).json()["items"]
    assert "second time" in why[0]["detail"]


async def test_two_that_exchange_one_code_at_once_do_not_both_get_tokens(owner: Browser, program: Program) -> None:
    code = (await owner.allow(program.asks()))["code"]
    answers = await asyncio.gather(*(program.fetch(code) for _ in range(4)))
    given = [one.json()["access_token"] for one in answers if one.status_code == 200]
    assert len(given) == 1
    assert await program.status_at("/mcp", given[0]) == 401


async def test_a_refresh_token_works_once_and_its_copy_ends_the_grant(owner: Browser, program: Program) -> None:
    first = await program.connect(owner)
    second = (await program.renew(first["refresh_token"])).json()
    assert await program.status_at("/mcp", second["access_token"]) == 200
    assert (await program.renew(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert await program.status_at("/mcp", second["access_token"]) == 401
    assert (await program.renew(second["refresh_token"])).json()["error"] == "invalid_grant"


async def test_tokens_are_of_one_client_and_kind(owner: Browser, program: Program) -> None:
    tokens = await program.connect(owner)
    other = await registered(program.http)
    assert (await other.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await program.renew(tokens["access_token"])).json()["error"] == "invalid_grant"
    assert await program.status_at("/mcp", tokens["refresh_token"]) == 401
    gave_back = await other.http.post("/oauth/revoke", data={"client_id": other.id, "token": tokens["refresh_token"]})
    assert gave_back.status_code == 200
    assert await program.status_at("/mcp", tokens["access_token"]) == 200
    await program.http.post("/oauth/revoke", data={"client_id": program.id, "token": tokens["refresh_token"]})
    assert await program.status_at("/mcp", tokens["access_token"]) == 401


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_must_show_it(owner: Browser, anonymous: httpx.AsyncClient, method: str) -> None:
    program = await registered(anonymous, token_endpoint_auth_method=method)
    code = (await owner.allow(program.asks()))["code"]
    for wrong in ({}, {"client_secret": "wrong"}):
        answer = await program.fetch(code, **wrong)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    if method == "client_secret_post":
        assert (await program.fetch(code, client_secret=program.secret)).status_code == 200
    else:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": program.asks()["redirect_uri"]}
        sent = await program.http.post(
            "/oauth/token", data={**form, "code_verifier": "v" * 50}, auth=(program.id, program.secret)
        )
        assert sent.status_code == 200, sent.text


@pytest.mark.parametrize("how", ["deactivated", "removed", "revoked", "role"])
async def test_a_token_ends_at_once_with_what_it_stands_on(
    owner: Browser, program: Program, services: Services, home: Home, how: str
) -> None:
    tokens = await program.connect(owner)
    assert await program.status_at("/mcp", tokens["access_token"]) == 200
    user = (home.owner.id,)
    if how == "revoked":
        grant = (await owner.http.get("/api/oauth/grants")).json()["items"][0]["id"]
        await owner.http.delete(f"/api/oauth/grants/{grant}")
    else:
        async with services.engines.database.across_teams() as tx:
            if how == "deactivated":
                await tx.execute("UPDATE identity_users SET deactivated_at = now() WHERE id = %s", user)
            elif how == "removed":
                await tx.execute("DELETE FROM identity_members WHERE user_id = %s", user)
            else:
                await tx.execute("DELETE FROM identity_grants WHERE subject_id = %s", user)
            await services.access.policy.changed(tx, home.team.id)
    assert await program.status_at("/mcp", tokens["access_token"]) == (403 if how == "role" else 401)
    if how == "role":
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "*/*"}
        refused = await program.http.post("/mcp", json={}, headers=headers)
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
        assert 'scope="mcp"' in refused.headers["www-authenticate"]
    else:
        assert (await program.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_flood_of_registrations_is_held_back_and_leaves_nothing(
    owner: Browser, program: Program, services: Services
) -> None:
    await program.connect(owner)
    wish: dict[str, Any] = {"redirect_uris": ["https://app.example.com/cb"]}
    codes = [(await program.http.post("/oauth/register", json=wish)).status_code for _ in range(25)]
    assert codes.count(429) == 25 - 19
    async with services.engines.database.across_teams() as tx:
        await tx.execute(
            "UPDATE identity_oauth_clients SET created_at = created_at - %s", (2 * UNUSED_CLIENT_LIFETIME,)
        )
    await services.oauth.tokens.prune()
    async with services.engines.database.across_teams() as tx:
        left = await (await tx.execute("SELECT id FROM identity_oauth_clients")).fetchall()
    assert [row["id"] for row in left] == [program.id]


async def test_what_cannot_be_read_is_refused_in_the_protocols_words(program: Program) -> None:
    for body in (b"{", b"[]", b'"x"'):
        answer = await program.http.post("/oauth/register", content=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for form in (b"grant_type=a&grant_type=b", b"\xff=1", b"&".join(b"a%d=1" % n for n in range(200))):
        answer = await program.http.post("/oauth/token", content=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await program.http.post("/oauth/token", json={})).json()["error"] == "invalid_request"
    large = await program.http.post("/oauth/token", content=b"a=" + b"x" * 100_000, headers=headers)
    assert large.status_code == 413
