"""Roles, grants and why, as a client sees them."""

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home, User
from mno.identity.store import insert_user
from mno.platform.ids import new_id, shown

VIEWER = "role_00000000000070008000000000000004"


@pytest.fixture
async def ann(services: Services, home: Home) -> str:
    user = User(new_id(), home.team.id, "Ann", "")
    async with services.engines.database.across_teams() as tx:
        await insert_user(tx, user)
    return shown("usr", user.id)


async def test_the_catalogue_says_what_each_permission_means(client: httpx.AsyncClient) -> None:
    items = (await client.get("/api/rbac/permissions")).json()["items"]
    assert {"name": "spans.write", "level": "project", "description": "Send traces and usage."} in items


async def test_a_role_is_made_listed_changed_and_deleted(client: httpx.AsyncClient) -> None:
    made = (await client.post("/api/rbac/roles", json={"name": "reader", "permissions": ["spans.*"]})).json()
    assert made["effective"] == ["spans.read", "spans.write"]
    assert not made["built_in"]
    changed = await client.put(f"/api/rbac/roles/{made['id']}", json={"name": "all", "includes": [VIEWER]})
    assert "usage.read" in changed.json()["effective"]
    names = [role["name"] for role in (await client.get("/api/rbac/roles")).json()["items"]]
    assert names == ["Owner", "Admin", "Operator", "Viewer", "Hub administrator", "all"]
    assert (await client.delete(f"/api/rbac/roles/{made['id']}")).status_code == 204
    assert (await client.delete(f"/api/rbac/roles/{made['id']}")).status_code == 404


async def test_a_grant_is_made_explained_and_taken_away(client: httpx.AsyncClient, home: Home, ann: str) -> None:
    project = shown("prj", home.project.id)
    question = {"principal": ann, "permission": "spans.read", "level": "project", "project": project}
    before = (await client.get("/api/rbac/explain", params=question)).json()
    assert not before["allowed"]
    assert "no grant names spans.read" in before["summary"]
    wish = {"subject": ann, "role": VIEWER, "scope": {"level": "project", "project": project}}
    grant = (await client.post("/api/grants", json=wish)).json()
    assert (grant["subject_name"], grant["role_name"], grant["project_name"]) == ("Ann", "Viewer", "Default project")
    after = (await client.get("/api/rbac/explain", params=question)).json()
    assert after["allowed"]
    assert [reason["grant"] for reason in after["allows"]] == [grant["id"]]
    assert after["allows"][0]["via_roles"] == ["Viewer"]
    denied = (await client.post("/api/grants", json={**wish, "effect": "deny"})).json()
    answer = (await client.get("/api/rbac/explain", params=question)).json()
    assert not answer["allowed"]
    assert [reason["grant"] for reason in answer["denies"]] == [denied["id"]]
    for one in (grant, denied):
        assert (await client.delete(f"/api/grants/{one['id']}")).status_code == 204
    assert (await client.get("/api/grants", params={"subject": ann})).json()["items"] == []


async def test_grants_are_paged(client: httpx.AsyncClient, home: Home, ann: str) -> None:
    for name in ("a", "b", "c"):
        scope = {"level": "agent", "project": shown("prj", home.project.id), "name": name}
        await client.post("/api/grants", json={"subject": ann, "role": VIEWER, "scope": scope})
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await client.get("/api/grants", params={"subject": ann, "limit": 2, "cursor": cursor})).json()
        seen += [grant["scope"]["name"] for grant in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ["c", "b", "a"]
    assert (await client.get("/api/grants", params={"cursor": "!!"})).status_code == 400


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"principal": "team_" + "0" * 32, "permission": "spans.read"}, "usr_"),
        ({"permission": "spans.raed"}, "spans.read"),
        ({"permission": "spans.read", "level": "project"}, "needs a project"),
    ],
)
async def test_a_wrong_question_says_what_is_wrong(
    client: httpx.AsyncClient, ann: str, question: dict[str, str], told: str
) -> None:
    answer = await client.get("/api/rbac/explain", params={"principal": ann, **question})
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


async def test_a_key_s_page_is_cut_and_goes_on(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post("/api/keys", json={"name": str(number), "scopes": ["read"]})
    first = (await client.get("/api/keys", params={"limit": 2})).json()
    rest = (await client.get("/api/keys", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [key["name"] for key in first["items"] + rest["items"]] == ["2", "1", "0", "bootstrap"]
    assert rest["next_cursor"] is None


async def test_a_key_is_rotated_and_changed(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    old = (await client.post("/api/keys", json={"name": "app", "permissions": ["spans.read"]})).json()
    changed = await client.patch(f"/api/keys/{old['id']}", json={"allowed_addresses": ["127.0.0.1", "10.0.0.0/8"]})
    assert changed.json()["allowed_addresses"] == ["127.0.0.1/32", "10.0.0.0/8"]
    new = await client.post(f"/api/keys/{old['id']}/rotate", json={"overlap_s": 60})
    assert new.status_code == 201
    assert new.json()["key"] != old["key"]
    listed = {key["id"]: key for key in (await client.get("/api/keys")).json()["items"]}
    assert listed[old["id"]]["replaced_by"] == new.json()["id"]
    assert listed[old["id"]]["expires_at"] is not None
