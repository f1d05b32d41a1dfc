"""Passkeys, one-time codes and recovery codes: as a way in, as a second factor, and shown again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest

from mno.identity.sign_in.model import Factor
from mno.platform import clock
from support.authenticator import Authenticator
from support.sign_in import PASSWORD, Rooms

ADA = {"email": "ada@example.com", "password": PASSWORD}
NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


async def registered(browser: httpx.AsyncClient, device: Authenticator) -> httpx.Response:
    begun = (await browser.post("/api/auth/passkeys/options")).json()
    wish = {"token": begun["token"], "credential": device.create(begun["options"]), "name": "Laptop"}
    return await browser.post("/api/auth/passkeys", json=wish)


async def shown(browser: httpx.AsyncClient, device: Authenticator) -> dict[str, Any]:
    begun = (await browser.post("/api/auth/passkey/options")).json()
    return {"token": begun["token"], "credential": device.get(begun["options"])}


async def with_app(rooms: Rooms) -> tuple[httpx.AsyncClient, pyotp.TOTP, list[str]]:
    """Somebody with a password and an authenticator app, signed in."""
    browser = rooms.browser()
    await rooms.person()
    await browser.post("/api/auth/password", json=ADA)
    await browser.post("/api/auth/verify", json={"password": PASSWORD})
    enrolled = (await browser.post("/api/auth/totp")).json()
    app = pyotp.parse_uri(enrolled["uri"])
    assert isinstance(app, pyotp.TOTP)
    answer = await browser.post("/api/auth/totp/confirm", json={"code": app.at(clock.now())})
    assert answer.status_code == 200, answer.text
    return browser, app, answer.json()["codes"]


# — passkeys —


async def test_a_passkey_signs_in_without_a_name_and_counts_as_two_factors(rooms: Rooms) -> None:
    device = Authenticator()
    assert (await registered(await rooms.signed_in(await rooms.person(password=None)), device)).status_code == 201
    browser = rooms.browser()
    assert (await browser.post("/api/auth/passkey", json=await shown(browser, device))).status_code == 200
    session = (await browser.get("/api/auth/session")).json()
    assert session["user"]["email"] == "ada@example.com"
    assert session["session"]["factors"] == ["passkey"]
    assert session["session"]["verified_at"] is not None


async def test_a_passkeys_answer_works_once(rooms: Rooms) -> None:
    device = Authenticator()
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    browser = rooms.browser()
    answer = await shown(browser, device)
    assert (await browser.post("/api/auth/passkey", json=answer)).status_code == 200
    assert (await rooms.browser().post("/api/auth/passkey", json=answer)).status_code == 401


async def test_a_challenge_that_was_answered_wrongly_is_not_answered_again(rooms: Rooms) -> None:
    device = Authenticator()
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    answer = await shown(rooms.browser(), device)
    wrong = {**answer, "credential": {**answer["credential"], "rawId": "AAAA"}}
    assert (await rooms.browser().post("/api/auth/passkey", json=wrong)).status_code == 401
    refused = await rooms.browser().post("/api/auth/passkey", json=answer)
    assert (refused.status_code, "begin again" in refused.text) == (401, True)


@pytest.mark.parametrize("origin", ["http://localhost:9999", "https://localhost:8420", "http://evil.example"])
async def test_a_passkey_that_was_shown_to_another_site_is_refused(rooms: Rooms, origin: str) -> None:
    device = Authenticator()
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    device.origin = origin
    browser = rooms.browser()
    assert (await browser.post("/api/auth/passkey", json=await shown(browser, device))).status_code == 401


async def test_a_passkey_must_verify_its_user(rooms: Rooms) -> None:
    device = Authenticator()
    browser = await rooms.signed_in(await rooms.person(password=None))
    device.verifies_user = False
    assert (await registered(browser, device)).status_code == 400
    device.verifies_user = True
    device.passkeys.clear()
    assert (await registered(browser, device)).status_code == 201
    device.verifies_user = False
    assert (await browser.post("/api/auth/passkey", json=await shown(browser, device))).status_code == 401


async def test_a_copied_passkey_is_found_by_its_count(rooms: Rooms) -> None:
    device = Authenticator()
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    for count, expected in ((5, 200), (2, 401), (5, 401), (6, 200)):
        device.passkeys[0].count = count - 1
        browser = rooms.browser()
        answer = await browser.post("/api/auth/passkey", json=await shown(browser, device))
        assert answer.status_code == expected, count


async def test_an_authenticator_without_a_count_works_again_and_again(rooms: Rooms) -> None:
    device = Authenticator(counts=False)
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    for _ in range(2):
        browser = rooms.browser()
        assert (await browser.post("/api/auth/passkey", json=await shown(browser, device))).status_code == 200


async def test_a_passkey_cannot_be_registered_in_a_ceremony_of_somebody_else(rooms: Rooms) -> None:
    ada = await rooms.signed_in(await rooms.person(password=None))
    eve = await rooms.signed_in(await rooms.person("eve@example.com", None))
    begun = (await ada.post("/api/auth/passkeys/options")).json()
    wish = {"token": begun["token"], "credential": Authenticator().create(begun["options"]), "name": "Eve's"}
    assert (await eve.post("/api/auth/passkeys", json=wish)).status_code == 400


async def test_a_user_handle_of_somebody_else_is_refused(rooms: Rooms) -> None:
    device = Authenticator()
    await registered(await rooms.signed_in(await rooms.person(password=None)), device)
    device.passkeys[0].user_handle = bytes(16)
    browser = rooms.browser()
    assert (await browser.post("/api/auth/passkey", json=await shown(browser, device))).status_code == 401


async def test_a_page_at_an_address_that_does_not_fit_is_told_why(rooms: Rooms) -> None:
    rooms.chosen.values["security.webauthn_rp_id"] = "hub.example.com"
    answer = await rooms.browser().post("/api/auth/passkey/options")
    assert answer.status_code == 403
    assert "security.webauthn_rp_id" in answer.json()["detail"]


async def test_passkeys_are_named_and_removed_by_their_owner_only(rooms: Rooms) -> None:
    device = Authenticator()
    browser = await rooms.signed_in(await rooms.person(password=None))
    key = (await registered(browser, device)).json()
    eve = await rooms.signed_in(await rooms.person("eve@example.com", None))
    assert (await eve.delete(f"/api/auth/passkeys/{key['id']}")).status_code == 404
    assert (await eve.put(f"/api/auth/passkeys/{key['id']}", json={"name": "mine"})).status_code == 404
    assert (await browser.put(f"/api/auth/passkeys/{key['id']}", json={"name": "Desk"})).status_code == 204
    # to take a factor away one must show one
    assert (await browser.delete(f"/api/auth/passkeys/{key['id']}")).status_code == 403
    assert (await browser.post("/api/auth/verify", json={"passkey": await shown(browser, device)})).status_code == 204
    assert [one["name"] for one in (await browser.get("/api/auth/passkeys")).json()["items"]] == ["Desk"]
    assert (await browser.delete(f"/api/auth/passkeys/{key['id']}")).status_code == 204
    assert (await rooms.browser().post("/api/auth/passkey", json=await shown(browser, device))).status_code == 401


NESTED = json.loads('{"a":' * 400 + "1" + "}" * 400)


@pytest.mark.parametrize(
    "credential",
    [{}, {"rawId": 5}, {"rawId": "AAAA", "response": {}}, {"rawId": "%%%"}, {"rawId": "AA", "n": 10**30}, NESTED],
)
async def test_nonsense_in_place_of_a_passkey_is_refused(rooms: Rooms, credential: dict[str, Any]) -> None:
    browser = rooms.browser()
    begun = (await browser.post("/api/auth/passkey/options")).json()
    answer = await browser.post("/api/auth/passkey", json={"token": begun["token"], "credential": credential})
    assert answer.status_code == 401


# — one-time codes —


async def test_a_second_factor_is_asked_for_and_a_code_works_once(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    _, app, _ = await with_app(rooms)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=1))
    code = app.at(clock.now())
    browser = rooms.browser()
    wanted = (await browser.post("/api/auth/password", json=ADA)).json()
    assert wanted["signed_in"] is False
    assert wanted["second_factor"]["factors"] == ["totp", "recovery_code"]
    assert (await browser.get("/api/auth/session")).status_code == 401
    token = wanted["second_factor"]["token"]
    assert (await browser.post("/api/auth/second-factor", json={"token": token, "totp": "000000"})).status_code == 401
    assert (await browser.post("/api/auth/second-factor", json={"token": token, "totp": code})).status_code == 200
    assert (await browser.get("/api/auth/session")).json()["session"]["factors"] == ["password", "totp"]
    again = (await rooms.browser().post("/api/auth/password", json=ADA)).json()["second_factor"]["token"]
    reused = await rooms.browser().post("/api/auth/second-factor", json={"token": again, "totp": code})
    assert reused.status_code == 401
    spent = await rooms.browser().post("/api/auth/second-factor", json={"token": token, "totp": code})
    assert spent.status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-90, 403), (-30, 204), (0, 204), (30, 204), (90, 403)])
async def test_a_clock_may_be_half_a_minute_off_and_no_more(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    browser, app, _ = await with_app(rooms)
    later = NOON + timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    code = app.at(later + timedelta(seconds=seconds))
    assert (await browser.post("/api/auth/verify", json={"totp": code})).status_code == status


async def test_an_older_code_does_not_count_after_a_newer_one(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    browser, app, _ = await with_app(rooms)
    later = NOON + timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    newer, older = app.at(later + timedelta(seconds=30)), app.at(later)
    assert (await browser.post("/api/auth/verify", json={"totp": newer})).status_code == 204
    assert (await browser.post("/api/auth/verify", json={"totp": older})).status_code == 403


async def test_recovery_codes_work_once_each_however_they_are_typed(rooms: Rooms) -> None:
    browser, _, codes = await with_app(rooms)
    assert len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ")
    assert (await browser.post("/api/auth/verify", json={"recovery_code": typed})).status_code == 204
    assert (await browser.post("/api/auth/verify", json={"recovery_code": codes[0]})).status_code == 403
    assert (await browser.get("/api/auth/profile")).json()["recovery_codes"] == 9
    fresh = (await browser.post("/api/auth/recovery-codes")).json()["codes"]
    assert (await browser.post("/api/auth/verify", json={"recovery_code": codes[1]})).status_code == 403
    assert (await browser.post("/api/auth/verify", json={"recovery_code": fresh[0]})).status_code == 204


async def test_who_has_a_second_factor_cannot_show_the_password_in_its_place(rooms: Rooms) -> None:
    browser, _, _ = await with_app(rooms)
    assert (await browser.post("/api/auth/verify", json={"password": PASSWORD})).status_code == 400


@pytest.mark.usefixtures("still_clock")
async def test_guessing_codes_is_limited_though_the_password_is_known(rooms: Rooms) -> None:
    await with_app(rooms)
    token = (await rooms.browser().post("/api/auth/password", json=ADA)).json()["second_factor"]["token"]
    statuses = [
        (await rooms.browser().post("/api/auth/second-factor", json={"token": token, "totp": f"{n:06}"})).status_code
        for n in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2


async def test_the_secrets_of_codes_are_not_in_the_database(rooms: Rooms) -> None:
    _, app, codes = await with_app(rooms)
    async with rooms.database.across_teams() as tx:
        row = await (
            await tx.execute(
                "SELECT (SELECT string_agg(encode(sealed, 'escape'), '') FROM identity_totp) ||"
                " (SELECT string_agg(r::text, '') FROM identity_recovery_codes r) AS told"
            )
        ).fetchone()
    assert row is not None
    assert app.secret not in row["told"]
    assert not any(code in row["told"] for code in codes)


async def test_a_fresh_factor_grows_old(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    browser, _, _ = await with_app(rooms)
    assert (await browser.post("/api/auth/recovery-codes")).status_code == 201
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=11))
    answer = await browser.post("/api/auth/recovery-codes")
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:mno:problem:verification-required"


async def test_a_role_that_demands_a_second_factor_is_not_held_by_a_password(rooms: Rooms) -> None:
    user_id = await rooms.person()
    async with rooms.database.as_administrator() as tx:
        await tx.execute("SELECT set_config('mno.team', '*', true)")
        await tx.execute("UPDATE identity_roles SET demands_second_factor = true WHERE name = 'Owner'")
    browser = await rooms.signed_in(user_id)
    await browser.post("/api/auth/verify", json={"password": PASSWORD})
    session = (await browser.get("/api/auth/session")).json()
    assert session["session"]["verified_at"] is not None
    assert "team.write" not in session["permissions"]
    strong = await rooms.signed_in(user_id, (Factor.PASSWORD, Factor.TOTP))
    assert "team.write" in (await strong.get("/api/auth/session")).json()["permissions"]


async def test_a_hub_administrator_takes_lost_factors_away_and_nobody_else_does(rooms: Rooms) -> None:
    lost, _, _ = await with_app(rooms)
    user = (await lost.get("/api/auth/profile")).json()["id"]
    root = await rooms.person("root@example.com")
    await rooms.make_hub_administrator(root)
    owner = await rooms.signed_in(await rooms.person("owner@example.com"), (Factor.PASSKEY,))
    assert (await owner.delete(f"/api/auth/users/{user}/factors")).status_code == 403
    assert (await owner.post(f"/api/auth/users/{user}/reset-link")).status_code == 403
    unverified = await rooms.signed_in(root)
    assert (await unverified.delete(f"/api/auth/users/{user}/factors")).status_code == 403
    administrator = await rooms.signed_in(root, (Factor.PASSKEY,))
    assert (await administrator.post(f"/api/auth/users/{user}/reset-link")).status_code == 201
    assert (await administrator.delete(f"/api/auth/users/{user}/factors")).status_code == 204
    assert (await lost.get("/api/auth/session")).status_code == 401
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).json()["signed_in"] is True
