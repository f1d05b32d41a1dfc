"""Teams, projects, people and groups over HTTP: what each change ends, and who may make it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from mno.identity.keys.model import KeyScope
from mno.identity.model import ADMIN_ROLE, OPERATOR_ROLE, OWNER_ROLE, VIEWER_ROLE
from mno.platform.ids import shown
from support.promises import holds_within
from support.teams import House, Someone


async def a_project(who: Someone, name: str = "Second") -> str:
    answer = await who.browser.post("/api/projects", json={"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def moved_into(who: Someone, project: str) -> None:
    """Lets the session act in this project."""
    answer = await who.browser.put("/api/auth/session", json={"project_id": project})
    assert answer.status_code < 300, answer.text


async def test_who_makes_a_team_is_its_owner_and_finds_a_project_there(house: House) -> None:
    ada = await house.founder()
    made = (await ada.browser.post("/api/teams", json={"name": "Night shift", "time_zone": "Asia/Taipei"})).json()
    assert [team["name"] for team in (await ada.browser.get("/api/teams")).json()["items"]] == ["Night shift", "Team"]
    switched = await ada.browser.put("/api/auth/session", json={"team_id": made["id"]})
    assert switched.status_code < 300
    assert [one["id"] for one in (await ada.browser.get("/api/projects")).json()["items"]] == [made["project"]["id"]]
    [owner] = (await ada.browser.get("/api/members")).json()["items"]
    assert [role["role"]["name"] for role in owner["roles"]] == ["Owner"]
    renamed = await ada.browser.patch(f"/api/teams/{made['id']}", json={"name": "Day shift"})
    assert renamed.json()["name"] == "Day shift"


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 121},
        {"name": "T", "time_zone": "Mars/Base"},
        {"name": "T", "id": 1},
    ],
)
async def test_a_team_without_a_sensible_name_or_zone_is_refused(house: House, wish: dict[str, object]) -> None:
    ada = await house.founder()
    assert (await ada.browser.post("/api/teams", json=wish)).status_code == 400


async def test_only_who_may_make_teams_makes_one(house: House) -> None:
    bob = await house.founder("bob@example.com", hub=False)
    assert (await bob.browser.post("/api/teams", json={"name": "Mine"})).status_code == 403


async def test_a_team_of_others_is_not_there(house: House) -> None:
    ada = await house.founder()
    bob = await house.founder("bob@example.com", hub=False)
    for answer in (
        await bob.browser.get(f"/api/teams/{ada.team}"),
        await bob.browser.patch(f"/api/teams/{ada.team}", json={"name": "Mine"}),
        await bob.browser.post(f"/api/teams/{ada.team}/archive"),
        await bob.browser.patch(f"/api/projects/{ada.project}", json={"name": "Mine"}),
        await bob.browser.post(f"/api/projects/{ada.project}/archive"),
        await bob.browser.get(f"/api/members/{ada.shown}"),
        await bob.browser.delete(f"/api/members/{ada.shown}"),
    ):
        assert answer.status_code == 404, answer.text


async def test_an_archived_team_lets_nobody_in_until_it_is_taken_out_again(house: House) -> None:
    ada = await house.founder()
    bob = await house.founder("bob@example.com", hub=False)
    key = await house.key(bob, KeyScope.READ)
    assert (await bob.browser.post(f"/api/teams/{bob.team}/archive")).status_code == 200
    assert (await bob.browser.get("/api/projects")).status_code == 401
    assert (await house.stranger(key).get("/api/projects")).status_code == 401
    assert (await ada.browser.post(f"/api/teams/{bob.team}/unarchive")).status_code == 200
    again = await house.signed_in(bob.id)
    assert (await again.browser.get("/api/projects")).status_code == 200
    assert (await house.stranger(key).get("/api/projects")).status_code == 401


async def test_the_last_team_stays(house: House) -> None:
    ada = await house.founder()
    refusal = await ada.browser.post(f"/api/teams/{ada.team}/archive")
    assert (refusal.status_code, "last team" in refusal.text) == (409, True)


async def test_projects_have_names_of_their_own_in_a_team(house: House) -> None:
    ada = await house.founder()
    second = await a_project(ada)
    assert (await ada.browser.post("/api/projects", json={"name": " second "})).status_code == 409
    assert (await ada.browser.patch(f"/api/projects/{second}", json={"name": "Project"})).status_code == 409
    renamed = await ada.browser.patch(f"/api/projects/{second}", json={"name": "Third"})
    assert renamed.json()["name"] == "Third"


async def test_a_list_of_projects_holds_only_those_that_the_caller_may_read(house: House) -> None:
    ada = await house.founder()
    second = await a_project(ada)
    bob = await house.member(ada.team_id, "bob@example.com", None)
    async with house.database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind, project_id)"
            " SELECT gen_random_uuid(), team_id, 'user', %(user)s, %(role)s, 'project', id FROM identity_projects"
            " WHERE name = 'Second'",
            {"user": bob.id, "role": VIEWER_ROLE},
        )
        await house.access.policy.changed(tx, ada.team_id)
    assert [one["id"] for one in (await bob.browser.get("/api/projects")).json()["items"]] == [second]
    assert (await bob.browser.patch(f"/api/projects/{second}", json={"name": "Mine"})).status_code == 403
    assert (await bob.browser.patch(f"/api/projects/{ada.project}", json={"name": "Mine"})).status_code == 404


async def test_archiving_a_project_says_what_it_means_and_ends_its_keys(house: House) -> None:
    ada = await house.founder()
    await a_project(ada)
    key = await house.key(ada, KeyScope.INGEST)
    preview = (await ada.browser.post(f"/api/projects/{ada.project}/archive?preview=true")).json()
    assert (preview["preview"], preview["keys_revoked"], preview["project"]["archived_at"]) == (True, 1, None)
    assert (await house.access.keys.principal_of_key(key)).project_id == ada.project_id
    done = (await ada.browser.post(f"/api/projects/{ada.project}/archive")).json()
    assert (done["preview"], done["keys_revoked"]) == (False, 1)
    assert done["project"]["archived_at"] is not None
    assert (await house.stranger(key).get("/api/projects")).status_code == 401
    assert "identity.project_archived" in house.told.kinds()
    back = await ada.browser.post(f"/api/projects/{ada.project}/unarchive")
    assert back.json()["archived_at"] is None
    assert (await house.stranger(key).get("/api/projects")).status_code == 401


async def test_an_archived_project_can_be_entered_to_be_read(house: House) -> None:
    ada = await house.founder()
    second = await a_project(ada)
    assert (await ada.browser.post(f"/api/projects/{second}/archive")).status_code == 200
    await moved_into(ada, second)
    assert (await ada.browser.get("/api/auth/session")).json()["project"]["id"] == second
    again = await house.signed_in(ada.id)
    assert again.project_id == ada.project_id


async def test_the_last_project_of_a_team_stays(house: House) -> None:
    ada = await house.founder()
    assert (await ada.browser.post(f"/api/projects/{ada.project}/archive")).status_code == 409


async def test_of_two_that_archive_the_last_two_projects_one_is_refused(house: House) -> None:
    ada = await house.founder()
    second = await a_project(ada)
    answers = await asyncio.gather(
        *(ada.browser.post(f"/api/projects/{project}/archive") for project in (ada.project, second))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_moved_project_goes_on_elsewhere_and_leaves_its_history(house: House) -> None:
    ada = await house.founder()
    other = (await ada.browser.post("/api/teams", json={"name": "Other"})).json()
    await a_project(ada)
    sending, reading = await house.key(ada, KeyScope.INGEST), await house.key(ada, KeyScope.READ)
    where = f"/api/projects/{ada.project}/move"
    preview = (await ada.browser.post(f"{where}?preview=true", json={"team_id": other["id"]})).json()
    assert (preview["keys_moved"], preview["keys_revoked"]) == (1, 1)
    assert len(preview["notes"]) == 4
    assert (await house.access.keys.principal_of_key(sending)).team_id == ada.team_id
    done = (await ada.browser.post(where, json={"team_id": other["id"]})).json()
    assert done["project"]["id"] != ada.project
    principal = await house.access.keys.principal_of_key(sending)
    assert (shown("team", principal.team_id), shown("prj", principal.project_id)) == (
        other["id"],
        done["project"]["id"],
    )
    assert (await house.stranger(reading).get("/api/projects")).status_code == 401
    old = next(one for one in (await ada.browser.get("/api/projects")).json()["items"] if one["id"] == ada.project)
    assert old["moved_to"] == [other["id"], done["project"]["id"]]
    assert (await ada.browser.post(f"/api/projects/{ada.project}/unarchive")).status_code == 409
    assert "identity.project_moved" in house.told.kinds()
    moves = [entry for entry in await house.rooms.audited() if entry["action"] == "projects.move"]
    assert len({entry["team_id"] for entry in moves}) == 2


async def test_moving_needs_rights_in_both_teams(house: House) -> None:
    ada = await house.founder()
    await a_project(ada)
    bob = await house.founder("bob@example.com", hub=False)
    where = f"/api/projects/{ada.project}/move"
    assert (await ada.browser.post(where, json={"team_id": bob.team})).status_code == 404
    await house.member(bob.team_id, "ada@example.com", OPERATOR_ROLE)
    assert (await ada.browser.post(where, json={"team_id": bob.team})).status_code == 403
    key = await house.key(ada, KeyScope.ADMIN)
    assert (await house.stranger(key).post(where, json={"team_id": bob.team})).status_code == 403


async def test_a_removed_person_is_out_within_a_second_on_every_node(house: House, elsewhere: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com")
    key = await house.key(bob, KeyScope.READ)
    there = elsewhere.rooms.browser()
    there.cookies.update(bob.browser.cookies)
    with_key = elsewhere.stranger(key)
    for caller in (bob.browser, there, with_key):
        assert (await caller.get("/api/projects")).status_code == 200
    assert (await ada.browser.delete(f"/api/members/{bob.shown}")).status_code == 204
    assert (await bob.browser.get("/api/projects")).status_code == 401

    async def are_out() -> bool:
        return {(await caller.get("/api/projects")).status_code for caller in (there, with_key)} == {401}

    await holds_within(1, are_out)
    assert house.told.kinds() == ["identity.user_deactivated"]
    signing_in = await house.stranger().post("/api/auth/password", json={"email": "bob@example.com", "password": "x"})
    assert signing_in.status_code == 401


async def test_who_leaves_one_team_stays_in_the_other(house: House) -> None:
    ada = await house.founder()
    bob = await house.founder("bob@example.com", hub=False)
    here = await house.member(ada.team_id, "bob@example.com")
    assert (await ada.browser.delete(f"/api/members/{bob.shown}")).status_code == 204
    assert (await here.browser.get("/api/projects")).status_code == 401
    assert (await bob.browser.get("/api/projects")).status_code == 200


async def test_somebody_deactivated_comes_back_as_who_they_were(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", VIEWER_ROLE)
    group = (await ada.browser.post("/api/groups", json={"name": "Night"})).json()["id"]
    await ada.browser.post(f"/api/groups/{group}/members", json={"user_id": bob.shown})
    out = await ada.browser.patch(f"/api/members/{bob.shown}", json={"active": False})
    assert out.json()["deactivated_at"] is not None
    assert (await bob.browser.get("/api/projects")).status_code == 401
    back = (await ada.browser.patch(f"/api/members/{bob.shown}", json={"active": True})).json()
    assert back["deactivated_at"] is None
    assert [role["role"]["name"] for role in back["roles"]] == ["Viewer"]
    assert [one["name"] for one in back["groups"]] == ["Night"]
    assert (await (await house.signed_in(bob.id)).browser.get("/api/projects")).status_code == 200


async def test_the_last_owner_can_be_neither_removed_nor_deactivated(house: House) -> None:
    ada = await house.founder()
    assert (await ada.browser.delete(f"/api/members/{ada.shown}")).status_code == 409
    assert (await ada.browser.patch(f"/api/members/{ada.shown}", json={"active": False})).status_code == 409
    assert (await ada.browser.get("/api/members")).status_code == 200


async def test_of_the_last_two_owners_who_remove_each_other_at_once_one_stays(house: House, elsewhere: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", OWNER_ROLE)
    bobs = elsewhere.rooms.browser()
    bobs.cookies.update(bob.browser.cookies)
    answers = await asyncio.gather(
        ada.browser.delete(f"/api/members/{bob.shown}"), bobs.delete(f"/api/members/{ada.shown}")
    )
    assert 204 in {answer.status_code for answer in answers}
    async with house.database.across_teams() as tx:
        rows = await (await tx.execute("SELECT * FROM identity_members")).fetchall()
    assert len(rows) == 1


async def test_nobody_removes_somebody_who_holds_more(house: House) -> None:
    ada = await house.founder()
    await house.member(ada.team_id, "second@example.com", OWNER_ROLE)
    admin = await house.member(ada.team_id, "admin@example.com", ADMIN_ROLE)
    refusal = await admin.browser.delete(f"/api/members/{ada.shown}")
    assert (refusal.status_code, "Owner" in refusal.json()["detail"]) == (403, True)


async def test_the_list_of_people_is_read_page_by_page_and_searched(house: House) -> None:
    ada = await house.founder()
    for number in range(5):
        await house.member(ada.team_id, f"person{number}@example.com", VIEWER_ROLE)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(9):
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await ada.browser.get("/api/members", params=asked)).json()
        seen += [member["email"] for member in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen)
    assert len(seen) == 6
    found = (await ada.browser.get("/api/members", params={"search": "PERSON3"})).json()["items"]
    assert [member["email"] for member in found] == ["person3@example.com"]
    assert (await ada.browser.get("/api/members", params={"cursor": "x!"})).status_code == 400


async def test_who_is_put_into_a_group_has_its_roles_and_nobody_gives_more_than_they_hold(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", VIEWER_ROLE)
    admin = await house.member(ada.team_id, "admin@example.com", ADMIN_ROLE)
    group = (await ada.browser.post("/api/groups", json={"name": "Owners"})).json()["id"]
    async with house.database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
            " SELECT gen_random_uuid(), team_id, 'group', id, %(role)s, 'team' FROM identity_groups",
            {"role": OWNER_ROLE},
        )
        await house.access.policy.changed(tx, ada.team_id)
    wish = {"user_id": bob.shown}
    assert (await admin.browser.post(f"/api/groups/{group}/members", json=wish)).status_code == 403
    assert (await ada.browser.post(f"/api/groups/{group}/members", json=wish)).status_code == 204
    assert (await bob.browser.patch(f"/api/teams/{bob.team}", json={"name": "By Bob"})).status_code == 200
    assert [one["email"] for one in (await ada.browser.get(f"/api/groups/{group}/members")).json()["items"]] == [
        "bob@example.com"
    ]
    assert (await ada.browser.delete(f"/api/groups/{group}/members/{bob.shown}")).status_code == 204
    assert (await bob.browser.patch(f"/api/teams/{bob.team}", json={"name": "Again"})).status_code == 403
    stranger = await house.founder("eve@example.com", hub=False)
    outsider = await ada.browser.post(f"/api/groups/{group}/members", json={"user_id": stranger.shown})
    assert outsider.status_code == 404
    assert (await ada.browser.delete(f"/api/groups/{group}")).status_code == 204
    assert (await ada.browser.get("/api/groups")).json()["items"] == []


async def test_groups_are_listed_page_by_page_in_the_order_of_their_names(house: House) -> None:
    ada = await house.founder()
    for name in ("b", "Ä", "a", "C"):
        await ada.browser.post("/api/groups", json={"name": name})
    first = (await ada.browser.get("/api/groups", params={"limit": 3})).json()
    rest = (await ada.browser.get("/api/groups", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert rest["next_cursor"] is None
    names = [group["name"] for group in first["items"] + rest["items"]]
    assert sorted(names) == sorted(["a", "b", "C", "Ä"])
    assert names.index("a") < names.index("b") < names.index("C")


async def test_an_invitation_lasts_as_long_as_the_setting_says(house: House) -> None:
    ada = await house.founder()
    house.days.days = 2
    made = await ada.browser.post(
        "/api/invitations", json={"email": "new@example.com", "role_id": shown("role", VIEWER_ROLE)}
    )
    invitation = made.json()
    lasts = datetime.fromisoformat(invitation["expires_at"]) - datetime.fromisoformat(invitation["created_at"])
    assert lasts == timedelta(days=2)
