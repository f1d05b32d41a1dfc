"""Signing in through GitHub, spoken with its wire format."""

import httpx

from support.github import CLIENT_ID, CLIENT_SECRET, Github
from support.sign_in import Rooms


def switch_on(rooms: Rooms) -> None:
    rooms.chosen.values["github.client_id"] = CLIENT_ID
    rooms.chosen.secrets["github.client_secret"] = CLIENT_SECRET


async def arrived(browser: httpx.AsyncClient, github: Github) -> httpx.Response:
    start = await browser.get("/api/auth/github/start")
    assert start.status_code == 303, start.text
    return await browser.get(github.agreed(start.headers["location"]))


async def test_a_person_signs_in_by_the_primary_address_that_github_verified(rooms: Rooms, github: Github) -> None:
    switch_on(rooms)
    await rooms.person("octocat@example.com", None)
    assert (await rooms.browser().get("/api/auth/methods")).json()["github"] is True
    for answers_with_form in (False, True):
        github.answers_with_form = answers_with_form
        browser = rooms.browser()
        assert (await arrived(browser, github)).status_code == 303
        session = (await browser.get("/api/auth/session")).json()
        assert session["user"]["email"] == "octocat@example.com"
        assert session["session"]["factors"] == ["github"]


async def test_an_address_that_is_not_primary_or_not_verified_opens_nothing(rooms: Rooms, github: Github) -> None:
    switch_on(rooms)
    await rooms.person("old@example.com", None)
    await rooms.person("octocat@example.com", None)
    for emails in (
        [{"email": "octocat@example.com", "verified": False, "primary": True}],
        [{"email": "octocat@example.com", "verified": True, "primary": False}],
        [],
    ):
        github.person.emails = emails
        assert (await arrived(rooms.browser(), github)).status_code == 401


async def test_an_account_is_known_by_its_number_and_not_by_its_name(rooms: Rooms, github: Github) -> None:
    switch_on(rooms)
    await rooms.person("octocat@example.com", None)
    assert (await arrived(rooms.browser(), github)).status_code == 303
    github.person.emails = [{"email": "new@example.com", "verified": True, "primary": True}]
    github.person.login = "renamed"
    assert (await arrived(rooms.browser(), github)).status_code == 303
    github.person.id += 1
    assert (await arrived(rooms.browser(), github)).status_code == 401


async def test_a_forged_state_or_another_browsers_is_refused(rooms: Rooms, github: Github) -> None:
    switch_on(rooms)
    await rooms.person("octocat@example.com", None)
    browser = rooms.browser()
    back = github.agreed((await browser.get("/api/auth/github/start")).headers["location"])
    assert (await rooms.browser().get(back)).status_code == 401
    assert (await browser.get("/api/auth/github/callback?state=x&code=y")).status_code == 401
    assert (await browser.get("/api/auth/github/callback")).status_code == 401


async def test_a_wrong_client_secret_is_told_without_it(rooms: Rooms, github: Github) -> None:
    switch_on(rooms)
    rooms.chosen.secrets["github.client_secret"] = "wrong-secret-value"
    await rooms.person("octocat@example.com", None)
    answer = await arrived(rooms.browser(), github)
    assert answer.status_code == 401
    assert "incorrect_client_credentials" in answer.text
    assert "wrong-secret-value" not in answer.text


async def test_administrators_see_whether_the_secret_is_there_but_not_the_secret(rooms: Rooms) -> None:
    rooms.chosen.secrets.pop("github.client_secret", None)
    user_id = await rooms.person()
    assert (await (await rooms.signed_in(user_id)).get("/api/auth/github")).status_code == 403
    await rooms.make_hub_administrator(user_id)
    administrator = await rooms.signed_in(user_id)
    assert (await administrator.get("/api/auth/github")).json()["has_secret"] is False
    rooms.chosen.secrets["github.client_secret"] = "gh-canary-secret"
    told = await administrator.get("/api/auth/github")
    assert told.json()["has_secret"] is True
    assert told.json()["redirect_uri"].endswith("/api/auth/github/callback")
    assert "gh-canary-secret" not in told.text


async def test_the_client_secret_is_set_by_hub_administrators_and_never_shown(rooms: Rooms) -> None:
    user_id = await rooms.person()
    wish = {"client_secret": "gh-canary-secret"}
    assert (await (await rooms.signed_in(user_id)).put("/api/auth/github/secret", json=wish)).status_code == 403
    await rooms.make_hub_administrator(user_id)
    assert (await (await rooms.signed_in(user_id)).put("/api/auth/github/secret", json=wish)).status_code == 204
    assert rooms.chosen.secrets == {"github.client_secret": "gh-canary-secret"}
    assert "gh-canary-secret" not in str(await rooms.audited())


async def test_github_is_off_until_it_is_set_up(rooms: Rooms) -> None:
    assert (await rooms.browser().get("/api/auth/methods")).json()["github"] is False
    assert (await rooms.browser().get("/api/auth/github/start")).status_code == 404
