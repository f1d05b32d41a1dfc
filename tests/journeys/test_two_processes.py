"""Two programs over one Postgres: what one of them changes holds in the other within a second.

Each is `mno serve` with a data folder of its own, as two machines behind a load balancer would run it.
"""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from journeys.test_serve import BOOTSTRAP_KEY, address, serving
from mno.platform.postgres_server import PostgresServer
from support.coverage import UNMEASURED
from support.promises import PATIENCE_S
from support.verbs import mno

OPERATOR, VIEWER = ("role_0000000000007000800000000000000" + digit for digit in "34")
PASSWORD = "four words are plenty"
#: What is promised; from then on no process may believe what was.
PROMISE_S = 1.0


@dataclass
class Pair:
    here: str
    there: str
    folder: Path
    shared: dict[str, str]

    def client(self, url: str, key: str = BOOTSTRAP_KEY) -> httpx.Client:
        return httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE_S)

    def browser(self, url: str) -> httpx.Client:
        return httpx.Client(base_url=url, headers={"origin": url, "sec-fetch-site": "same-origin"}, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def pair(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE two_processes")
    folder = tmp_path_factory.mktemp("two")
    shared = {
        "MNO_POSTGRES_URL": postgres_server.url_of("two_processes"),
        "MNO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "MNO_AUDIT_KEY": base64.b64encode(b"a" * 32).decode(),
        "MNO_OBJECTS_URL": (folder / "objects").as_uri(),
        "MNO_BOOTSTRAP_API_KEY": BOOTSTRAP_KEY,
    }
    with ExitStack() as stack:
        printed = [stack.enter_context(serving(folder / name, **shared, **UNMEASURED))[1] for name in ("here", "there")]
        yield Pair(address(printed[0]), address(printed[1]), folder, shared)


@contextmanager
def joined(pair: Pair, here: httpx.Client, email: str) -> Iterator[tuple[str, httpx.Client]]:
    """Somebody who accepts an invitation at one process and goes on at the other: their id, their browser."""
    sent = here.post("/api/invitations", json={"email": email, "role_id": VIEWER})
    assert sent.status_code == 201, sent.text
    token = sent.json()["link"].partition("token=")[2]
    with pair.browser(pair.here) as first:
        accepted = first.post("/api/invitations/accept", json={"token": token, "name": "Ada", "password": PASSWORD})
        assert accepted.status_code == 200, accepted.text
        cookies = dict(first.cookies)
    with pair.browser(pair.there) as browser:
        browser.cookies.update(cookies)
        session = browser.get("/api/auth/session")
        assert session.status_code == 200, session.text
        yield session.json()["user"]["id"], browser


def within_the_promise(change: Callable[[], Any]) -> None:
    change()
    time.sleep(PROMISE_S)


def test_what_one_process_grants_and_takes_holds_in_the_other(pair: Pair) -> None:
    with pair.client(pair.here) as here, joined(pair, here, "ada@example.com") as (user_id, browser):

        def may_write_prices() -> bool:
            return "prices.write" in browser.get("/api/auth/session").json()["permissions"]

        assert not may_write_prices()
        wish = {"subject": user_id, "role": OPERATOR, "scope": {"level": "team"}}
        made = here.post("/api/grants", json=wish)
        assert made.status_code == 201, made.text
        time.sleep(PROMISE_S)
        assert may_write_prices()
        within_the_promise(lambda: here.delete(f"/api/grants/{made.json()['id']}").raise_for_status())
        assert not may_write_prices()


def test_a_key_and_a_session_that_end_in_one_process_are_refused_by_the_other(pair: Pair) -> None:
    with pair.client(pair.here) as here, joined(pair, here, "bo@example.com") as (user_id, browser):
        key = here.post("/api/keys", json={"name": "shared", "scopes": ["read"]}).json()
        with pair.client(pair.there, key["key"]) as there:
            assert there.get("/api/projects").status_code == 200
            here.delete(f"/api/keys/{key['id']}").raise_for_status()
            within_the_promise(lambda: here.patch(f"/api/members/{user_id}", json={"active": False}).raise_for_status())
            assert there.get("/api/projects").status_code == 401
        assert browser.get("/api/auth/session").status_code == 401


def test_settings_and_secrets_of_one_process_are_those_of_the_other_and_the_log_is_one(pair: Pair) -> None:
    with pair.client(pair.here) as here, pair.client(pair.there) as there:
        days = {"level": "team", "values": {"security.invitation_days": 3}}
        here.put("/api/config/system", json=days).raise_for_status()
        secret = {
            "scope": {"level": "team"},
            "name": "TOKEN",
            "kind": "secret",
            "purpose": "Shared",
            "value": "a shared value",
        }
        here.put("/api/config/runtime", json=secret).raise_for_status()
        time.sleep(PROMISE_S)
        listed = there.get("/api/config/system", params={"level": "team"}).json()["items"]
        assert {item["name"]: item["value"] for item in listed}["security.invitation_days"] == 3
        assert [entry["name"] for entry in there.get("/api/config/runtime").json()["items"]] == ["TOKEN"]
    for name in ("here", "there"):
        verified = mno(pair.folder / name, "audit", "verify", **pair.shared)
        assert verified.returncode == 0, verified.stdout + verified.stderr
