"""What a client asks for, what its person sees, and where the answer goes: also where somebody means ill."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from integration.identity.oauth.conftest import CALLBACK, HUB, Program, registered
from mno.bootstrap import Services
from mno.identity.model import Home
from support.consent import Browser


async def test_a_person_sees_who_asks_for_what_and_where_the_answer_goes(owner: Browser, program: Program) -> None:
    seen = (await owner.look(program.asks(scope="mcp", resource=f"{HUB}/mcp/weather"))).json()
    assert seen.pop("digest")
    assert seen == {
        "client_id": program.id,
        "client_name": "App",
        "client_uri": "",
        "redirect_uri": CALLBACK,
        "scopes": ["mcp"],
        "audience": "/mcp/weather",
        "missing": "",
        "refusal": "",
    }


async def test_a_client_gets_its_state_and_the_issuer_back(owner: Browser, program: Program) -> None:
    came = await owner.allow(program.asks())
    assert owner.went_to.startswith(f"{CALLBACK}?")
    assert (came["state"], came["iss"]) == ("its own", HUB)
    audited = (await owner.http.get("/api/audit/logs", params={"action": "oauth_grants.create"})).json()["items"]
    assert [one["resource_name"] for one in audited] == ["App"]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": f"{CALLBACK}/../evil"},
        {"redirect_uri": ""},
        {"client_id": "oac_unknown"},
        {"client_id": ""},
    ],
)
async def test_the_hub_sends_nobody_to_an_address_that_is_not_the_clients(
    owner: Browser, program: Program, changes: dict[str, str]
) -> None:
    assert (await owner.look(program.asks(**changes))).status_code == 400
    for allow in (True, False):
        answer = await owner.decide(program.asks(**changes), allow=allow, digest="x")
        assert answer.status_code == 400
        assert "location" not in answer.json()


async def test_a_client_hears_what_is_wrong_only_when_its_person_says_so(owner: Browser, program: Program) -> None:
    wrong = program.asks(code_challenge_method="plain")
    seen = await owner.look(wrong)
    assert seen.status_code == 200
    assert "PKCE" in seen.json()["refusal"]
    assert (await owner.decide(wrong)).status_code == 400
    assert (await owner.decide(wrong, allow=False)).status_code == 200
    came = dict(parse_qsl(urlsplit(owner.went_to).query))
    assert (came["error"], came["state"], came["iss"]) == ("invalid_request", "its own", HUB)


async def test_who_refuses_sends_the_client_away_and_it_is_written_down(owner: Browser, program: Program) -> None:
    await owner.decide(program.asks(), allow=False)
    came = dict(parse_qsl(urlsplit(owner.went_to).query))
    assert came["error"] == "access_denied"
    assert "code" not in came
    assert (await owner.http.get("/api/oauth/grants")).json() == {"items": []}


async def test_a_consent_is_for_what_was_seen_and_for_nothing_else(owner: Browser, program: Program) -> None:
    seen = (await owner.look(program.asks())).json()["digest"]
    for changes in ({"resource": f"{HUB}/mcp/weather"}, {"resource": f"{HUB}/mcp", "redirect_uri": CALLBACK}):
        answer = await owner.decide(program.asks(**changes), digest=seen)
        assert answer.status_code == (409 if "weather" in changes["resource"] else 200)
    other = await registered(program.http)
    assert (await owner.decide(other.asks(), digest=seen)).status_code == 409
    assert (await owner.decide(program.asks(), digest="0" * 64)).status_code == 409


async def test_nobody_consents_by_key_by_token_or_from_another_site(
    owner: Browser, program: Program, client: httpx.AsyncClient
) -> None:
    """The confused deputy: a client that a person allowed before gets nothing without them."""
    tokens = await program.connect(owner)
    wish = {"request": program.asks(), "allow": True, "digest": (await owner.look(program.asks())).json()["digest"]}
    assert (await client.post("/api/oauth/authorization", json=wish)).status_code == 403
    shown = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await program.http.post("/api/oauth/authorization", json=wish, headers=shown)).status_code == 401
    crossed = {"sec-fetch-site": "cross-site"}
    assert (await owner.http.post("/api/oauth/authorization", json=wish, headers=crossed)).status_code == 403
    assert (await program.http.post("/api/oauth/authorization", json=wish)).status_code == 401


async def test_the_page_cannot_be_put_into_a_frame_and_gives_no_code_by_itself(
    owner: Browser, program: Program
) -> None:
    await program.connect(owner)
    page = await owner.http.get("/oauth/authorize", params=program.asks())
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "location" not in page.headers


async def test_who_may_not_call_tools_cannot_let_a_client_do_it(
    app: FastAPI, services: Services, home: Home, owner: Browser, program: Program
) -> None:
    viewer = "00000000-0000-7000-8000-000000000004"
    async with services.engines.database.across_teams() as tx:
        await tx.execute(
            "UPDATE identity_grants SET role_id = %(role)s WHERE subject_id = %(user)s AND scope_kind = 'team'",
            {"role": viewer, "user": home.owner.id},
        )
        await services.access.policy.changed(tx, home.team.id)
    assert (await owner.look(program.asks())).json()["missing"] == "mcp.call"
    assert (await owner.decide(program.asks())).status_code == 403
