"""Signing in through an OpenID Connect provider that really runs, and every lie of its that must not pass."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from mno.identity.model import VIEWER_ROLE
from mno.identity.sign_in.model import Factor
from mno.platform.ids import new_id, shown
from support.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OidcProvider,
    signed_by_a_stranger,
    signed_with_the_public_key,
    unsigned,
)
from support.promises import PATIENCE_S
from support.sign_in import Rooms

Change = Callable[[dict[str, Any]], None]


async def administrator(rooms: Rooms) -> httpx.AsyncClient:
    user_id = await rooms.person("root@example.com")
    await rooms.make_hub_administrator(user_id)
    return await rooms.signed_in(user_id, (Factor.PASSKEY,))


async def set_up(rooms: Rooms, provider: OidcProvider, **more: Any) -> dict[str, Any]:
    wish = {"name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    answer = await (await administrator(rooms)).post("/api/auth/providers", json={**wish, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sent(browser: httpx.AsyncClient, company: dict[str, Any], query: str = "") -> str:
    answer = await browser.get(f"/api/auth/oidc/{company['id']}/start{query}")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def arrived(browser: httpx.AsyncClient, provider: OidcProvider, company: dict[str, Any]) -> httpx.Response:
    return await browser.get(provider.agreed(await sent(browser, company)))


async def test_a_provider_is_checked_before_it_is_set_up(rooms: Rooms, provider: OidcProvider) -> None:
    root = await administrator(rooms)
    assert (await root.post("/api/auth/providers/check", json={"issuer": provider.issuer})).status_code == 204
    answer = await root.post("/api/auth/providers/check", json={"issuer": f"{provider.issuer}/nowhere"})
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert (await root.get("/api/auth/providers")).json()["items"] == []
    stranger = await rooms.signed_in(await rooms.person())
    assert (await stranger.post("/api/auth/providers/check", json={"issuer": provider.issuer})).status_code == 403


async def test_a_person_signs_in_by_the_address_that_both_sides_verified(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    browser = rooms.browser()
    address = await sent(browser, company, "?return_to=/traces?x=1")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] != asked["state"]
    answer = await browser.get(provider.agreed(address))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/traces?x=1"
    session = (await browser.get("/api/auth/session")).json()
    assert session["user"]["email"] == "ada@example.com"
    assert session["session"]["factors"] == ["oidc"]
    assert session["session"]["verified_at"] is None
    # from now on it is the account there that counts, whatever its address becomes
    provider.person.email = "married@example.com"
    again = rooms.browser()
    assert (await arrived(again, provider, company)).status_code == 303
    assert (await again.get("/api/auth/session")).json()["user"]["email"] == "ada@example.com"


async def test_the_provider_is_a_button_without_its_secret(rooms: Rooms, provider: OidcProvider) -> None:
    company = await set_up(rooms, provider)
    assert CLIENT_SECRET not in str(company)
    assert company["redirect_uri"] == f"http://localhost:8420/api/auth/oidc/{company['id']}/callback"
    methods = (await rooms.browser().get("/api/auth/methods")).json()
    assert methods["providers"] == [{"id": company["id"], "name": "Company"}]
    async with rooms.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT encode(sealed_secret, 'escape') AS told FROM identity_sign_in_providers")
        ).fetchone()
    assert row is not None
    assert "s3cret" not in row["told"]


def issuer(claims: dict[str, Any]) -> None:
    claims["iss"] = "https://evil.example"


def audience(claims: dict[str, Any]) -> None:
    claims["aud"] = ["another application"]


def several_audiences(claims: dict[str, Any]) -> None:
    claims["aud"] = [CLIENT_ID, "another application"]


def another_party(claims: dict[str, Any]) -> None:
    claims["azp"] = "another application"


def nonce(claims: dict[str, Any]) -> None:
    claims["nonce"] = "of another sign-in"


def no_nonce(claims: dict[str, Any]) -> None:
    del claims["nonce"]


def expired(claims: dict[str, Any]) -> None:
    claims["exp"] = claims["iat"] - 100


def no_expiry(claims: dict[str, Any]) -> None:
    del claims["exp"]


def old(claims: dict[str, Any]) -> None:
    claims["iat"] -= 3600


def from_the_future(claims: dict[str, Any]) -> None:
    claims["iat"] += 3600
    claims["exp"] += 3600


def not_yet(claims: dict[str, Any]) -> None:
    claims["nbf"] = claims["iat"] + 600


def another_access_token(claims: dict[str, Any]) -> None:
    claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"


def a_nonce_that_is_no_ascii(claims: dict[str, Any]) -> None:
    claims["nonce"] = "ü"


def a_hash_that_is_no_ascii(claims: dict[str, Any]) -> None:
    claims["at_hash"] = "ü"


def nobody(claims: dict[str, Any]) -> None:
    del claims["sub"]


def a_number(claims: dict[str, Any]) -> None:
    claims["sub"] = 7


LIES: list[Change] = [
    issuer, audience, several_audiences, another_party, nonce, no_nonce, expired, no_expiry, old, from_the_future,
    not_yet, another_access_token, a_nonce_that_is_no_ascii, a_hash_that_is_no_ascii, nobody, a_number,
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
async def test_an_id_token_with_a_wrong_claim_is_refused(rooms: Rooms, provider: OidcProvider, lie: Change) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    provider.mischief.claims = lie
    browser = rooms.browser()
    assert (await arrived(browser, provider, company)).status_code == 401
    assert (await browser.get("/api/auth/session")).status_code == 401


@pytest.mark.parametrize("sign", [unsigned, signed_with_the_public_key, signed_by_a_stranger], ids=lambda s: s.__name__)
async def test_an_id_token_with_a_wrong_signature_is_refused(
    rooms: Rooms, provider: OidcProvider, sign: Callable[[OidcProvider, dict[str, Any]], str]
) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    provider.mischief.sign = sign
    answer = await arrived(rooms.browser(), provider, company)
    assert answer.status_code == 401
    async with asyncio.timeout(PATIENCE_S):
        while not (refused := await rooms.audited("refused")):
            await asyncio.sleep(0.05)
    assert refused[0]["action"] == "session.begin"


async def test_a_provider_may_change_its_keys_and_their_kind(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    assert (await arrived(rooms.browser(), provider, company)).status_code == 303
    for algorithm in ("ES256", "RS256"):
        provider.change_key(algorithm)
        assert (await arrived(rooms.browser(), provider, company)).status_code == 303


async def test_a_state_works_once_and_in_the_browser_that_was_sent_only(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    browser, victim = rooms.browser(), rooms.browser()
    back = provider.agreed(await sent(browser, company))
    # somebody else's answer, forced on a victim, signs the victim in as nobody, and it is spent
    assert (await victim.get(back)).status_code == 401
    assert (await browser.get(back)).status_code == 401
    back = provider.agreed(await sent(browser, company))
    assert (await browser.get(back)).status_code == 303
    assert (await browser.get(back)).status_code == 401
    forged = f"/api/auth/oidc/{company['id']}/callback?state=made-up&code=made-up"
    assert (await browser.get(forged)).status_code == 401


async def test_a_code_of_another_sign_in_is_refused(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    mine, theirs = rooms.browser(), rooms.browser()
    stolen = dict(parse_qsl(urlsplit(provider.agreed(await sent(theirs, company))).query))["code"]
    state = dict(parse_qsl(urlsplit(await sent(mine, company)).query))["state"]
    swapped = f"/api/auth/oidc/{company['id']}/callback?state={state}&code={stolen}"
    assert (await mine.get(swapped)).status_code == 401


async def test_an_answer_that_names_another_issuer_is_refused(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    provider.mischief.iss_in_answer = "https://evil.example"
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401
    provider.mischief.iss_in_answer = provider.issuer
    assert (await arrived(rooms.browser(), provider, company)).status_code == 303


async def test_what_the_provider_refused_is_told_without_markup(rooms: Rooms, provider: OidcProvider) -> None:
    company = await set_up(rooms, provider)
    browser = rooms.browser()
    state = dict(parse_qsl(urlsplit(await sent(browser, company)).query))["state"]
    answer = await browser.get(
        f"/api/auth/oidc/{company['id']}/callback",
        params={"state": state, "error": "<script>alert(1)</script>"},
        headers={"accept": "text/html"},
    )
    assert answer.status_code == 401
    assert "<script>" not in answer.text


async def test_an_address_that_the_provider_did_not_verify_opens_no_account(
    rooms: Rooms, provider: OidcProvider
) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    for word in (False, None, "false", 1, "yes"):
        provider.person.email_verified = word
        assert (await arrived(rooms.browser(), provider, company)).status_code == 401, word


async def test_an_address_that_the_account_has_not_proved_opens_it_not(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person(verified=False)
    company = await set_up(rooms, provider)
    answer = await arrived(rooms.browser(), provider, company)
    assert answer.status_code == 401
    assert "link" in answer.json()["detail"]


async def test_a_provider_speaks_for_its_domains_only(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider, domains=["other.example"])
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401
    provider.person.email = "ada@example.com.other.example.evil"
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401


async def test_a_trusted_domain_needs_no_word_about_verification(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider, domains=["example.com"], trusts_email=True)
    provider.person.email_verified = None
    assert (await arrived(rooms.browser(), provider, company)).status_code == 303


async def test_the_address_may_come_from_userinfo_of_the_same_person(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    provider.mischief.claims_in_userinfo = True
    provider.mischief.userinfo = {"sub": "somebody-else"}
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401
    provider.mischief.userinfo = {}
    assert (await arrived(rooms.browser(), provider, company)).status_code == 303


async def test_somebody_new_comes_in_only_where_the_setting_says_so(rooms: Rooms, provider: OidcProvider) -> None:
    company = await set_up(rooms, provider)
    provider.person.email = "new@example.com"
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401
    root = await rooms.signed_in(await owner_id(rooms, "root@example.com"), (Factor.PASSKEY,))
    team = (await root.get("/api/auth/session")).json()["team"]["id"]
    wish = {
        "name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID,
        "joins_team": team, "joins_role": shown("role", VIEWER_ROLE),
    }  # fmt: skip
    assert (await root.put(f"/api/auth/providers/{company['id']}", json=wish)).status_code == 200
    browser = rooms.browser()
    assert (await arrived(browser, provider, company)).status_code == 303
    session = (await browser.get("/api/auth/session")).json()
    assert session["user"]["email"] == "new@example.com"
    assert session["team"]["id"] == team
    assert "spans.read" in session["permissions"]
    assert "members.write" not in session["permissions"]
    assert "members.create" in [one["action"] for one in await rooms.audited("done")]


async def test_nobody_lets_people_into_a_team_of_others(rooms: Rooms, provider: OidcProvider) -> None:
    strangers, _ = await rooms.place(await rooms.person("eve@example.com"))
    wish = {
        "name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID,
        "joins_team": shown("team", strangers), "joins_role": shown("role", VIEWER_ROLE),
    }  # fmt: skip
    root = await administrator(rooms)
    assert (await root.post("/api/auth/providers", json=wish)).status_code == 403
    own = (await root.get("/api/auth/session")).json()["team"]["id"]
    unknown = {**wish, "joins_team": own, "joins_role": shown("role", new_id())}
    assert (await root.post("/api/auth/providers", json=unknown)).status_code == 404


async def test_only_a_hub_administrator_sets_providers_up(rooms: Rooms, provider: OidcProvider) -> None:
    owner = await rooms.signed_in(await rooms.person(), (Factor.PASSKEY,))
    wish = {"name": "Evil", "issuer": provider.issuer, "client_id": CLIENT_ID}
    assert (await owner.post("/api/auth/providers", json=wish)).status_code == 403
    assert (await owner.get("/api/auth/providers")).status_code == 403


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"issuer": "http://login.example.com"}, 400),
        ({"issuer": "https://login.example.com/?x=1"}, 400),
        ({"scopes": "email"}, 400),
        ({"trusts_email": True}, 400),
        ({"domains": ["not a domain"]}, 400),
        ({"joins_team": shown("team", new_id())}, 400),
        ({"owner": "me"}, 400),
    ],
)
async def test_a_provider_that_contradicts_itself_is_refused(
    rooms: Rooms, provider: OidcProvider, wish: dict[str, Any], status: int
) -> None:
    root = await administrator(rooms)
    whole = {"name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID, **wish}
    assert (await root.post("/api/auth/providers", json=whole)).status_code == status


async def test_a_provider_that_calls_itself_otherwise_is_refused(rooms: Rooms, provider: OidcProvider) -> None:
    root = await administrator(rooms)
    wish = {"name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID}
    for description in ({"issuer": "https://other.example"}, {"token_endpoint": "http://evil.example/token"}):
        provider.mischief.discovery = description
        assert (await root.post("/api/auth/providers", json=wish)).status_code == 400


async def test_a_trusted_provider_can_vouch_for_a_second_factor(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider, trusts_factor=True)
    for methods, factors in ((["pwd"], ["oidc"]), (["pwd", "mfa"], ["oidc", "provider_factor"])):
        provider.person.amr = methods
        browser = rooms.browser()
        await arrived(browser, provider, company)
        session = (await browser.get("/api/auth/session")).json()["session"]
        assert session["factors"] == factors
        assert (session["verified_at"] is not None) == (len(factors) == 2)


async def test_an_account_is_linked_from_our_own_pages_and_unlinked(rooms: Rooms, provider: OidcProvider) -> None:
    user_id = await rooms.person(password=None, verified=False)
    company = await set_up(rooms, provider)
    provider.person.email = "private@elsewhere.example"
    browser = await rooms.signed_in(user_id)
    start = f"/api/auth/oidc/{company['id']}/start?link=true"
    assert (await browser.get(start, headers={"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await rooms.browser().get(start)).status_code == 401
    back = provider.agreed(await sent(browser, company, "?link=true"))
    assert (await browser.get(back)).status_code == 303
    assert [one["name"] for one in (await browser.get("/api/auth/accounts")).json()["items"]] == ["Company"]
    fresh = rooms.browser()
    assert (await arrived(fresh, provider, company)).status_code == 303
    assert (await fresh.get("/api/auth/profile")).json()["id"] == shown("usr", user_id)
    other = await rooms.signed_in(await rooms.person("eve@example.com", None))
    assert (await other.get(provider.agreed(await sent(other, company, "?link=true")))).status_code == 409
    assert (await browser.delete(f"/api/auth/accounts/{company['id']}")).status_code == 204
    assert (await arrived(rooms.browser(), provider, company)).status_code == 401


@pytest.mark.parametrize(
    "return_to", ["//evil.example", "https://evil.example", "/\\evil.example", "/api/auth/link?token=x", "/\tevil"]
)
async def test_nobody_is_sent_on_to_another_site(rooms: Rooms, provider: OidcProvider, return_to: str) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    browser = rooms.browser()
    answer = await browser.get(f"/api/auth/oidc/{company['id']}/start", params={"return_to": return_to})
    assert (await browser.get(provider.agreed(answer.headers["location"]))).headers["location"] == "/"


async def test_a_provider_that_is_switched_off_or_removed_signs_nobody_in(rooms: Rooms, provider: OidcProvider) -> None:
    await rooms.person()
    company = await set_up(rooms, provider)
    root = await rooms.signed_in(await owner_id(rooms, "root@example.com"), (Factor.PASSKEY,))
    wish = {"name": "Company", "issuer": provider.issuer, "client_id": CLIENT_ID, "enabled": False}
    browser = rooms.browser()
    back = provider.agreed(await sent(browser, company))
    assert (await root.put(f"/api/auth/providers/{company['id']}", json=wish)).status_code == 200
    assert (await browser.get(back)).status_code == 404
    assert (await browser.get(f"/api/auth/oidc/{company['id']}/start")).status_code == 404
    assert (await root.delete(f"/api/auth/providers/{company['id']}")).status_code == 204
    assert (await root.get("/api/auth/providers")).json()["items"] == []


async def owner_id(rooms: Rooms, email: str) -> Any:
    async with rooms.database.across_teams() as tx:
        row = await (
            await tx.execute("SELECT id FROM identity_users WHERE email = %(email)s", {"email": email})
        ).fetchone()
    assert row is not None
    return row["id"]
