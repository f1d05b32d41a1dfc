"""Sessions: a new secret at every step up, listed, ended everywhere, and worth nothing when somebody planted them."""

from datetime import datetime, timedelta

import httpx
import pytest

from mno.identity.model import OWNER_ROLE
from mno.identity.sign_in.model import LAST_SEEN_RESOLUTION, Factor
from mno.identity.teams.members import store as members_store
from mno.platform import clock
from mno.platform.ids import new_id, shown
from support.promises import holds_within
from support.sign_in import PASSWORD, Rooms


async def signed_in_by_password(rooms: Rooms, email: str = "ada@example.com") -> httpx.AsyncClient:
    browser = rooms.browser()
    answer = await browser.post("/api/auth/password", json={"email": email, "password": PASSWORD})
    assert answer.json() == {"signed_in": True, "second_factor": None}
    return browser


def cookie_of(browser: httpx.AsyncClient) -> str:
    return next(cookie.value or "" for cookie in browser.cookies.jar if cookie.name == "mno_session")


async def works(rooms: Rooms, token: str) -> bool:
    answer = await rooms.browser().get("/api/auth/session", headers={"cookie": f"mno_session={token}"})
    return answer.status_code == 200


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(rooms: Rooms) -> None:
    await rooms.person()
    wish = {"email": "ada@example.com", "password": PASSWORD}
    answer = await rooms.browser().post("/api/auth/password", json=wish)
    for cookie in answer.headers.get_list("set-cookie"):
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        assert "secure" not in cookie.lower()
    secure = httpx.AsyncClient(transport=httpx.ASGITransport(rooms.app), base_url="https://hub.example.com")
    answer = await secure.post("/api/auth/password", json=wish)
    assert all("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


async def test_a_session_that_was_planted_before_the_sign_in_is_worth_nothing(rooms: Rooms) -> None:
    await rooms.person()
    await rooms.person("mallory@example.com")
    planted = cookie_of(await signed_in_by_password(rooms, "mallory@example.com"))
    for value in (planted, "made-up-by-mallory"):
        victim = rooms.browser()
        victim.cookies.set("mno_session", value, domain="localhost.local")
        await victim.post("/api/auth/password", json={"email": "ada@example.com", "password": PASSWORD})
        fresh = [cookie.value for cookie in victim.cookies.jar if cookie.name == "mno_session"]
        assert fresh
        assert not await works(rooms, value)


async def test_every_step_up_gives_a_new_secret_and_the_old_one_ends(rooms: Rooms) -> None:
    await rooms.person()
    browser = await signed_in_by_password(rooms)
    before = cookie_of(browser)
    assert (await browser.post("/api/auth/verify", json={"password": PASSWORD})).status_code == 204
    verified = cookie_of(browser)
    answer = await browser.put("/api/auth/password", json={"password": "eight blue herons wade", "current": PASSWORD})
    assert answer.status_code == 204
    changed = cookie_of(browser)
    assert (await browser.put("/api/auth/session", json={})).status_code == 204
    assert len({before, verified, changed, cookie_of(browser)}) == 4
    assert [await works(rooms, one) for one in (before, verified, changed)] == [False, False, False]
    assert (await browser.get("/api/auth/session")).status_code == 200


async def test_sessions_are_listed_and_ended_one_by_one(rooms: Rooms) -> None:
    await rooms.person()
    here, there = await signed_in_by_password(rooms), await signed_in_by_password(rooms)
    listed = (await here.get("/api/auth/sessions")).json()["items"]
    assert [one["current"] for one in listed].count(True) == 1
    assert {one["address"] for one in listed} == {"203.0.113.7"}
    assert {tuple(one["factors"]) for one in listed} == {("password",)}
    other = next(one["id"] for one in listed if not one["current"])
    assert (await here.delete(f"/api/auth/sessions/{other}")).status_code == 204
    assert (await there.get("/api/auth/session")).status_code == 401
    assert (await here.delete(f"/api/auth/sessions/{other}")).status_code == 404


async def test_nobody_ends_a_session_of_somebody_else(rooms: Rooms) -> None:
    await rooms.person()
    await rooms.person("mallory@example.com")
    ada, mallory = await signed_in_by_password(rooms), await signed_in_by_password(rooms, "mallory@example.com")
    theirs = (await ada.get("/api/auth/sessions")).json()["items"][0]["id"]
    assert (await mallory.delete(f"/api/auth/sessions/{theirs}")).status_code == 404
    assert (await mallory.delete(f"/api/auth/sessions/{shown('ses', new_id())}")).status_code == 404
    assert (await ada.get("/api/auth/session")).status_code == 200


async def test_an_ended_session_is_refused_on_another_node_within_a_second(rooms: Rooms, elsewhere: Rooms) -> None:
    await rooms.person()
    here, lost = await signed_in_by_password(rooms), await signed_in_by_password(rooms)
    token = cookie_of(lost)
    assert await works(elsewhere, token)
    assert (await here.delete("/api/auth/sessions")).json() == {"ended": 1}

    async def is_heard() -> bool:
        return not await works(elsewhere, token)

    await holds_within(1, is_heard)
    assert not await works(rooms, token)


async def test_a_session_ends_when_nobody_uses_it_and_in_any_case(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = await rooms.person()
    rooms.chosen.values.update({"security.session_hours": 10, "security.session_idle_hours": 2})
    start = clock.now()
    unused, used = cookie_of(await rooms.signed_in(user_id)), cookie_of(await rooms.signed_in(user_id))
    for hours in (1.5, 3, 4.5, 6, 7.5, 9):
        later(monkeypatch, rooms, start + timedelta(hours=hours))
        assert await works(rooms, used)
    assert not await works(rooms, unused)
    later(monkeypatch, rooms, start + timedelta(hours=10.1))
    assert not await works(rooms, used)


def later(monkeypatch: pytest.MonkeyPatch, rooms: Rooms, moment: datetime) -> None:
    """Moves the clock, and lets what is remembered for a second go."""
    monkeypatch.setattr(clock, "now", lambda: moment)
    forget(rooms)


def forget(rooms: Rooms) -> None:
    """As if more than a second had gone by."""
    rooms.remembered.forget_everybody()


async def test_the_last_use_is_written_once_a_minute_at_most(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = await rooms.person()
    browser = await rooms.signed_in(user_id)
    start = clock.now()
    seen = []
    for moment in (start, start + LAST_SEEN_RESOLUTION / 2, start + LAST_SEEN_RESOLUTION * 1.1):
        later(monkeypatch, rooms, moment)
        seen.append((await browser.get("/api/auth/sessions")).json()["items"][0]["last_seen_at"])
    assert seen[0] == seen[1] != seen[2]


async def test_the_secret_itself_is_not_in_the_database(rooms: Rooms) -> None:
    token = cookie_of(await rooms.signed_in(await rooms.person()))
    async with rooms.database.across_teams() as tx:
        row = await (await tx.execute("SELECT s::text AS everything FROM identity_sessions s")).fetchone()
    assert row is not None
    assert token not in row["everything"]


async def test_a_deactivated_person_is_out_at_once(rooms: Rooms) -> None:
    user_id = await rooms.person()
    browser = await rooms.signed_in(user_id)
    assert (await browser.get("/api/auth/session")).status_code == 200
    async with rooms.database.across_teams() as tx:
        await tx.execute("UPDATE identity_users SET deactivated_at = now() WHERE id = %(id)s", {"id": user_id})
        await rooms.sign_in.sessions.end_all(tx, user_id)
    assert (await browser.get("/api/auth/session")).status_code == 401
    answer = await rooms.browser().post("/api/auth/password", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 401


async def test_a_session_moves_to_another_team_of_the_person_only(rooms: Rooms) -> None:
    user_id = await rooms.person()
    strangers_team, strangers_project = await rooms.place(await rooms.person("eve@example.com"))
    browser = await rooms.signed_in(user_id)
    for wish in (
        {"team_id": shown("team", strangers_team)},
        {"project_id": shown("prj", strangers_project)},
        {"team_id": shown("team", new_id())},
    ):
        assert (await browser.put("/api/auth/session", json=wish)).status_code == 404
    async with rooms.database.across_teams() as tx:
        await tx.execute(
            "INSERT INTO identity_members (team_id, user_id) VALUES (%(team)s, %(user)s)",
            {"team": strangers_team, "user": user_id},
        )
    answer = await browser.put("/api/auth/session", json={"team_id": shown("team", strangers_team)})
    assert answer.status_code == 204
    session = (await browser.get("/api/auth/session")).json()
    assert session["team"]["id"] == shown("team", strangers_team)
    assert "team.write" not in session["permissions"]


async def test_nobody_sets_fields_that_are_not_theirs(rooms: Rooms) -> None:
    user_id = await rooms.person()
    browser = await rooms.signed_in(user_id)
    for more in ({"user_id": shown("usr", new_id())}, {"factors": ["totp"]}, {"verified_at": "2030-01-01T00:00:00Z"}):
        assert (await browser.put("/api/auth/session", json=more)).status_code == 400
        assert (await browser.put("/api/auth/profile", json={"name": "Ada", **more})).status_code == 400
    for field in ("email", "email_verified", "id", "deactivated_at"):
        assert (await browser.put("/api/auth/profile", json={"name": "Ada", field: "x"})).status_code == 400
    assert (await browser.get("/api/auth/profile")).json()["email"] == "ada@example.com"


async def test_another_sites_page_can_neither_sign_in_nor_change_anything(rooms: Rooms) -> None:
    user_id = await rooms.person()
    wish = {"email": "ada@example.com", "password": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        assert (await rooms.browser().post("/api/auth/password", json=wish, headers=headers)).status_code == 403
        browser = await rooms.signed_in(user_id)
        assert (await browser.delete("/api/auth/sessions", headers=headers)).status_code == 403
    old = httpx.AsyncClient(transport=httpx.ASGITransport(rooms.app), base_url="http://localhost:8420")
    stranger = {"origin": "http://evil.example"}
    assert (await old.post("/api/auth/password", json=wish, headers=stranger)).status_code == 403
    ours = {"origin": "http://localhost:8420"}
    assert (await old.post("/api/auth/password", json=wish, headers=ours)).status_code == 200


async def test_sign_ins_and_ends_are_in_the_audit_log(rooms: Rooms) -> None:
    await rooms.person()
    browser = await signed_in_by_password(rooms)
    await browser.delete("/api/auth/session")
    assert [one["action"] for one in await rooms.audited("done")] == ["session.begin", "session.end"]


async def test_a_person_has_a_bounded_number_of_sessions(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mno.identity.sign_in.sessions.store.MAX_SESSIONS_PER_PERSON", 3)
    user_id = await rooms.person()
    tokens = [cookie_of(await rooms.signed_in(user_id, (Factor.LINK,))) for _ in range(5)]
    assert [await works(rooms, token) for token in tokens] == [False, False, True, True, True]


async def test_only_an_administrator_of_the_hub_makes_a_link_into_somebody_s_account(rooms: Rooms) -> None:
    root = await rooms.person("root@example.com")
    await rooms.make_hub_administrator(root)
    team_id, _ = await rooms.place(root)
    bob = await rooms.person("bob@example.com")
    async with rooms.database.across_teams() as tx:
        await members_store.insert_member(tx, team_id, bob, clock.now())
        await members_store.give_role(tx, team_id, bob, OWNER_ROLE, None, "test")
    browser = await rooms.signed_in(bob, (Factor.PASSWORD, Factor.TOTP))
    assert (await browser.put("/api/auth/session", json={"team_id": shown("team", team_id)})).status_code == 204
    assert "team.write" in (await browser.get("/api/auth/session")).json()["team_permissions"]
    # the link would open the account of the first Owner, who administers the hub
    assert (await browser.post("/api/auth/link")).status_code == 403
    assert (await (await rooms.signed_in(root)).post("/api/auth/link")).status_code == 403
    verified = await rooms.signed_in(root, (Factor.PASSWORD, Factor.TOTP))
    assert (await verified.post("/api/auth/link")).status_code == 201
