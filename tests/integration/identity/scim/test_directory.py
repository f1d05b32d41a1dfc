"""A directory keeps a team: the requests that Entra ID and Okta really send, what they end, and what they cannot."""

from typing import Any

import httpx
import pytest

from mno.identity.keys.model import KeyScope
from mno.identity.model import ADMIN_ROLE, OWNER_ROLE, VIEWER_ROLE
from mno.identity.teams.members import store as people
from mno.platform.errors import Denied
from mno.platform.ids import parsed, shown
from support.promises import holds_within
from support.teams import House, Someone

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

#: As Entra ID makes somebody.
ENTRA_USER = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "grace@example.com",
    "active": True,
    "addresses": [{"primary": False, "type": "work", "country": "US"}],
    "emails": [{"primary": True, "type": "work", "value": "grace@example.com"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Grace Hopper", "familyName": "Hopper", "givenName": "Grace"},
    "roles": [],
    "title": "Rear Admiral",
    ENTERPRISE: {"department": "Navy", "manager": {"value": "1"}},
}
#: As Okta does.
OKTA_USER = {
    "schemas": [USER],
    "userName": "linus@example.com",
    "name": {"givenName": "Linus", "familyName": "T"},
    "emails": [{"primary": True, "value": "linus@example.com", "type": "work"}],
    "displayName": "Linus T",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


class Caller:
    """A directory with its key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, method: str, path: str, body: object = None, status: int | None = None) -> Any:
        answer = await self._client.request(
            method, f"/scim/v2{path}", json=body, headers={"content-type": "application/scim+json"}
        )
        if status is None:
            assert answer.status_code < 300, answer.text
        else:
            assert answer.status_code == status, answer.text
        if answer.status_code == 204:
            return None
        assert answer.headers["content-type"].startswith("application/scim+json")
        return answer.json()

    async def patch(self, path: str, *operations: dict[str, Any], status: int | None = None) -> Any:
        return await self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, status)


@pytest.fixture
async def ada(house: House) -> Someone:
    return await house.founder()


@pytest.fixture
async def scim(house: House, ada: Someone) -> Caller:
    return Caller(house.stranger(await house.directory_key(ada.team_id, ada.project_id)))


async def member(ada: Someone, email: str) -> dict[str, Any]:
    found = (await ada.browser.get("/api/members", params={"search": email})).json()["items"]
    return dict(found[0]) if found else {}


async def test_people_come_as_entra_and_okta_send_them(scim: Caller, ada: Someone) -> None:
    for body in (ENTRA_USER, OKTA_USER):
        made = await scim("POST", "/Users", body, status=201)
        assert made["userName"] == body["userName"]
        assert made["meta"]["location"].endswith(f"/scim/v2/Users/{made['id']}")
        assert "password" not in str(made)
        found = await scim("GET", f'/Users?filter=userName eq "{str(body["userName"]).upper()}"')
        assert [one["id"] for one in found["Resources"]] == [made["id"]]
        by_id = await scim("GET", f'/Users?filter=externalId eq "{body["externalId"]}"')
        assert by_id["totalResults"] == 1
    grace = await member(ada, "grace@example.com")
    assert (grace["name"], grace["managed"], grace["roles"]) == ("Grace Hopper", True, [])


async def test_nobody_found_is_an_empty_list(scim: Caller) -> None:
    nobody = await scim("GET", '/Users?filter=userName eq "nobody@example.com"')
    assert (nobody["totalResults"], nobody.get("Resources", [])) == (0, [])
    assert (await scim("GET", '/Users?filter=id eq "none"'))["totalResults"] == 0


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "value": {"active": False}},
        {"op": "Replace", "value": {"active": "False"}},
    ],
)
async def test_deactivation_in_every_form_ends_sessions_and_keys_on_every_node(
    house: House, elsewhere: House, scim: Caller, ada: Someone, operation: dict[str, Any]
) -> None:
    bob = await house.member(ada.team_id, "bob@example.com", OWNER_ROLE)
    key = await house.key(bob, KeyScope.READ)
    there = elsewhere.rooms.browser()
    there.cookies.update(bob.browser.cookies)
    callers = (bob.browser, house.stranger(key), there, elsewhere.stranger(key))
    for caller in callers:
        assert (await caller.get("/api/projects")).status_code == 200
    changed = await scim.patch(f"/Users/{bob.shown}", operation)
    assert changed["active"] is False

    async def are_out() -> bool:
        return {(await caller.get("/api/projects")).status_code for caller in callers} == {401}

    await holds_within(1, are_out)
    assert house.told.kinds() == ["identity.user_deactivated"]
    back = await scim.patch(f"/Users/{bob.shown}", {"op": "replace", "value": {"active": True}})
    assert back["active"] is True
    assert (await house.stranger(key).get("/api/projects")).status_code == 401


async def test_deleting_ends_the_membership_in_this_team_only(house: House, scim: Caller, ada: Someone) -> None:
    bob = await house.founder("bob@example.com", hub=False)
    here = await house.member(ada.team_id, "bob@example.com", VIEWER_ROLE)
    await scim("DELETE", f"/Users/{bob.shown}", status=204)
    await scim("GET", f"/Users/{bob.shown}", status=404)
    await scim("DELETE", f"/Users/{bob.shown}", status=404)
    assert (await here.browser.get("/api/projects")).status_code == 401
    assert (await bob.browser.get("/api/projects")).status_code == 200


async def test_a_directory_touches_nobody_outside_of_its_team(house: House, scim: Caller) -> None:
    bob = await house.founder("bob@example.com", hub=False)
    for method, body in (("GET", None), ("PUT", OKTA_USER), ("DELETE", None)):
        await scim(method, f"/Users/{bob.shown}", body, status=404)
    await scim.patch(f"/Users/{bob.shown}", {"op": "replace", "value": {"active": False}}, status=404)
    refusal = await scim(
        "POST", "/Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": bob.shown}]}, 400
    )
    assert refusal["scimType"] == "invalidValue"
    assert (await bob.browser.get("/api/projects")).status_code == 200


async def test_a_directory_cannot_take_over_an_account_by_its_address(house: House, scim: Caller) -> None:
    bob = await house.founder("bob@example.com", hub=False)
    joined = await scim("POST", "/Users", {**OKTA_USER, "userName": "bob@example.com", "emails": []}, status=201)
    assert joined["id"] == bob.shown
    await scim.patch(
        f"/Users/{bob.shown}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "mallory@example.com"},
        {"op": "replace", "value": {"displayName": "Mallory", "userName": "mallory@example.com"}},
    )
    answer = (await bob.browser.get(f"/api/members/{bob.shown}")).json()
    assert (answer["email"], answer["name"]) == ("bob@example.com", "Bob")
    again = await house.stranger().post(
        "/api/auth/password", json={"email": "bob@example.com", "password": "seven green herons wade"}
    )
    assert again.json()["signed_in"]


async def test_an_account_that_took_an_address_without_proof_does_not_join(house: House, scim: Caller) -> None:
    mallory = await house.rooms.person("linus@example.com", verified=False)
    refusal = await scim("POST", "/Users", OKTA_USER, status=409)
    assert refusal["scimType"] == "uniqueness"
    team_id, _ = await house.rooms.place(mallory)
    async with house.database.across_teams() as tx:
        assert await people.team_ids_of(tx, mallory) == [team_id]


async def test_a_directory_names_the_accounts_that_it_made(scim: Caller, ada: Someone) -> None:
    made = await scim("POST", "/Users", OKTA_USER)
    await scim("PUT", f"/Users/{made['id']}", {**OKTA_USER, "displayName": "Linus B", "preferredLanguage": "zh-TW"})
    assert (await member(ada, "linus@example.com"))["name"] == "Linus B"
    kept = await scim("GET", f"/Users/{made['id']}?attributes=displayName")
    assert set(kept) == {"schemas", "id", "displayName"}


async def test_the_last_owner_stays_whatever_the_directory_says(scim: Caller, ada: Someone) -> None:
    refusal = await scim("DELETE", f"/Users/{ada.shown}", status=409)
    assert "Owner" in refusal["detail"]
    await scim.patch(f"/Users/{ada.shown}", {"op": "replace", "value": {"active": False}}, status=409)
    assert (await ada.browser.get("/api/members")).status_code == 200


async def test_a_name_is_given_once(scim: Caller) -> None:
    await scim("POST", "/Users", OKTA_USER)
    twice = await scim("POST", "/Users", {**OKTA_USER, "userName": "LINUS@example.com"}, status=409)
    assert (twice["scimType"], twice["status"]) == ("uniqueness", "409")
    by_hand = await scim("POST", "/Users", {**OKTA_USER, "userName": "ada@example.com", "emails": []}, status=409)
    assert by_hand["scimType"] == "uniqueness"


async def test_members_of_groups_come_and_go_as_entra_and_okta_send_them(
    house: House, scim: Caller, ada: Someone
) -> None:
    ids = [(await scim("POST", "/Users", body))["id"] for body in (ENTRA_USER, OKTA_USER)]
    group = await scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineers", "externalId": "g1"}, 201)
    where = f"/Groups/{group['id']}"
    await scim.patch(where, {"op": "Add", "path": "members", "value": [{"value": ids[0]}]})
    await scim.patch(where, {"op": "add", "path": "members", "value": [{"value": ids[1], "display": "Linus T"}]})
    listed = await scim("GET", f"{where}?excludedAttributes=members")
    assert "members" not in listed
    assert {one["value"] for one in (await scim("GET", where))["members"]} == set(ids)
    [engineer] = (await scim("GET", f"/Users/{ids[0]}"))["groups"]
    assert engineer["display"] == "Engineers"
    await scim.patch(where, {"op": "Remove", "path": "members", "value": [{"value": ids[0]}]})
    await scim.patch(where, {"op": "remove", "path": f'members[value eq "{ids[1]}"]'})
    assert "members" not in await scim("GET", where)
    renamed = await scim.patch(where, {"op": "replace", "value": {"id": group["id"], "displayName": "Builders"}})
    assert renamed["displayName"] == "Builders"
    found = await scim("GET", '/Groups?filter=displayName eq "builders"')
    assert found["totalResults"] == 1
    await scim("DELETE", where, status=204)
    assert (await ada.browser.get("/api/groups")).json()["items"] == []


async def test_a_role_of_the_directorys_group_holds_for_who_is_in_it(house: House, scim: Caller, ada: Someone) -> None:
    made = await scim("POST", "/Users", OKTA_USER)
    group = await scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineers"})
    async with house.database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
            " SELECT gen_random_uuid(), team_id, 'group', id, %(role)s, 'team' FROM identity_groups",
            {"role": VIEWER_ROLE},
        )
        await house.access.policy.changed(tx, ada.team_id)
    linus = await house.signed_in(parsed("usr", made["id"]))
    assert (await linus.browser.get("/api/members")).status_code == 403
    await scim.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": made["id"]}]})
    assert (await linus.browser.get("/api/members")).status_code == 200
    await scim("PUT", f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "Engineers", "members": []})
    assert (await linus.browser.get("/api/members")).status_code == 403


async def test_groups_made_by_hand_are_out_of_the_directorys_reach(scim: Caller, ada: Someone) -> None:
    by_hand = (await ada.browser.post("/api/groups", json={"name": "Owners"})).json()["id"]
    assert (await scim("GET", "/Groups"))["totalResults"] == 0
    add = {"op": "add", "path": "members", "value": [{"value": ada.shown}]}
    await scim.patch(f"/Groups/{by_hand}", add, status=404)
    await scim("DELETE", f"/Groups/{by_hand}", status=404)
    await scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "owners"}, status=201)
    await scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Owners"}, status=409)


async def test_what_the_directory_made_is_not_changed_by_hand(scim: Caller, ada: Someone) -> None:
    made = await scim("POST", "/Users", OKTA_USER)
    group = await scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineers"})
    for answer in (
        await ada.browser.delete(f"/api/members/{made['id']}"),
        await ada.browser.patch(f"/api/members/{made['id']}", json={"active": False}),
        await ada.browser.delete(f"/api/groups/{group['id']}"),
        await ada.browser.post(f"/api/groups/{group['id']}/members", json={"user_id": made["id"]}),
    ):
        assert (answer.status_code, "irectory" in answer.json()["detail"]) == (409, True)


async def test_pages_are_counted_from_one(scim: Caller) -> None:
    for number in range(5):
        await scim("POST", "/Users", {"schemas": [USER], "userName": f"person{number}"})
    page = await scim("GET", "/Users?startIndex=3&count=2")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (6, 3, 2)
    none = await scim("GET", "/Users?count=0")
    assert (none["totalResults"], none.get("Resources", [])) == (6, [])
    filtered = await scim("GET", '/Users?filter=userName sw "person" and active eq true&startIndex=0&count=2')
    assert (filtered["totalResults"], len(filtered["Resources"])) == (5, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", {"schemas": [USER]}, 400),
        ("POST", "/Users", {"schemas": [USER], "userName": ""}, 400),
        ("POST", "/Users", {"schemas": [USER], "userName": "x", "emails": [{"value": "none"}]}, 400),
        ("POST", "/Users", {"schemas": [USER], "userName": "x" * 600}, 400),
        ("POST", "/Users", {"schemas": [USER], "userName": "a\x00b"}, 400),
        ("POST", "/Users", [1], 400),
        ("POST", "/Groups", {"schemas": [GROUP]}, 400),
        ("GET", "/Users?filter=userName eq", None, 400),
        ("GET", '/Users?filter=nothing eq "x"', None, 200),
        ("GET", "/Users?filter=" + "(" * 60, None, 400),
        ("GET", "/Users?count=many", None, 400),
        ("GET", "/Users/none", None, 404),
        ("GET", "/Nothing", None, 404),
        ("POST", "/ServiceProviderConfig", {}, 405),
        ("POST", "/Bulk", {}, 501),
        ("GET", '/Schemas?filter=id eq "x"', None, 403),
    ],
)
async def test_what_is_wrong_is_told_in_scims_words(
    scim: Caller, method: str, path: str, body: object, status: int
) -> None:
    answer = await scim(method, path, body, status)
    if status >= 400:
        assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert answer["status"] == str(status)
        assert answer["detail"]


async def test_only_a_key_with_the_directorys_permission_comes_in(house: House, ada: Someone) -> None:
    for client, status in (
        (house.stranger(), 401),
        (house.stranger("mno_" + "x" * 40), 401),
        (house.stranger(await house.key(ada, KeyScope.READ)), 403),
    ):
        answer = await client.get("/scim/v2/Users")
        assert answer.status_code == status
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


async def test_an_admin_does_not_speak_for_the_directory(house: House, ada: Someone) -> None:
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    await house.member(ada.team_id, "ann@example.com", OWNER_ROLE)
    assert (await bob.browser.delete(f"/scim/v2/Users/{ada.shown}")).status_code == 403
    with pytest.raises(Denied, match="directory"):
        await house.key(bob, permissions=("directory.write",))
    assert await house.key(ada, permissions=("directory.write",))


async def test_what_a_directory_does_is_audited(house: House, scim: Caller) -> None:
    made = await scim("POST", "/Users", OKTA_USER)
    await scim.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": False}})
    await scim("DELETE", f"/Users/{made['id']}", status=204)
    actions = [entry["action"] for entry in await house.rooms.audited() if entry["resource"] == made["id"]]
    assert actions == ["members.join", "members.provision", "members.deactivate", "members.remove"]
    assert shown("usr", parsed("usr", made["id"])) == made["id"]
