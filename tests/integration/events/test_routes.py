"""Value events as agents send them and people find them."""

import asyncio
from typing import Any

import httpx

from mno.bootstrap import Services
from mno.events.model import MAX_EVENT_DATA_BYTES
from mno.identity.model import Home
from mno.observability.anomalies.facts import DETECTED, MARKED
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from support.promises import PATIENCE_S

MILESTONE = {"kind": "task.progress.milestone", "subject": "import 7", "title": "Half of the invoices are read"}


async def history(client: httpx.AsyncClient, count: int, **query: Any) -> list[dict[str, Any]]:
    """Once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = (await client.get("/api/events", params=query)).json()["items"]
            if len(found) >= count:
                return list(found)
            await asyncio.sleep(0.02)


async def publish(services: Services, *facts: Fact) -> None:
    for fact in facts:
        async with services.engines.database.transaction(fact.team_id) as tx:
            await services.outbox.publish(tx, fact)


def an_anomaly(home: Home, **changes: Any) -> Fact:
    told = {
        "project": shown("prj", home.project.id),
        "scope": {"dimension": "model", "value": "gpt-4o"},
        "measure": "cost",
        "kind": "spike",
        "start": "2026-11-28T08:00:00Z",
        "actual": 12.5,
        "expected": 2.0,
        "score": 1.7,
        "drivers": [],
    }
    return Fact(home.team.id, shown("anm", new_id()), DETECTED, told | changes)


async def test_what_an_agent_says_is_found_in_the_language_of_its_reader(client: httpx.AsyncClient) -> None:
    told = await client.post("/api/events", json=MILESTONE | {"agent": "Clerk", "trace_id": "ab" * 16})
    assert told.status_code == 202
    (found,) = await history(client, 1)
    assert found["id"] == told.json()["id"]
    assert found["summary"] == "Clerk reached a milestone: Half of the invoices are read"
    assert (found["severity"], found["subject"], found["outcome"]) == ("info", "import 7", None)
    assert [one["name"] for one in found["actions"]] == ["trace"]
    (chinese,) = await history(client, 1, language="zh-Hant")
    assert chinese["summary"] == "Clerk 達成里程碑：Half of the invoices are read"
    headers = {"accept-language": "fr, zh-CN;q=0.8, en;q=0.5"}
    (negotiated,) = (await client.get("/api/events", headers=headers)).json()["items"]
    assert negotiated["summary"].startswith("Clerk 达成里程碑")


async def test_a_message_sent_again_is_one_event(client: httpx.AsyncClient) -> None:
    first = await client.post("/api/events", json=MILESTONE | {"id": "invoices 50 %"})
    again = await client.post("/api/events", json=MILESTONE | {"id": "invoices 50 %", "title": "Otherwise"})
    assert first.json() == again.json()
    await client.post("/api/events", json=MILESTONE | {"title": "The last one"})
    found = await history(client, 2)
    assert [one["data"]["title"] for one in found] == ["The last one", MILESTONE["title"]]


async def test_a_failed_task_is_critical_unless_its_agent_says_otherwise(client: httpx.AsyncClient) -> None:
    receipt = {"kind": "task.receipt", "subject": "import 7", "title": "Import", "status": "failed"}
    await client.post("/api/events", json=receipt)
    await client.post("/api/events", json=receipt | {"severity": "info"})
    assert [one["severity"] for one in await history(client, 2)] == ["info", "critical"]


async def test_the_history_is_filtered_and_paged(client: httpx.AsyncClient, services: Services, home: Home) -> None:
    for number in range(5):
        await client.post("/api/events", json=MILESTONE | {"title": f"Step {number}"})
    await client.post("/api/events", json=MILESTONE | {"subject": "other", "severity": "warning"})
    await publish(services, an_anomaly(home))
    await history(client, 7)
    found: list[str] = []
    before = ""
    while True:
        page = (await client.get("/api/events", params={"subject": "import 7", "limit": 2, "before": before})).json()
        found += [one["data"]["title"] for one in page["items"]]
        before = page["next_before"]
        if not before:
            break
    assert found == [f"Step {number}" for number in reversed(range(5))]
    assert [one["kind"] for one in await history(client, 1, kind="anomaly.detected")] == ["anomaly.detected"]
    assert [one["subject"] for one in await history(client, 1, severity="warning", kind=MILESTONE["kind"])] == ["other"]
    assert await history(client, 0, project=shown("prj", new_id())) == []
    assert await history(client, 0, to="-1h") == []


async def test_an_anomaly_waits_until_it_is_marked(client: httpx.AsyncClient, services: Services, home: Home) -> None:
    told = an_anomaly(home)
    await publish(services, told)
    (found,) = await history(client, 1, waiting="true")
    assert found["summary"] == "Cost of gpt-4o jumped to $12.50; $2.00 is usual"
    assert [one["name"] for one in found["actions"]] == ["expect", "open"]
    marked = {"project": shown("prj", home.project.id), "expected": True, "by": "Anna"}
    await publish(services, Fact(home.team.id, told.subject, MARKED, marked))
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get("/api/events")).json()["waiting"]:
            await asyncio.sleep(0.02)
    (settled,) = await history(client, 1)
    assert (settled["outcome"], settled["data"]["decided_by"]) == ("expected", "Anna")
    assert [one["name"] for one in settled["actions"]] == ["open"]


async def test_bad_events_are_refused_with_what_is_wrong(client: httpx.AsyncClient) -> None:
    async def refused(**changes: Any) -> str:
        answer = await client.post("/api/events", json=MILESTONE | changes)
        assert answer.status_code in (400, 422), answer.text
        return str(answer.text)

    assert "choose another" in await refused(subject=shown("apr", new_id()))
    assert "bytes" in await refused(data={"text": "x" * MAX_EVENT_DATA_BYTES})
    assert "kind" in await refused(kind="approval.request")
    assert "title" in await refused(title="a\0b")
    assert "trace_id" in await refused(trace_id="zz")
    assert "subject" in await refused(subject="")
    unread = await client.get("/api/events", params={"before": "evt_1"})
    assert unread.status_code == 400


async def test_without_a_key_nothing_is_told(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.post("/api/events", json=MILESTONE)).status_code == 401
    assert (await anonymous.get("/api/events")).status_code == 401
