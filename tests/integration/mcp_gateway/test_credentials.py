"""Servers that want access by consent, or a credential of each user's own: and nobody's is used for anybody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from integration.mcp_gateway.conftest import META, MODERN, Team, modern
from mno.bootstrap import Services
from mno.identity import store
from mno.identity.model import OWNER_ROLE, Home, User
from mno.identity.sign_in.model import Factor
from mno.mcp_gateway.credentials.authorities import Authorities
from mno.mcp_gateway.credentials.held.service import HeldCredentials
from mno.mcp_gateway.servers.service import Servers
from mno.platform.egress import Allowed, Egress
from mno.platform.ids import new_id
from mno.platform.versions import Versions
from support.consent import OURS, Browser, signed_in
from support.mcp_authority import McpAuthority, running_mcp_authority
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire


@pytest.fixture
async def authority() -> AsyncIterator[McpAuthority]:
    async with running_mcp_authority() as authority:
        yield authority


@pytest.fixture
async def owner(team: Team) -> AsyncIterator[Browser]:
    async with signed_in(team.hub, team.admin) as browser:
        yield browser


@asynccontextmanager
async def another(services: Services, home: Home, hub: str, name: str) -> AsyncIterator[Browser]:
    """Somebody else of the team, who is signed in."""
    made = User(new_id(), home.team.id, name, f"{name}@example.com")
    async with services.engines.database.across_teams() as tx:
        await store.insert_user(tx, made)
        await store.insert_grant(tx, home.team.id, made.id, OWNER_ROLE, "team")
        await services.access.policy.changed(tx, home.team.id)
        session = await services.entrances.sign_in.open_session(tx, made.id, None, (Factor.PASSWORD,))
    async with httpx.AsyncClient(base_url=hub, headers=OURS, timeout=PATIENCE_S) as http:
        http.cookies.set("mno_session", session.token, domain="127.0.0.1")
        yield Browser(http)


async def left(browser: Browser, server: str) -> str:
    """Begins to connect, and goes to the authorization server: where that sends the browser back to."""
    begun = await browser.http.post(f"/api/mcp/registry/{server}/connect", json={"return_to": "/integrations"})
    assert begun.status_code == 200, begun.text
    async with httpx.AsyncClient(timeout=PATIENCE_S) as elsewhere:
        went = await elsewhere.get(begun.json()["location"])
    assert went.status_code == 302, went.text
    return went.headers["location"]


async def connected(browser: Browser, server: str) -> httpx.Response:
    came = await browser.http.get(await left(browser, server))
    assert came.status_code == 303, came.text
    return came


async def whoami(browser: Browser, server: str = "guarded") -> tuple[int, Any]:
    answer = await browser.http.post("/api/mcp/call", json={"server": server, "tool": "whoami", "args": {}})
    if answer.status_code != 200:
        return answer.status_code, answer.json()["detail"]
    return 200, answer.json()["result"]["content"][0]["text"]


async def test_a_team_connects_a_server_by_consent_and_everybody_calls_it(
    team: Team, owner: Browser, authority: McpAuthority
) -> None:
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    status, why = await whoami(owner)
    assert status == 403
    assert f"/integrations/servers?server={server}" in why
    came = await connected(owner, server)
    assert (came.status_code, came.headers["location"]) == (303, "/integrations")
    assert (await whoami(owner)) == (200, "ada")
    assert (await team.tool("guarded_whoami"))["result"]["content"][0]["text"] == "ada"
    stands = (await owner.http.get(f"/api/mcp/registry/{server}/credential")).json()
    assert (stands["connected"], stands["broken"], stands["scope"]) == (True, "", "team")
    # what is refused is renewed once, by one of many that ask at the same moment
    authority.access.clear()
    found = await asyncio.gather(*(whoami(owner) for _ in range(6)))
    assert found == [(200, "ada")] * 6
    assert authority.renewals == 1
    # and where that is over, too, its people are told to connect anew
    authority.access.clear()
    authority.refresh.clear()
    status, why = await whoami(owner)
    assert status == 403
    assert "any more" in why
    assert (await owner.http.get(f"/api/mcp/registry/{server}/credential")).json()["broken"]
    await connected(owner, server)
    assert (await whoami(owner)) == (200, "ada")


async def test_access_is_renewed_before_it_ends(team: Team, owner: Browser, authority: McpAuthority) -> None:
    authority.lasts_s = 30  # less than the hub leaves
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    await connected(owner, server)
    assert (await whoami(owner)) == (200, "ada")
    assert authority.renewals >= 1


async def test_an_answer_is_taken_once_and_from_whoever_began(
    team: Team, owner: Browser, authority: McpAuthority, services: Services, home: Home
) -> None:
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    back = await left(owner, server)
    async with another(services, home, team.hub, "mallory") as mallory:
        assert (await mallory.http.get(back)).status_code == 403
    async with signed_in(team.hub, team.admin) as elsewhere:
        assert (await elsewhere.http.get(await left(owner, server))).status_code == 403
    assert (await owner.http.get(back)).status_code == 400  # spent by whoever tried
    query = dict(parse_qsl(urlsplit(await left(owner, server)).query))
    for wrong in ({"code": query["code"]}, {**query, "state": "made up"}, {**query, "iss": "https://evil.example"}):
        assert (await owner.http.get("/oauth/callback", params=wrong)).status_code == 400
    assert (await owner.http.get("/oauth/callback", params={"state": query["state"], "error": "x"})).status_code == 400
    async with httpx.AsyncClient(base_url=team.hub, timeout=PATIENCE_S) as nobody:
        assert (await nobody.get(back)).status_code == 401
    assert (await whoami(owner))[0] == 403
    page = await owner.http.get("/oauth/callback", headers={"accept": "text/html"})
    assert page.status_code == 400
    assert "Not connected" in page.text


async def test_who_goes_on_after_consent_stays_on_this_hub(team: Team, owner: Browser, authority: McpAuthority) -> None:
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    wish = {"return_to": "https://evil.example/"}
    begun = (await owner.http.post(f"/api/mcp/registry/{server}/connect", json=wish)).json()
    async with httpx.AsyncClient(timeout=PATIENCE_S) as elsewhere:
        back = (await elsewhere.get(begun["location"])).headers["location"]
    assert (await owner.http.get(back)).headers["location"] == "/"


async def test_each_user_is_somebody_else_to_a_server_that_wants_it_so(
    team: Team, owner: Browser, authority: McpAuthority, services: Services, home: Home
) -> None:
    wish = {"credential_kind": "oauth", "credential_scope": "user"}
    server = (await team.add("guarded", f"{authority.url}/mcp", **wish))["id"]
    async with another(services, home, team.hub, "bob") as bob:
        await connected(owner, server)
        status, why = await whoami(bob)
        assert status == 403
        assert "not connected yet" in why
        authority.person = "bob"
        await connected(bob, server)
        turns = [owner, bob] * 6
        assert await asyncio.gather(*map(whoami, turns)) == [(200, "ada"), (200, "bob")] * 6
        assert await team.tools() == []  # nobody stands behind this key
        # a key acts as whoever made it
        key = (await bob.http.post("/api/keys", json={"name": "bob's", "scopes": ["tools"]})).json()["key"]
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "guarded_whoami", "_meta": META}}
        headers = {**modern("tools/call", "guarded_whoami"), "authorization": f"Bearer {key}"}
        answer = await team.caller.post("/mcp", json=body, headers=headers)
        assert answer.json()["result"]["content"][0]["text"] == "bob"
        # who takes theirs back takes nobody else's
        assert (await bob.http.delete(f"/api/mcp/registry/{server}/credential")).status_code == 204
        assert (await whoami(bob))[0] == 403
        assert (await whoami(owner)) == (200, "ada")


async def test_a_client_that_opens_pages_is_told_which_one(team: Team, owner: Browser, upstream: Upstream) -> None:
    upstream.answer = speaks
    own = {"credential_kind": "bearer", "credential_scope": "user"}
    server = (await team.add("guarded", f"{upstream.url}/mcp", **own))["id"]
    key = (await owner.http.post("/api/keys", json={"name": "mine", "scopes": ["tools"]})).json()["key"]

    async def open_page(context: Any, params: Any) -> ElicitResult:
        raise AssertionError("an error asks for nothing")

    for callback, code in ((open_page, -32042), (None, -32003)):
        async with (
            httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE_S) as http,
            Client(
                streamable_http_client(f"{team.hub}/mcp", http_client=http),
                mode="legacy",
                elicitation_callback=callback,
            ) as client,
        ):
            with pytest.raises(MCPError) as refused:
                await client.call_tool("guarded_whoami", {})
        assert refused.value.error.code == code
        if code == -32042:
            [page] = refused.value.error.data["elicitations"]
            assert page["url"].endswith(f"/integrations/servers?server={server}")


async def test_a_users_credential_goes_with_their_membership(
    team: Team, owner: Browser, authority: McpAuthority, services: Services, home: Home
) -> None:
    wish = {"credential_kind": "oauth", "credential_scope": "user"}
    server = (await team.add("guarded", f"{authority.url}/mcp", **wish))["id"]
    async with another(services, home, team.hub, "bob") as bob:
        await connected(bob, server)
        user = (await bob.http.get("/api/auth/session")).json()["user"]["id"]
        removed = await owner.http.delete(f"/api/members/{user}")
        assert removed.status_code < 300, removed.text
    async with services.engines.database.across_teams() as tx:
        assert await (await tx.execute("SELECT 1 FROM mcp_connections")).fetchone() is None


def told(got: Got) -> str:
    return got.headers.get("authorization", got.headers.get("x-api-key", "nothing"))


async def speaks(got: Got, wire: Wire) -> None:
    """A server of the newer era whose one tool says which credential it was shown."""
    if got.json["method"] == "server/discover":
        result: Any = {"supportedVersions": [MODERN], "capabilities": {"tools": {}}}
    elif got.json["method"] == "tools/list":
        result = {"tools": [{"name": "whoami", "inputSchema": {"type": "object"}}]}
    else:
        result = {"content": [{"type": "text", "text": told(got)}]}
    await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"resultType": "complete", **result}})


@pytest.mark.parametrize("kind", ["bearer", "header"])
async def test_users_bring_keys_of_their_own(
    team: Team, owner: Browser, upstream: Upstream, services: Services, home: Home, kind: str
) -> None:
    upstream.answer = speaks
    own = {"credential_kind": kind, "credential_scope": "user", **({"header": "x-api-key"} if kind == "header" else {})}
    shared = await team.admin.post(
        "/api/mcp/registry", json={"name": "x", "address": f"{upstream.url}/mcp", **own, "credential": "the team's"}
    )
    assert shared.status_code == 400
    server = (await team.add("guarded", f"{upstream.url}/mcp", **own))["id"]
    path, before = f"/api/mcp/registry/{server}/credential", "Bearer " if kind == "bearer" else ""
    async with another(services, home, team.hub, "bob") as bob:
        assert (await owner.http.put(path, json={"credential": "adas-key"})).status_code == 204
        assert (await whoami(bob))[0] == 403
        assert (await bob.http.put(path, json={"credential": "bobs-key"})).status_code == 204
        turns = [owner, bob] * 4
        expected = [(200, f"{before}adas-key"), (200, f"{before}bobs-key")] * 4
        assert await asyncio.gather(*map(whoami, turns)) == expected
        assert (await team.admin.put(path, json={"credential": "a key's own"})).status_code == 403
    async with services.engines.database.across_teams() as tx:
        rows = await (await tx.execute("SELECT sealed FROM mcp_connections")).fetchall()
    assert len(rows) == 2
    assert not any(b"-key" in bytes(row["sealed"]) for row in rows)


async def test_what_was_connected_for_one_address_is_not_sent_to_another(
    team: Team, owner: Browser, upstream: Upstream
) -> None:
    upstream.answer = speaks
    own = {"credential_kind": "bearer", "credential_scope": "user"}
    server = (await team.add("guarded", f"{upstream.url}/mcp", **own))["id"]
    await owner.http.put(f"/api/mcp/registry/{server}/credential", json={"credential": "adas-key"})
    assert (await whoami(owner))[0] == 200
    moved = await team.admin.patch(f"/api/mcp/registry/{server}", json={"address": f"{upstream.url}/other"})
    assert moved.status_code == 200
    assert (await whoami(owner))[0] == 403


async def test_a_machine_fetches_access_in_its_own_name(team: Team, owner: Browser, upstream: Upstream) -> None:
    fetched: list[dict[str, str]] = []

    async def serve(got: Got, wire: Wire) -> None:
        base = upstream.url
        if got.target == "/.well-known/oauth-protected-resource/mcp":
            await wire.json({"resource": f"{base}/mcp", "authorization_servers": [base], "scopes_supported": ["a"]})
        elif got.target == "/.well-known/oauth-authorization-server":
            names = {name: f"{base}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
            await wire.json({"issuer": base, **names, "code_challenge_methods_supported": ["S256"]})
        elif got.target == "/token_endpoint":
            fetched.append({**dict(parse_qsl(got.body.decode())), "by": got.headers["authorization"]})
            await wire.json({"access_token": f"token-{len(fetched)}", "token_type": "Bearer", "expires_in": 3600})
        elif told(got) != f"Bearer token-{len(fetched)}":
            await wire.json({}, 401)
        else:
            await speaks(got, wire)

    upstream.answer = serve
    wish = {"credential_kind": "client_credentials", "oauth_client_id": "hub", "credential": "s3cret"}
    await team.add("guarded", f"{upstream.url}/mcp", **wish)
    assert await asyncio.gather(*(whoami(owner) for _ in range(4))) == [(200, "Bearer token-1")] * 4
    [form] = fetched
    assert (form["grant_type"], form["scope"], form["resource"]) == ("client_credentials", "a", f"{upstream.url}/mcp")
    assert form["by"].startswith("Basic ")


async def test_an_entry_that_cannot_work_is_refused(team: Team) -> None:
    for wish in (
        {"credential_kind": "client_credentials", "credential": "s"},
        {"credential_kind": "none", "credential_scope": "user"},
        {"credential_kind": "bearer", "credential": "s", "oauth_client_id": "hub"},
        {
            "credential_kind": "client_credentials",
            "credential": "s",
            "oauth_client_id": "h",
            "credential_scope": "user",
        },
    ):
        answer = await team.admin.post(
            "/api/mcp/registry", json={"name": "x", "address": "https://example.com", **wish}
        )
        assert answer.status_code == 400, wish


async def test_two_processes_renew_once(
    team: Team, owner: Browser, authority: McpAuthority, services: Services, home: Home
) -> None:
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    await connected(owner, server)
    database, secrets = services.engines.database, services.secrets
    local = Egress(lambda: Allowed.of(["127.0.0.0/8"]))
    processes = [
        HeldCredentials(database, Versions(database), secrets.sealer, secrets.own, Authorities(local.client))
        for _ in range(3)
    ]
    ready = (await Servers(database, secrets.own, Versions(database)).of(home.team.id))["guarded"]
    [refused, *others] = await asyncio.gather(*(one.of(ready) for one in processes))
    assert set(others) == {refused}
    renewed = await asyncio.gather(*(one.of(ready, refused) for one in processes))
    assert len(set(renewed)) == 1
    assert refused not in renewed
    assert authority.renewals == 1


async def test_all_that_is_sealed_gets_a_new_key(
    team: Team, owner: Browser, authority: McpAuthority, services: Services
) -> None:
    server = (await team.add("guarded", f"{authority.url}/mcp", credential_kind="oauth"))["id"]
    await connected(owner, server)
    walked: list[str] = []

    def reseal(purpose: str, kept: bytes) -> bytes:
        walked.append(purpose)
        return services.secrets.sealer.seal(purpose, services.secrets.sealer.open(purpose, kept))

    await services.mcp.connections.walk(reseal)
    assert [purpose.rpartition(":")[2] for purpose in walked] == ["team", "client"]
    authority.access.clear()
    assert (await whoami(owner)) == (200, "ada")


async def test_an_authorization_server_in_our_own_network_is_not_asked(
    team: Team, owner: Browser, upstream: Upstream
) -> None:
    async def serve(got: Got, wire: Wire) -> None:
        await wire.json({"resource": f"{upstream.url}/mcp", "authorization_servers": ["http://10.0.0.1"]})

    upstream.answer = serve
    server = (await team.add("guarded", f"{upstream.url}/mcp", credential_kind="oauth"))["id"]
    answer = await owner.http.post(f"/api/mcp/registry/{server}/connect", json={})
    assert answer.status_code == 400
    assert "not a public address" in answer.json()["detail"]
