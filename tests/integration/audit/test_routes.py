"""The audit log over HTTP: what is in it, who sees it, how it leaves."""

import asyncio
import csv
import io
import json
from typing import Any

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.platform.principal import Principal, PrincipalKind
from support.promises import PATIENCE_S


async def entries(client: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/audit/logs", params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def a_price(client: httpx.AsyncClient, model: str = "gpt-x") -> str:
    body = {"model": model, "valid_from": "1970-01-01T00:00:00Z", "currency": "USD", "prices": {"input": "1.5"}}
    answer = await client.post("/api/prices", json=body)
    assert answer.status_code == 201, answer.text
    price_id: str = answer.json()["id"]
    return price_id


async def test_a_change_is_in_the_log_with_its_difference_and_where_it_came_from(client: httpx.AsyncClient) -> None:
    trace_id = "1f" * 16
    client.headers["traceparent"] = f"00-{trace_id}-{'2a' * 8}-01"
    client.headers["user-agent"] = "the browser"
    price_id = await a_price(client)
    await client.delete(f"/api/prices/{price_id}")
    removed, created = await entries(client, action="prices.*")
    assert (created["action"], created["resource"], created["resource_name"]) == ("prices.create", price_id, "gpt-x")
    assert created["difference"]["prices"] == {"after": {"input": "1.5"}}
    assert removed["difference"]["prices"] == {"before": {"input": "1.5"}}
    assert (created["trace_id"], created["user_agent"], created["outcome"]) == (trace_id, "the browser", "done")
    assert created["address"] == "127.0.0.1"
    one = await client.get(f"/api/audit/logs/{created['id']}")
    assert one.json() == created


async def test_pages_follow_each_other_without_gaps_while_the_log_grows(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await a_price(client, f"m-{number}")
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await client.get("/api/audit/logs", params={"limit": 2, "cursor": cursor})).json()
        seen += [entry["seq"] for entry in page["items"]]
        await a_price(client, f"later-{len(seen)}")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))


@pytest.mark.parametrize("cursor", ["x", "AAAA", "!!!!", "A" * 23])
async def test_a_damaged_cursor_is_named(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/api/audit/logs", params={"cursor": cursor})
    assert answer.status_code == 400
    assert "cursor" in answer.json()["detail"]


async def test_filters_find_what_they_name_and_nothing_else(client: httpx.AsyncClient) -> None:
    price_id = await a_price(client, "per%cent_model")
    await a_price(client, "other")
    for parameters in (
        {"resource": price_id},
        {"text": "per%cent_"},
        {"text": "PER%CENT", "outcome": "done", "action": "prices.create"},
        {"resource": price_id, "actor": "bootstrap", "from": "-1h", "to": "now"},
    ):
        assert [entry["resource"] for entry in await entries(client, **parameters)] == [price_id], parameters
    for parameters in (
        {"resource": "prc_0"},
        {"actor": "nobody"},
        {"outcome": "failed"},
        {"to": "-1h"},
        {"text": "%%%"},
    ):
        assert await entries(client, **parameters) == [], parameters


@pytest.mark.parametrize("path", ["/api/prices", "/scim/v2/Users"])
async def test_a_refused_request_is_in_the_log_by_name_and_route(
    client: httpx.AsyncClient, services: Services, path: str
) -> None:
    key = (await client.post("/api/keys", json={"name": "weak", "scopes": ["ingest"]})).json()["key"]
    refusals = services.audit.audit._refusals
    async with refusals._flushing:  # nothing is written down between two of them
        for _ in range(3):
            refused = await client.get(path, headers={"authorization": f"Bearer {key}"})
            assert refused.status_code == 403
    await refusals.flush(everything=True)
    (entry,) = await entries(client, outcome="refused")
    assert (entry["action"], entry["resource"], entry["times"]) == ("access.deny", f"GET {path}", 3)
    assert (entry["actor"]["kind"], entry["actor"]["name"]) == ("api_key", "weak")
    assert "is missing" in entry["detail"]


async def test_a_wrong_key_is_in_the_hub_s_log_and_no_key_is_not(
    anonymous: httpx.AsyncClient, client: httpx.AsyncClient, services: Services
) -> None:
    wrong = "mno_" + "wrong0123" * 4
    assert (await anonymous.get("/api/prices", headers={"x-api-key": wrong})).status_code == 401
    assert (await anonymous.get("/api/prices")).status_code == 401
    await services.audit.audit._refusals.flush(everything=True)
    found = (await client.get("/api/audit/hub/logs")).json()["items"]
    assert [
        (entry["action"], entry["actor"]["kind"], entry["times"]) for entry in found if "auth" in entry["action"]
    ] == [("authentication.fail", "unknown", 1)]
    assert wrong not in json.dumps(found)


async def test_an_export_as_csv_cannot_run_formulas(client: httpx.AsyncClient) -> None:
    await a_price(client, "=HYPERLINK(1)")
    answer = await client.get("/api/audit/export", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    by_action = {row["action"]: row for row in rows}
    assert by_action["prices.create"]["resource_name"] == "'=HYPERLINK(1)"
    assert json.loads(by_action["prices.create"]["difference"])["currency"] == {"after": "USD"}
    assert by_action["audit.export"]["detail"] == "as csv"


async def test_an_export_as_json_lines_is_what_the_pages_show(client: httpx.AsyncClient) -> None:
    await a_price(client)
    answer = await client.get("/api/audit/export", params={"action": "prices.*"})
    assert [json.loads(line) for line in answer.text.splitlines()] == await entries(client, action="prices.*")


async def verified(client: httpx.AsyncClient, path: str = "/api/audit/verification") -> dict[str, Any]:
    assert (await client.post(path, json={})).status_code == 202
    async with asyncio.timeout(PATIENCE_S):
        while True:
            report: dict[str, Any] = (await client.get(path)).json()
            if not any(one["is_running"] for one in report["items"]):
                return report
            await asyncio.sleep(0.02)


async def test_a_verification_runs_in_the_background_and_is_remembered(
    client: httpx.AsyncClient, services: Services
) -> None:
    await a_price(client)
    await services.audit.anchoring.write_all()
    report = await verified(client)
    (own,) = report["items"]
    assert (own["fault"], own["entries"] >= 1, own["anchored"]) == ("", True, own["entries"])
    assert report["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert {one["fault"] for one in (await verified(client, "/api/audit/hub/verification"))["items"]} == {""}
    unknown = await client.post("/api/audit/verification", json={"chain": "team_0"})
    assert unknown.status_code == 404


async def test_a_person_is_erased_and_the_chain_stays_whole(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    owner = Principal(
        PrincipalKind.USER, home.owner.id, "Ann Owner", home.team.id, home.project.id, frozenset(), frozenset()
    )
    await services.audit.audit.note(owner, "profile.write", "usr_1")
    person = f"usr_{home.owner.id.hex}"
    answer = await client.post("/api/audit/erase", json={"person": person})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"entries": 1}
    (theirs,) = await entries(client, actor=person)
    assert (theirs["erased"], theirs["actor"]["name"], theirs["actor"]["id"]) == (True, "", person)
    (own,) = (await verified(client))["items"]
    assert own["fault"] == ""
    assert own["erased"] >= 1


async def test_entries_of_another_team_are_not_found(client: httpx.AsyncClient, services: Services) -> None:
    await services.audit.audit.refused(None, "session.begin", "login", detail="wrong password")
    await services.audit.audit._refusals.flush(everything=True)
    found = (await client.get("/api/audit/hub/logs")).json()["items"]
    assert (await client.get(f"/api/audit/logs/{found[0]['id']}")).status_code == 404


async def test_a_stream_is_made_listed_and_ended(client: httpx.AsyncClient) -> None:
    wish = {"name": "SIEM", "kind": "webhook", "target": "https://siem.example/in"}
    made = await client.post("/api/audit/streams", json=wish)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    (listed,) = (await client.get("/api/audit/streams")).json()["items"]
    assert (listed["target"], "secret" in listed) == ("https://siem.example/in", False)
    assert (await client.get(f"/api/audit/streams/{listed['id']}/dead-letters")).json() == {"items": []}
    assert (await client.delete(f"/api/audit/streams/{listed['id']}")).status_code == 204
    assert (await client.delete(f"/api/audit/streams/{listed['id']}")).status_code == 404
    assert [entry["action"] for entry in await entries(client, action="streams.*")] == [
        "streams.delete",
        "streams.create",
    ]
