"""Alerts over HTTP: rules, silences and answers, and who may what."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mno.observability.alerts.model import MAX_SILENCE
from mno.platform import clock
from support.promises import PATIENCE_S

A_RULE = {"name": "Errors", "measure": "errors", "threshold": "10"}


async def made(client: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    answer = await client.post("/api/alerts/rules", json={**A_RULE, **wish})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def a_silence(hours: float = 1, **wish: Any) -> dict[str, Any]:
    now = clock.now()
    return {"from": now.isoformat(), "to": (now + timedelta(hours=hours)).isoformat(), "reason": "Migration", **wish}


async def test_a_rule_is_made_changed_looked_at_and_removed(client: httpx.AsyncClient) -> None:
    rule = await made(client, clear="5", window_s=600, matches={"model": ["a", "b"]}, group_by="user")
    assert (rule["threshold"], rule["clear"], rule["open"], rule["of"]) == ("10", "5", 0, "project")
    assert (await client.get("/api/alerts/rules")).json()["items"] == [rule]
    change = {**A_RULE, "name": "Many errors", "threshold": "20", "version": 1, "enabled": False}
    changed = (await client.put(f"/api/alerts/rules/{rule['id']}", json=change)).json()
    assert (changed["name"], changed["clear"], changed["version"], changed["enabled"]) == (
        "Many errors",
        "20",
        2,
        False,
    )
    assert (await client.put(f"/api/alerts/rules/{rule['id']}", json=change)).status_code == 409
    assert (await client.delete(f"/api/alerts/rules/{rule['id']}")).status_code == 204
    assert (await client.get(f"/api/alerts/rules/{rule['id']}")).status_code == 404
    logged = (await client.get("/api/audit/logs")).json()["items"]
    actions = [entry["action"] for entry in logged if entry["action"].startswith("alerts.")]
    assert actions == ["alerts.delete", "alerts.write", "alerts.create"]


@pytest.mark.parametrize(
    "wish",
    [
        {"name": " "},
        {"threshold": "-1"},
        {"threshold": "1e40"},
        {"clear": "11"},
        {"window_s": 61},
        {"measure": "colour"},
        {"measure": "latency"},
        {"matches": {"colour": ["red"]}},
        {"group_by": "project"},
        {"budget": "bud_1"},
        {"steps": [{"channels": []}]},
        {"steps": [{"channels": ["chn_" + "0" * 32]}]},
        {"steps": [{"after_minutes": 5, "channels": ["chn_" + "0" * 32]}]},
        {"spent": "5"},
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    answer = await client.post("/api/alerts/rules", json={**A_RULE, **wish})
    assert answer.status_code == 400, answer.text
    assert (await client.get("/api/alerts/rules")).json()["items"] == []


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    await made(client)
    assert (await client.post("/api/alerts/rules", json={**A_RULE, "name": "errors"})).status_code == 409


async def test_a_silence_is_made_changed_and_ended(client: httpx.AsyncClient) -> None:
    rule = await made(client)
    answer = await client.post("/api/alerts/silences", json=a_silence(rule=rule["id"], labels={"model": "gpt-4o"}))
    assert answer.status_code == 201, answer.text
    silence = answer.json()
    assert (await client.get("/api/alerts/silences")).json()["items"] == [silence]
    longer = await client.put(f"/api/alerts/silences/{silence['id']}", json=a_silence(hours=3))
    assert longer.json()["to"] > silence["to"]
    assert (await client.delete(f"/api/alerts/silences/{silence['id']}")).status_code == 204
    assert (await client.get("/api/alerts/silences")).json()["items"] == []


@pytest.mark.parametrize(
    "wish",
    [
        {"reason": " "},
        {"hours": -1},
        {"hours": MAX_SILENCE.days * 24 + 1},
        {"labels": {"model": ""}},
        {"labels": {str(number): "x" for number in range(6)}},
        {"from": "2026-01-01T00:00:00"},
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(client: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    assert (await client.post("/api/alerts/silences", json=a_silence(**wish))).status_code == 400


async def test_a_silence_of_a_rule_that_is_not_there_is_refused(client: httpx.AsyncClient) -> None:
    wish = a_silence(rule="alr_" + "0" * 32)
    assert (await client.post("/api/alerts/silences", json=wish)).status_code == 404


async def test_a_preview_says_what_a_rule_would_say(client: httpx.AsyncClient) -> None:
    events = [
        {"provider": "openai", "model": model, "input_tokens": 10, "cost": 1.5} for model in ("gpt-4o", "gpt-4o", "o3")
    ]
    assert (await client.post("/api/usage-events", json=events)).status_code < 300
    wish = {"measure": "cost", "threshold": "2", "group_by": "model"}
    found: dict[str, Any] = {"lines": []}
    async with asyncio.timeout(PATIENCE_S):
        while len(found["lines"]) < 2:
            answer = await client.post("/api/alerts/rules/preview", json=wish)
            assert answer.status_code == 200, answer.text
            found = answer.json()
    present = [(one["group"], one["value"], one["breaching"]) for one in found["present"]]
    assert present == [("gpt-4o", "3", True), ("o3", "1.5", False)]
    assert [(line["group"], line["fired"]) for line in found["lines"]] == [("gpt-4o", 1), ("o3", 0)]
    assert found["lines"][0]["points"][-1]["value"] == "3"
    told = {"measure": "budget_share", "threshold": "80"}
    assert (await client.post("/api/alerts/rules/preview", json=told)).status_code == 400


async def test_spans_that_arrive_fire_an_alert_that_people_answer(client: httpx.AsyncClient) -> None:
    rule = await made(client, measure="cost", threshold="1", group_by="model")
    event = {"provider": "openai", "model": "gpt-4o", "input_tokens": 10, "cost": 1.5}
    assert (await client.post("/api/usage-events", json=[event])).status_code < 300
    items: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not items:
            items = (await client.get("/api/alerts", params={"state": "firing"})).json()["items"]
    (alert,) = items
    assert (alert["rule"], alert["group"], alert["value"]) == (rule["id"], "gpt-4o", "1.5")
    assert (await client.get(f"/api/alerts/rules/{rule['id']}")).json()["open"] == 1
    path = f"/api/alerts/{alert['id']}"
    taken = (await client.post(f"{path}/acknowledge", json={"note": "Looking"})).json()
    assert taken["state"] == "acknowledged"
    assert (await client.post(f"{path}/acknowledge", json={})).json() == taken
    detail = (await client.get(path)).json()
    assert [event["kind"] for event in detail["events"]] == ["acknowledged", "fired"]
    assert detail["events"][0]["note"] == "Looking"
    assert detail["rule"]["id"] == rule["id"]
    assert len(detail["points"]) >= 60
    assert (await client.post(f"{path}/resolve", json={})).json()["state"] == "resolved"
    assert (await client.post(f"{path}/acknowledge", json={})).status_code == 409
    assert (await client.get("/api/alerts", params={"state": "firing"})).json()["items"] == []
    assert (await client.get("/api/alerts", params={"rule": rule["id"]})).json()["items"][0]["state"] == "resolved"


async def test_a_rule_with_an_open_alert_that_is_removed_resolves_it(client: httpx.AsyncClient) -> None:
    rule = await made(client, measure="calls", threshold="5", comparison="below", window_s=60)
    items: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not items:
            items = (await client.get("/api/alerts")).json()["items"]
    assert (await client.delete(f"/api/alerts/rules/{rule['id']}")).status_code == 204
    detail = (await client.get(f"/api/alerts/{items[0]['id']}")).json()
    assert detail["alert"]["state"] == "resolved"
    assert detail["rule"] is None
