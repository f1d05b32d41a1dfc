"""Sign-in, sessions and keys as a client sees them."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.identity.service import owner_of
from mno.platform import clock
from mno.platform.http.gate import SESSION_COOKIE
from mno.platform.permissions import ALL, PROJECT, TEAM
from support.engines import ADMIN_KEY


@pytest.fixture
async def browser(anonymous: httpx.AsyncClient, services: Services, home: Home) -> httpx.AsyncClient:
    """A browser that followed the one-time link."""
    token = await services.entrances.sessions.create_link(owner_of(home, "test"))
    answer = await anonymous.get("/api/auth/link", params={"token": token})
    assert answer.status_code == 303
    return anonymous


async def test_the_link_signs_in_and_leads_to_the_pages(browser: httpx.AsyncClient) -> None:
    session = (await browser.get("/api/auth/session")).json()
    assert session["user"]["name"] == "Owner"
    assert session["team"]["name"] == "Default team"
    assert session["project"]["name"] == "Default project"
    assert set(session["permissions"]) == ALL
    assert set(session["team_permissions"]) == TEAM | PROJECT


async def test_settings_say_where_the_caller_comes_from(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/api/config/system")).json()["address"] == "127.0.0.1"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    anonymous: httpx.AsyncClient, services: Services, home: Home
) -> None:
    token = await services.entrances.sessions.create_link(owner_of(home, "test"))
    answer = await anonymous.get("/api/auth/link", params={"token": token})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert answer.headers["location"] == "/"


async def test_a_link_works_once(anonymous: httpx.AsyncClient, services: Services, home: Home) -> None:
    token = await services.entrances.sessions.create_link(owner_of(home, "test"))
    await anonymous.get("/api/auth/link", params={"token": token})
    again = await anonymous.get("/api/auth/link", params={"token": token})
    assert again.status_code == 401
    assert "used already" in again.json()["detail"]


async def test_a_spent_link_in_a_browser_is_a_page_that_says_so(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/auth/link", params={"token": "spent"}, headers={"accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert "used already" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_link_expires(
    anonymous: httpx.AsyncClient, services: Services, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await services.entrances.sessions.create_link(owner_of(home, "test"))
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await anonymous.get("/api/auth/link", params={"token": token})).status_code == 401


async def test_signing_out_ends_the_session_at_once(browser: httpx.AsyncClient) -> None:
    token = browser.cookies[SESSION_COOKIE]
    answer = await browser.delete("/api/auth/session", headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 204
    assert (await browser.get("/api/auth/session", headers={"cookie": f"{SESSION_COOKIE}={token}"})).status_code == 401


async def test_another_sites_page_cannot_use_the_cookie_to_change_anything(browser: httpx.AsyncClient) -> None:
    wish = {"name": "stolen", "scopes": ["admin"]}
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}):
        assert (await browser.post("/api/keys", json=wish, headers=headers)).status_code == 403
    ours = {"origin": "http://localhost:8420"}
    assert (await browser.post("/api/keys", json=wish, headers=ours)).status_code == 201


async def test_without_a_secret_the_answer_is_a_problem_document(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/keys")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["instance"] == "/api/keys"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {ADMIN_KEY}"},
        {"authorization": f"bearer {ADMIN_KEY}"},
        {"x-api-key": ADMIN_KEY},
        {"authorization": "Basic " + base64.b64encode(f"pk-lf-anything:{ADMIN_KEY}".encode()).decode()},
    ],
)
async def test_a_key_is_taken_in_every_documented_form(anonymous: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await anonymous.get("/api/auth/session", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["user"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer mno_" + "0" * 40},
        {"authorization": "Bearer sk-not-ours"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"authorization": "Digest abc"},
        {"authorization": ""},
        {"x-api-key": "\x00\xff"},
    ],
)
async def test_a_wrong_key_is_refused_whatever_it_looks_like(
    anonymous: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert (await anonymous.get("/api/projects", headers=raw)).status_code == 401


async def test_a_new_key_is_shown_once_and_does_what_its_scope_says(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    created = (await client.post("/api/keys", json={"name": " my app ", "scopes": ["read", "read"]})).json()
    assert created["name"] == "my app"
    assert created["scopes"] == ["read"]
    assert created["key"].startswith(created["prefix"])
    listed = (await client.get("/api/keys")).json()["items"]
    assert created["id"] in {key["id"] for key in listed}
    assert all("key" not in key for key in listed)
    reader = {"authorization": f"Bearer {created['key']}"}
    assert (await anonymous.get("/api/keys", headers=reader)).status_code == 200
    refused = await anonymous.post("/api/keys", json={"name": "x", "scopes": ["admin"]}, headers=reader)
    assert refused.status_code == 403
    assert "keys.write" in refused.json()["detail"]


async def test_a_revoked_key_is_refused_at_once(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    created = (await client.post("/api/keys", json={"name": "app", "scopes": ["read"]})).json()
    caller = {"x-api-key": created["key"]}
    assert (await anonymous.get("/api/projects", headers=caller)).status_code == 200
    assert (await client.delete(f"/api/keys/{created['id']}")).status_code == 204
    answer = await anonymous.get("/api/projects", headers=caller)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert (await client.delete(f"/api/keys/{created['id']}")).status_code == 204


async def test_a_keys_last_use_is_noted(client: httpx.AsyncClient) -> None:
    keys = (await client.get("/api/keys")).json()["items"]
    assert [key["last_used_at"] is not None for key in keys if key["name"] == "bootstrap"] == [True]


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"name": "", "scopes": ["read"]}, "body.name"),
        ({"name": "x" * 200, "scopes": ["read"]}, "body.name"),
        ({"name": "x", "scopes": []}, "body.scopes"),
        ({"name": "x", "scopes": ["root"]}, "body.scopes.0"),
        ({"scopes": ["read"]}, "body.name"),
    ],
)
async def test_a_wrong_wish_for_a_key_names_what_is_wrong(
    client: httpx.AsyncClient, wish: dict[str, object], where: str
) -> None:
    answer = await client.post("/api/keys", json=wish)
    assert answer.status_code == 400
    assert where in {error["where"] for error in answer.json()["errors"]}


async def test_a_name_of_blanks_is_no_name(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/keys", json={"name": "  ", "scopes": ["read"]})).status_code == 400


async def test_an_unknown_key_cannot_be_revoked(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/api/keys/key_" + "0" * 32)).status_code == 404
    assert (await client.delete("/api/keys/nonsense")).status_code == 400


async def test_the_projects_are_listed(client: httpx.AsyncClient) -> None:
    projects = (await client.get("/api/projects")).json()["items"]
    assert [project["name"] for project in projects] == ["Default project"]


async def test_a_new_link_can_be_asked_for(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    url = (await client.post("/api/auth/link")).json()["url"]
    parts = urlsplit(url)
    assert (await anonymous.get(f"{parts.path}?{parts.query}")).status_code == 303
