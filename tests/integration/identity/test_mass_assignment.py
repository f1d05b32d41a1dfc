"""Whatever else a body brings along, it changes what the route is about and nothing more.

Each attempt adds to a sensible wish what only the program decides. It is refused as a whole, or done without it.
"""

from typing import Any

import httpx
import pytest

from mno.identity.model import OWNER_ROLE, VIEWER_ROLE
from mno.platform.ids import new_id, shown

OWNER, VIEWER = shown("role", OWNER_ROLE), shown("role", VIEWER_ROLE)
ELSEWHERE = shown("team", new_id())
SOMEBODY = shown("usr", new_id())
LONG_AGO = "2001-01-01T00:00:00Z"

#: What only the program decides, under the names that it has in answers and tables.
STOLEN: dict[str, Any] = {
    "id": SOMEBODY, "team": ELSEWHERE, "team_id": ELSEWHERE, "user_id": SOMEBODY, "created_by": SOMEBODY,
    "created_at": LONG_AGO, "updated_at": LONG_AGO, "archived_at": LONG_AGO, "revoked_at": LONG_AGO,
    "last_used_at": LONG_AGO, "prefix": "mno_00000000", "key": "mno_" + "0" * 40, "hash": "00", "built_in": True,
    "managed": True, "members": 99, "state": "accepted", "accepted_at": LONG_AGO, "mailed_at": LONG_AGO,
    "token": "0" * 43, "email_verified": True, "email_verified_at": LONG_AGO, "is_admin": True, "replaced_by": SOMEBODY,
    "hub": True, "moved_to": ELSEWHERE, "seq": 1, "revision": 0,
}  # fmt: skip

WISHES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/projects", {"name": "Search"}),
    ("POST", "/api/teams", {"name": "Research"}),
    ("POST", "/api/groups", {"name": "Night shift"}),
    ("POST", "/api/rbac/roles", {"name": "Keeper", "permissions": ["prices.write"]}),
    ("POST", "/api/keys", {"name": "one", "scopes": ["ingest"]}),
    ("POST", "/api/invitations", {"email": "new@example.com", "role_id": VIEWER}),
]


@pytest.mark.parametrize(("method", "path", "wish"), WISHES, ids=[path for _, path, _ in WISHES])
async def test_what_only_the_program_decides_is_refused_or_left_out(
    client: httpx.AsyncClient, method: str, path: str, wish: dict[str, Any]
) -> None:
    tried = await client.request(method, path, json={**STOLEN, **wish})
    assert tried.status_code in (201, 400), tried.text
    if tried.status_code == 400:
        return
    made = tried.json()
    for name, value in STOLEN.items():
        if name in made and name not in wish:
            assert made[name] != value, name
    # and another team never sees it
    me = (await client.get("/api/auth/session")).json()
    logged = (await client.get("/api/audit/logs", params={"limit": 5})).json()["items"]
    assert all(entry["chain"] == me["team"]["id"] for entry in logged)


async def test_a_key_that_is_renamed_may_no_more_than_before(client: httpx.AsyncClient) -> None:
    key = (await client.post("/api/keys", json={"name": "one", "scopes": ["ingest"]})).json()
    more = {"scopes": ["admin"], "permissions": ["audit.read"], "project": shown("prj", new_id()), "agent": "other"}
    await client.patch(f"/api/keys/{key['id']}", json={"name": "two", **more, **STOLEN})
    [now] = [each for each in (await client.get("/api/keys")).json()["items"] if each["id"] == key["id"]]
    kept = ("scopes", "permissions", "project", "agent", "prefix", "created_by", "created_at", "revoked_at")
    assert {name: now[name] for name in kept} == {name: key[name] for name in kept}
    headers = {"authorization": f"Bearer {key['key']}"}
    assert (await client.get("/api/keys", headers=headers)).status_code == 403


async def test_who_accepts_an_invitation_gets_what_it_offers(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    sent = (await client.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER})).json()
    token = sent["link"].partition("token=")[2]
    more = {"role_id": OWNER, "role": OWNER, "roles": [OWNER], "email": "owner@example.com", "permissions": ["*"]}
    wish = {"token": token, "name": "New", "password": "four words are plenty"}
    stolen = {name: value for name, value in STOLEN.items() if name not in wish}
    tried = await anonymous.post("/api/invitations/accept", json={**stolen, **more, **wish})
    if tried.status_code == 400:
        tried = await anonymous.post("/api/invitations/accept", json=wish)
    assert tried.status_code == 200, tried.text
    listed = (await client.get("/api/members", params={"search": "new@example.com"})).json()["items"]
    assert [[role["role"]["name"] for role in each["roles"]] for each in listed] == [["Viewer"]]
    session = (await anonymous.get("/api/auth/session")).json()
    assert "members.write" not in session["permissions"]
    ours = {"sec-fetch-site": "same-origin"}
    await anonymous.put("/api/auth/profile", json={"name": "Newer", "language": "", **STOLEN, **more}, headers=ours)
    profile = (await anonymous.get("/api/auth/profile")).json()
    assert (profile["email"], profile["email_verified"]) == ("new@example.com", False)
    assert (await anonymous.get("/api/auth/session")).json()["permissions"] == session["permissions"]


async def test_a_member_who_is_deactivated_keeps_the_roles_they_had(client: httpx.AsyncClient) -> None:
    sent = (await client.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER})).json()
    wish = {"token": sent["link"].partition("token=")[2], "name": "New", "password": "four words are plenty"}
    await client.post("/api/invitations/accept", json=wish, headers={"authorization": ""})
    [member] = (await client.get("/api/members", params={"search": "new@example.com"})).json()["items"]
    more = {"roles": [OWNER], "role_id": OWNER, "email": "owner@example.com", "name": "Owner"}
    for active in (False, True):
        await client.patch(f"/api/members/{member['id']}", json={**STOLEN, **more, "active": active})
    [now] = (await client.get("/api/members", params={"search": "new@example.com"})).json()["items"]
    assert (now["name"], now["email"], now["roles"]) == (member["name"], member["email"], member["roles"])
