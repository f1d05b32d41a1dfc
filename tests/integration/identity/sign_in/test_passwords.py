"""Passwords: what is taken, how they are kept, how trying is limited, and that nobody learns who has an account."""

import asyncio
import re
import threading
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from mno.identity.sign_in.attempts.waits import RULES, Kind
from mno.identity.sign_in.passwords import store as passwords_store
from mno.identity.sign_in.passwords.hashing import HASHER, PasswordHashes
from mno.platform import clock
from mno.platform.errors import LimitExceeded
from support.promises import PATIENCE_S
from support.sign_in import CHEAP, PASSWORD, Rooms

ADA = {"email": "ada@example.com", "password": PASSWORD}
WRONG = {**ADA, "password": "seven green herons wait"}


async def stored_hash(rooms: Rooms) -> str:
    async with rooms.database.across_teams() as tx:
        row = await (await tx.execute("SELECT hash FROM identity_passwords")).fetchone()
    assert row is not None
    return str(row["hash"])


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(rooms: Rooms) -> None:
    await rooms.person()
    await rooms.person("eve@example.com", None)
    answers = [
        await rooms.browser().post("/api/auth/password", json=wish)
        for wish in (WRONG, {**ADA, "email": "nobody@example.com"}, {**ADA, "email": "eve@example.com"})
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert not any(answer.headers.get("set-cookie") for answer in answers)


class Watched(PasswordHasher):
    """argon2 itself, which notes how costly each hash was that it computed."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=1024, parallelism=1)
        self.costs: list[Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - its name there
        self.costs.append(extract_parameters(hash if isinstance(hash, str) else hash.decode()))
        return super().verify(hash, password)


async def test_an_unknown_address_takes_as_long_as_a_wrong_password() -> None:
    hasher = Watched()
    hashes = PasswordHashes(hasher)
    known = await hashes.make(PASSWORD)
    for hash_ in (None, known, None):
        assert await hashes.check(hash_, "wrong one") == (False, None)
    nobody, somebody, nobody_again = hasher.costs
    assert nobody == somebody == nobody_again


async def test_hashes_are_argon2id_of_a_recommended_cost(rooms: Rooms) -> None:
    await rooms.person()
    assert (await stored_hash(rooms)).startswith("$argon2id$")
    assert (HASHER.memory_cost, HASHER.time_cost) == (64 * 1024, 3)


async def test_a_hash_of_old_parameters_is_made_anew_at_the_next_sign_in(rooms: Rooms) -> None:
    user_id = await rooms.person()
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    async with rooms.database.across_teams() as tx:
        await rooms.sign_in.passwords.keep(tx, user_id, old)
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).status_code == 200
    renewed = await stored_hash(rooms)
    assert renewed != old
    assert not CHEAP.check_needs_rehash(renewed)
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).status_code == 200
    assert await stored_hash(rooms) == renewed


class Held(PasswordHasher):
    """argon2 itself, once somebody says that it may go on."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.began, self.go_on = threading.Event(), threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.began.set()
        assert self.go_on.wait(PATIENCE_S), "whoever should say so has to wait for this hash"
        return super().hash(password, salt=salt)


async def test_the_event_loop_goes_on_while_hashes_are_made_and_the_queue_is_bounded() -> None:
    hasher = Held()
    hashes = PasswordHashes(hasher)
    making = [asyncio.create_task(hashes.make(f"password {n}")) for n in range(60)]
    async with asyncio.timeout(PATIENCE_S):
        while not hasher.began.is_set() or sum(task.done() for task in making) < 60 - 34:
            await asyncio.sleep(0.001)
    hasher.go_on.set()
    results = await asyncio.gather(*making, return_exceptions=True)
    assert sum(isinstance(one, LimitExceeded) for one in results) == 60 - 34
    assert sum(isinstance(one, str) for one in results) == 34


async def test_guessing_waits_longer_and_longer_on_all_nodes_together(
    rooms: Rooms, elsewhere: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rooms.person()
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    nodes = [rooms.browser(), elsewhere.browser()]
    free = RULES[Kind.ACCOUNT].free
    statuses = [(await nodes[n % 2].post("/api/auth/password", json=WRONG)).status_code for n in range(free + 2)]
    assert statuses == [401] * free + [429, 429]
    waits = []
    moment = start
    for n in range(4):
        answer = await nodes[n % 2].post("/api/auth/password", json=WRONG)
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
        moment += timedelta(seconds=waits[-1])
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert (await nodes[n % 2].post("/api/auth/password", json=WRONG)).status_code == 401
    assert waits == [1, 2, 4, 8]
    # the right one has to wait as well, or the wait would tell nothing
    assert (await nodes[0].post("/api/auth/password", json=ADA)).status_code == 429
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(minutes=16))
    assert (await nodes[0].post("/api/auth/password", json=ADA)).status_code == 200


@pytest.mark.usefixtures("still_clock")
async def test_a_hundred_guesses_at_once_are_a_hundred_guesses(rooms: Rooms) -> None:
    await rooms.person()
    answers = await asyncio.gather(
        *(
            rooms.browser().post("/api/auth/password", json={**WRONG, "password": f"guess number {n}"})
            for n in range(20)
        )
    )
    assert sum(answer.status_code == 401 for answer in answers) == RULES[Kind.ACCOUNT].free


@pytest.mark.usefixtures("still_clock")
async def test_an_unknown_address_is_limited_like_a_known_one(rooms: Rooms) -> None:
    nobody = {**ADA, "email": "nobody@example.com"}
    statuses = [(await rooms.browser().post("/api/auth/password", json=nobody)).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


@pytest.mark.usefixtures("still_clock")
async def test_strangers_do_not_keep_somebody_out_of_a_browser_that_they_used(rooms: Rooms) -> None:
    await rooms.person()
    own = rooms.browser()
    assert (await own.post("/api/auth/password", json=ADA)).status_code == 200
    for _ in range(8):
        await rooms.browser().post("/api/auth/password", json=WRONG)
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).status_code == 429
    assert (await own.post("/api/auth/password", json=ADA)).status_code == 200


@pytest.mark.usefixtures("still_clock")
async def test_one_address_cannot_try_one_password_on_everybody(rooms: Rooms) -> None:
    statuses = []
    for n in range(RULES[Kind.ADDRESS].free + 1):
        wish = {**ADA, "email": f"user{n}@example.com"}
        statuses.append((await rooms.browser().post("/api/auth/password", json=wish)).status_code)
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {401}


@pytest.mark.parametrize("password", ["short", "password1234", "Qwertyuiop123", "aaaaaaaaaaaaaa", "x" * 300])
async def test_a_weak_password_is_refused_with_a_reason(rooms: Rooms, password: str) -> None:
    browser = await rooms.signed_in(await rooms.person(password=None))
    answer = await browser.put("/api/auth/password", json={"password": password})
    assert answer.status_code == 400
    assert "assword" in answer.json()["detail"]
    assert password not in answer.text


async def test_a_change_wants_the_current_password_and_ends_other_sessions(rooms: Rooms) -> None:
    user_id = await rooms.person()
    here, there = await rooms.signed_in(user_id), await rooms.signed_in(user_id)
    new = {"password": "eight blue herons wade"}
    without = await here.put("/api/auth/password", json=new)
    assert without.status_code == 403
    assert without.json()["type"] == "urn:mno:problem:verification-required"
    wrong = await here.put("/api/auth/password", json={**new, "current": "seven green herons wait"})
    assert wrong.status_code == 403
    assert (await here.put("/api/auth/password", json={**new, "current": PASSWORD})).status_code == 204
    assert (await here.get("/api/auth/session")).status_code == 200
    assert (await there.get("/api/auth/session")).status_code == 401
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).status_code == 401


async def test_a_link_by_mail_sets_a_new_password_once_and_ends_all_sessions(rooms: Rooms) -> None:
    browser = await rooms.signed_in(await rooms.person())
    for email in ("ADA@example.com", "nobody@example.com"):
        assert (await rooms.browser().post("/api/auth/password/reset", json={"email": email})).status_code == 202
    await rooms.sign_in.passwords.letters_sent()
    [(to, text)] = rooms.mailbox.letters
    assert to == "ada@example.com"
    [token] = re.findall(r"#(\S+)", text)
    weak = await rooms.browser().post("/api/auth/password/new", json={"token": token, "password": "short"})
    assert weak.status_code == 400
    new = {"token": token, "password": "eight blue herons wade"}
    assert (await rooms.browser().post("/api/auth/password/new", json=new)).status_code == 204
    assert (await rooms.browser().post("/api/auth/password/new", json=new)).status_code == 400
    assert (await browser.get("/api/auth/session")).status_code == 401
    sign_in = {"email": "ada@example.com", "password": "eight blue herons wade"}
    assert (await rooms.browser().post("/api/auth/password", json=sign_in)).status_code == 200


async def test_letters_speak_the_persons_language_else_the_teams(rooms: Rooms) -> None:
    ada = await rooms.signed_in(await rooms.person())
    rooms.chosen.values["general.language"] = "zh-Hant"
    for language, heading in (("", "重設密碼"), ("zh-Hans", "重置密码"), ("en", "Choose a new password")):
        assert (await ada.put("/api/auth/profile", json={"name": "Ada", "language": language})).status_code == 200
        await rooms.browser().post("/api/auth/password/reset", json={"email": "ada@example.com"})
        await rooms.sign_in.passwords.letters_sent()
        text = rooms.mailbox.letters[-1][1]
        assert (heading in text, text.splitlines()[-1]) == (True, language or "zh-Hant")
        assert (await ada.get("/api/auth/session")).json()["language"] == (language or "zh-Hant")


async def test_an_unproved_address_gets_no_reset_link(rooms: Rooms) -> None:
    await rooms.person(verified=False)
    await rooms.browser().post("/api/auth/password/reset", json={"email": "ada@example.com"})
    await rooms.sign_in.passwords.letters_sent()
    assert rooms.mailbox.letters == []


async def test_an_address_is_proved_by_the_letter_that_went_there(rooms: Rooms) -> None:
    user_id = await rooms.person(password=None, verified=False)
    browser = await rooms.signed_in(user_id)
    assert (await browser.post("/api/auth/address", json={"email": "ada@new.example.com"})).status_code == 202
    [(to, text)] = rooms.mailbox.letters
    assert to == "ada@new.example.com"
    [token] = re.findall(r"#(\S+)", text)
    stranger = await rooms.signed_in(await rooms.person("eve@example.com", None))
    assert (await stranger.post("/api/auth/address/confirm", json={"token": token})).status_code == 400
    browser2 = await rooms.signed_in(user_id)
    await browser2.post("/api/auth/address", json={"email": "ada@new.example.com"})
    [token] = re.findall(r"#(\S+)", rooms.mailbox.letters[-1][1])
    assert (await browser2.post("/api/auth/address/confirm", json={"token": token})).json() == {
        "email": "ada@new.example.com"
    }
    assert (await browser2.get("/api/auth/profile")).json()["email_verified"] is True


async def test_the_first_owner_enters_an_address_where_no_mail_is_sent(rooms: Rooms) -> None:
    rooms.mailbox.on = False
    await rooms.person("eve@example.com")
    owner = await rooms.signed_in(await rooms.person("", None, verified=False))
    taken = await owner.post("/api/auth/address", json={"email": "Eve@example.com"})
    assert taken.status_code == 409
    answer = await owner.post("/api/auth/address", json={"email": "owner@example.com"})
    assert (answer.status_code, answer.json()) == (202, {"mailed": False})
    profile = (await owner.get("/api/auth/profile")).json()
    assert (profile["email"], profile["email_verified"]) == ("owner@example.com", False)
    # from now on it takes a letter
    assert (await owner.post("/api/auth/address", json={"email": "other@example.com"})).status_code == 503


async def test_refused_attempts_are_audited_without_the_password(rooms: Rooms) -> None:
    await rooms.person()
    await rooms.browser().post("/api/auth/password", json=WRONG)
    async with asyncio.timeout(PATIENCE_S):
        while not (refused := await rooms.audited("refused")):
            await asyncio.sleep(0.05)
    assert refused[0]["action"] == "session.begin"
    async with rooms.database.across_teams() as tx:
        rows = await (await tx.execute("SELECT a::text AS told FROM audit_entries a")).fetchall()
    assert not any("herons" in row["told"] for row in rows)


async def test_signing_in_by_password_can_be_switched_off(rooms: Rooms) -> None:
    await rooms.person()
    rooms.chosen.values["security.password_sign_in"] = False
    assert (await rooms.browser().post("/api/auth/password", json=ADA)).status_code == 403
    assert (await rooms.browser().get("/api/auth/methods")).json()["password"] is False


async def test_a_reset_link_to_an_address_that_was_given_up_opens_nothing(rooms: Rooms) -> None:
    ada = await rooms.person()
    await rooms.browser().post("/api/auth/password/reset", json={"email": "ada@example.com"})
    await rooms.sign_in.passwords.letters_sent()
    [(_, letter)] = rooms.mailbox.letters
    token = letter.partition("/reset-password#")[2].split()[0]
    async with rooms.database.across_teams() as tx:
        await passwords_store.keep_address(tx, ada, "lovelace@example.com", clock.now())
    wish = {"token": token, "password": "nine red herons wade"}
    answer = await rooms.browser().post("/api/auth/password/new", json=wish)
    assert answer.status_code == 400
    assert await rooms.sign_in.passwords.is_right(ada, PASSWORD)


@pytest.mark.usefixtures("still_clock")
async def test_another_spelling_of_an_address_gives_no_further_tries(rooms: Rooms) -> None:
    """To the database a capital I with a dot is an i, to others it is an i and a dot."""
    await rooms.person("kiki@example.com")
    spellings = ("kiki", "k\u0130ki", "kik\u0130", "k\u0130k\u0130", "K\u0130ki")
    for spelling in spellings:
        wish = {"email": f"{spelling}@example.com", "password": WRONG["password"]}
        assert (await rooms.browser().post("/api/auth/password", json=wish)).status_code == 401
    right = {"email": "kiki@example.com", "password": PASSWORD}
    assert (await rooms.browser().post("/api/auth/password", json=right)).status_code == 429


@pytest.mark.usefixtures("still_clock")
async def test_other_spellings_of_an_address_fill_its_mailbox_no_further(rooms: Rooms) -> None:
    await rooms.person("kiki@example.com")
    for spelling in ("kiki", "k\u0130ki", "kik\u0130", "k\u0130k\u0130", "K\u0130ki", "Kik\u0130"):
        await rooms.browser().post("/api/auth/password/reset", json={"email": f"{spelling}@example.com"})
        await rooms.sign_in.passwords.letters_sent()
    assert len(rooms.mailbox.letters) == RULES[Kind.MAIL].free
