"""Invitations: who may make them, what their links open, and every way to misuse one."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mno.identity.model import ADMIN_ROLE, VIEWER_ROLE
from mno.platform.ids import shown
from support.sign_in import BASE_URL
from support.teams import ADMIN, OWNER, House, Someone

VIEWER = shown("role", VIEWER_ROLE)
PASSWORD = "nine brown otters swim"


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def invited(house: House, inviter: Someone, email: str = "new@example.com", role: str = VIEWER) -> str:
    """The token, from the letter that the invitation went out with or from the answer."""
    house.rooms.mailbox.letters.clear()
    answer = await inviter.browser.post("/api/invitations", json={"email": email, "role_id": role})
    assert answer.status_code == 201, answer.text
    if answer.json()["link"]:
        return token_of(answer.json()["link"])
    [(to, text)] = house.rooms.mailbox.letters
    assert to == email
    return token_of(next(word for word in text.split() if word.startswith("http")))


async def accepting(house: House, token: str, **more: str) -> httpx.Response:
    return await house.stranger().post(
        "/api/invitations/accept", json={"token": token, "name": "New Person", "password": PASSWORD, **more}
    )


async def test_a_mailed_link_makes_an_account_with_a_verified_address_and_signs_it_in(house: House) -> None:
    ada = await house.founder()
    token = await invited(house, ada)
    stranger = house.stranger()
    offer = (await stranger.get("/api/invitations/offer", params={"token": token})).json()
    assert (offer["team"], offer["role"], offer["address"], offer["sign_in"]) == (
        "Team",
        "Viewer",
        "n…@example.com",
        False,
    )
    accepted = await stranger.post(
        "/api/invitations/accept", json={"token": token, "name": "New Person", "password": PASSWORD}
    )
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["signed_in"]
    assert accepted.json()["team_id"] == ada.team
    assert (await stranger.get("/api/teams")).json()["items"][0]["id"] == ada.team
    members = (await ada.browser.get("/api/members")).json()["items"]
    [new] = [member for member in members if member["email"] == "new@example.com"]
    assert [role["role"]["name"] for role in new["roles"]] == ["Viewer"]
    again = await house.stranger().post("/api/auth/password", json={"email": "new@example.com", "password": PASSWORD})
    assert again.json()["signed_in"]
    async with house.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT email_verified_at FROM identity_users WHERE email = 'new@example.com'")
        ).fetchone()
    assert row is not None
    assert row["email_verified_at"] is not None


async def test_a_letter_speaks_the_language_of_the_team_before_that_of_the_inviter(house: House) -> None:
    ada = await house.founder()
    await invited(house, ada, "first@example.com")
    assert "invites you" in house.rooms.mailbox.letters[-1][1]
    await ada.browser.put("/api/auth/profile", json={"name": "Ada", "language": "zh-Hans"})
    await invited(house, ada, "second@example.com")
    assert "邀请您加入团队" in house.rooms.mailbox.letters[-1][1]
    house.days.language = "zh-Hant"
    token = await invited(house, ada, "third@example.com")
    assert "邀請您加入團隊" in house.rooms.mailbox.letters[-1][1]
    assert (await accepting(house, token)).status_code == 200
    house.days.language = ""
    async with house.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT language FROM identity_users WHERE email = 'third@example.com'")
        ).fetchone()
    assert row is not None
    assert row["language"] == "zh-Hant"


async def test_who_nobody_chose_a_language_for_keeps_their_browsers(house: House) -> None:
    ada = await house.founder()
    assert (await accepting(house, await invited(house, ada))).status_code == 200
    async with house.database.across_teams() as tx:
        row = await (await tx.execute("SELECT language FROM identity_users WHERE email = 'new@example.com'")).fetchone()
    assert row is not None
    assert row["language"] == ""


async def test_without_mail_the_link_is_shown_once_and_the_address_is_not_verified(house: House) -> None:
    house.rooms.mailbox.on = False
    ada = await house.founder()
    answer = await ada.browser.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER})
    token = token_of(answer.json()["link"])
    listed = (await ada.browser.get("/api/invitations")).json()["items"][0]
    assert token not in str(listed)
    assert listed["state"] == "open"
    assert (await accepting(house, token)).status_code == 200
    async with house.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT email_verified_at FROM identity_users WHERE email = 'new@example.com'")
        ).fetchone()
        stored = await (await tx.execute("SELECT * FROM identity_invitations")).fetchone()
    assert row is not None
    assert row["email_verified_at"] is None
    assert token not in str(stored)


async def test_a_link_that_is_used_forged_withdrawn_or_too_old_opens_nothing(house: House) -> None:
    ada = await house.founder()
    used = await invited(house, ada, "a@example.com")
    assert (await accepting(house, used)).status_code == 200
    withdrawn = await invited(house, ada, "b@example.com")
    listed = (await ada.browser.get("/api/invitations")).json()["items"]
    [id_] = [item["id"] for item in listed if item["email"] == "b@example.com"]
    assert (await ada.browser.delete(f"/api/invitations/{id_}")).status_code == 204
    old = await invited(house, ada, "c@example.com")
    async with house.database.across_teams() as tx:
        await tx.execute(
            "UPDATE identity_invitations SET expires_at = now() - interval '1 second' WHERE email = 'c@example.com'"
        )
    for token, status, word in (
        (used, 409, "accepted already"),
        (withdrawn, 409, "withdrawn"),
        (old, 409, "too old"),
        ("forged" * 8, 404, "not known"),
    ):
        refusal = await accepting(house, token)
        assert (refusal.status_code, word in refusal.json()["detail"]) == (status, True), refusal.text
        offer = await house.stranger().get("/api/invitations/offer", params={"token": token})
        assert offer.status_code == status


async def test_of_two_that_accept_at_once_one_becomes_a_member(house: House, elsewhere: House) -> None:
    token = await invited(house, await house.founder())
    answers = await asyncio.gather(*(accepting(one, token) for one in (house, elsewhere, house, elsewhere)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_the_session_of_another_person_cannot_accept(house: House) -> None:
    ada = await house.founder()
    token = await invited(house, ada)
    eve = await house.founder("eve@example.com", hub=False)
    refusal = await eve.browser.post("/api/invitations/accept", json={"token": token})
    assert refusal.status_code == 403
    assert "somebody else" in refusal.json()["detail"]
    assert (await accepting(house, token)).status_code == 200


async def test_an_account_with_the_address_signs_in_and_joins_with_it(house: House) -> None:
    ada = await house.founder()
    bob = await house.founder("bob@example.com", hub=False)
    token = await invited(house, ada, "Bob@Example.com")
    assert (await house.stranger().get("/api/invitations/offer", params={"token": token})).json()["sign_in"]
    assert (await accepting(house, token)).status_code == 401
    answer = await bob.browser.post("/api/invitations/accept", json={"token": token})
    assert answer.status_code == 200
    assert not answer.json()["signed_in"]
    assert {team["id"] for team in (await bob.browser.get("/api/teams")).json()["items"]} == {ada.team, bob.team}


async def test_a_link_that_was_shown_does_not_prove_the_address_of_an_account(house: House) -> None:
    house.rooms.mailbox.on = False
    ada = await house.founder()
    there = await house.founder("x@example.com", hub=False)
    mallory = await house.member(there.team_id, "bob@example.com", verified=False)
    token = await invited(house, ada, "bob@example.com")
    refusal = await mallory.browser.post("/api/invitations/accept", json={"token": token})
    assert refusal.status_code == 403
    assert "Verify" in refusal.json()["detail"]


async def test_nobody_invites_to_a_role_that_allows_more_than_they_may(house: House) -> None:
    ada = await house.founder()
    admin = await house.member(ada.team_id, "admin@example.com", ADMIN_ROLE)
    refusal = await admin.browser.post("/api/invitations", json={"email": "new@example.com", "role_id": OWNER})
    assert refusal.status_code == 403
    allowed = await admin.browser.post("/api/invitations", json={"email": "new@example.com", "role_id": ADMIN})
    assert allowed.status_code == 201
    viewer = await house.member(ada.team_id, "viewer@example.com", VIEWER_ROLE)
    none = await viewer.browser.post("/api/invitations", json={"email": "other@example.com", "role_id": VIEWER})
    assert none.status_code == 403


async def test_a_new_letter_makes_the_old_link_worthless(house: House) -> None:
    ada = await house.founder()
    first = await invited(house, ada)
    [item] = (await ada.browser.get("/api/invitations")).json()["items"]
    house.rooms.mailbox.letters.clear()
    assert (await ada.browser.post(f"/api/invitations/{item['id']}/resend")).status_code == 200
    [(_, text)] = house.rooms.mailbox.letters
    second = token_of(next(word for word in text.split() if word.startswith("http")))
    assert (await accepting(house, first)).status_code == 404
    assert (await accepting(house, second)).status_code == 200


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"email": "not an address"}, 400),
        ({"email": "a@b.example\nBcc: all@example.com"}, 400),
        ({"email": "ada@example.com"}, 409),
        ({"role_id": "role_" + "0" * 32}, 404),
        ({"role_id": "prj_" + "0" * 32}, 400),
        ({"project_id": "prj_" + "0" * 32}, 404),
        ({"team_id": "team_" + "0" * 32}, 400),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(house: House, wish: dict[str, str], status: int) -> None:
    ada = await house.founder()
    answer = await ada.browser.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER, **wish})
    assert answer.status_code == status, answer.text
    assert (await ada.browser.get("/api/invitations")).json()["items"] == []


async def test_an_address_is_invited_once_at_a_time(house: House) -> None:
    ada = await house.founder()
    await invited(house, ada)
    twice = await ada.browser.post("/api/invitations", json={"email": "NEW@example.com", "role_id": VIEWER})
    assert twice.status_code == 409


async def test_the_public_doors_are_closed_to_whoever_knocks_too_often(house: House) -> None:
    await house.founder()
    stranger = house.stranger()
    answers = [await stranger.get("/api/invitations/offer", params={"token": "x"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_an_older_invitation_does_not_bring_back_whom_the_team_keeps_out(house: House) -> None:
    ada = await house.founder()
    token = await invited(house, ada, "bob@example.com")
    bob = await house.member(ada.team_id, "Bob@example.com", VIEWER_ROLE)
    assert (await ada.browser.patch(f"/api/members/{bob.shown}", json={"active": False})).status_code == 200
    refusal = await accepting(house, token)
    assert (refusal.status_code, "withdrawn" in refusal.text) == (409, True)


async def test_what_a_removed_inviter_had_sent_is_withdrawn(house: House) -> None:
    ada = await house.founder()
    admin = await house.member(ada.team_id, "admin@example.com", ADMIN_ROLE)
    token = await invited(house, admin)
    assert (await ada.browser.delete(f"/api/members/{admin.shown}")).status_code == 204
    assert (await accepting(house, token)).status_code == 409


async def test_every_step_of_an_invitation_is_audited_without_its_token(house: House) -> None:
    ada = await house.founder()
    token = await invited(house, ada)
    await accepting(house, token)
    entries = await house.rooms.audited()
    assert {"invitations.create", "invitations.accept", "members.join"} <= {entry["action"] for entry in entries}
    assert token not in str(entries)


async def test_a_letter_leads_to_the_hub_whatever_address_its_inviter_claims(house: House) -> None:
    ada = await house.founder()
    wish = {"email": "new@example.com", "role_id": VIEWER}
    answer = await ada.browser.post("/api/invitations", json=wish, headers={"host": "evil.example"})
    assert answer.status_code == 201
    [(_, text)] = house.rooms.mailbox.letters
    assert "evil.example" not in text
    assert f"{BASE_URL}/invitation?token=" in text


async def test_who_sets_up_a_left_account_by_a_link_that_was_shown_has_not_proved_its_address(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", VIEWER_ROLE)
    assert (await ada.browser.delete(f"/api/members/{bob.shown}")).status_code == 204
    house.rooms.mailbox.on = False
    mallory = await house.founder("mallory@example.com", hub=False)
    token = await invited(house, mallory, "bob@example.com")
    accepted = await accepting(house, token)
    assert accepted.json()["user_id"] == bob.shown
    assert await verified_at(house, "bob@example.com") is None


async def test_who_took_an_address_before_does_not_come_in_with_whom_it_belongs_to(house: House) -> None:
    there = await house.founder("x@example.com", hub=False)
    mallory = await house.member(there.team_id, "bob@example.com", VIEWER_ROLE, verified=False)
    async with house.database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_outside_accounts (provider, subject, user_id, email, linked_at, last_at)"
            " VALUES ('github', '1', %s, '', now(), now())",
            (mallory.id,),
        )
    assert (await there.browser.delete(f"/api/members/{mallory.shown}")).status_code == 204
    ada = await house.founder()
    accepted = await accepting(house, await invited(house, ada, "bob@example.com"))
    assert accepted.json()["user_id"] == mallory.shown
    async with house.database.across_teams() as tx:
        cursor = await tx.execute("SELECT FROM identity_outside_accounts WHERE user_id = %s", (mallory.id,))
        assert await cursor.fetchone() is None


async def verified_at(house: House, email: str) -> object:
    async with house.database.across_teams() as tx:
        cursor = await tx.execute("SELECT email_verified_at FROM identity_users WHERE email = %s", (email,))
        row = await cursor.fetchone()
    assert row is not None
    return row["email_verified_at"]
