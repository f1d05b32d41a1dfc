"""Requests as a client sees them."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from mno.approvals import routes
from mno.platform.http.app import add_routes, bare_app
from mno.platform.ids import shown
from support.gatekeeper import Gatekeeper
from support.office import Office

ANNA, BEN, GUEST = ({"x-api-key": f"mno_{name}"} for name in ("anna", "ben", "guest"))


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    people = {
        "mno_anna": office.person("Anna"),
        "mno_ben": office.person("Ben"),
        "mno_guest": office.person("Guest", frozenset({"approvals.read"})),
    }
    app = bare_app(version="test", authenticator=Gatekeeper(people))
    add_routes(app, routes.router(office.approvals))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


async def test_a_request_is_read_decided_and_decided_only_once(client: httpx.AsyncClient, office: Office) -> None:
    request = shown("apr", (await office.ask(office.person("Asker"))).id)
    seen = (await client.get(f"/api/approvals/{request}", headers=ANNA)).json()
    assert seen["proposed"] == {"name": "new"}
    assert (seen["state"], seen["outcome"], seen["may_decide"]) == ("open", None, True)
    assert seen["asked_by"]["name"] == "Asker"
    decision = {"decision": "approve", "note": "go on"}
    answer = await client.post(f"/api/approvals/{request}/decision", headers=ANNA, json=decision)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "allow")
    again = await client.post(f"/api/approvals/{request}/decision", headers=BEN, json=decision)
    assert again.status_code == 409
    assert "was approved" in again.json()["detail"]


async def test_the_list_is_paged_and_filtered_by_state(client: httpx.AsyncClient, office: Office) -> None:
    asked = [shown("apr", (await office.ask(office.person())).id) for _ in range(5)]
    await client.post(f"/api/approvals/{asked[0]}/decision", headers=ANNA, json={"decision": "refuse"})
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"state": "open", "limit": "2", "cursor": cursor}
        page = (await client.get("/api/approvals", headers=BEN, params=query)).json()
        assert len(page["items"]) == 2
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == asked[:0:-1]
    refused = (await client.get("/api/approvals", headers=BEN, params={"state": "refused"})).json()
    assert [item["id"] for item in refused["items"]] == [asked[0]]


async def test_who_only_reads_may_not_decide(client: httpx.AsyncClient, office: Office) -> None:
    request = shown("apr", (await office.ask(office.person())).id)
    assert (await client.get(f"/api/approvals/{request}", headers=GUEST)).json()["may_decide"] is False
    answer = await client.post(f"/api/approvals/{request}/decision", headers=GUEST, json={"decision": "approve"})
    assert answer.status_code == 403
    assert "approvals.decide" in answer.json()["detail"]


async def test_a_demanded_second_factor_is_asked_for_in_words_a_client_knows(
    client: httpx.AsyncClient, office: Office
) -> None:
    request = shown("apr", (await office.ask(office.person(), needs_fresh_factor=True)).id)
    answer = await client.post(f"/api/approvals/{request}/decision", headers=ANNA, json={"decision": "approve"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:mno:problem:verification-required"


async def test_only_the_asker_withdraws(client: httpx.AsyncClient, office: Office) -> None:
    request = shown("apr", (await office.ask(office.person())).id)
    answer = await client.post(f"/api/approvals/{request}/withdraw", headers=ANNA, json={"note": "mine"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("apr_1/decision", {"decision": "approve"}, 400),
        (f"{shown('apr', UUID(int=7))}/decision", {"decision": "approve"}, 404),
        (f"{shown('apr', UUID(int=7))}/decision", {"decision": "maybe"}, 400),
        (f"{shown('apr', UUID(int=7))}/decision", {"decision": "approve", "note": "x" * 3000}, 400),
        (f"{shown('apr', UUID(int=7))}/withdraw", {"note": "\0"}, 404),
    ],
)
async def test_bad_input_is_answered_with_a_problem(
    client: httpx.AsyncClient, path: str, body: dict[str, str], status: int
) -> None:
    answer = await client.post(f"/api/approvals/{path}", headers=ANNA, json=body)
    assert answer.status_code in (status, 422 if status == 400 else status)
    assert answer.json()["detail"]


async def test_a_note_that_cannot_be_stored_decides_nothing(client: httpx.AsyncClient, office: Office) -> None:
    request = shown("apr", (await office.ask(office.person())).id)
    wish = {"decision": "approve", "note": "a\0b"}
    answer = await client.post(f"/api/approvals/{request}/decision", headers=ANNA, json=wish)
    assert answer.status_code == 400
    assert (await client.get(f"/api/approvals/{request}", headers=ANNA)).json()["state"] == "open"


async def test_a_cursor_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/approvals", headers=ANNA, params={"cursor": "usr_1"})
    assert answer.status_code == 400
