"""Who may send and read, and that a project's lines are its own."""

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from mno.observability.logs import native
from mno.observability.logs.cursor import Place, end_of
from mno.observability.logs.model import LogFilter
from mno.observability.logs.queries import LogQueries
from mno.observability.spans.cursor import Snapshot
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.clock import now_ns
from support.otlp import SPAN_ID, TRACE_ID, fill


def with_key(app: FastAPI, key: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8420", headers=headers)


@pytest.mark.parametrize(
    ("scope", "may_send", "may_read"), [("ingest", 200, 403), ("read", 403, 200), ("gateway", 403, 403)]
)
async def test_a_key_may_do_what_it_is_for(
    app: FastAPI, client: httpx.AsyncClient, scope: str, may_send: int, may_read: int
) -> None:
    made = (await client.post("/api/keys", json={"name": scope, "scopes": [scope]})).json()
    async with with_key(app, made["key"]) as caller:
        assert (await caller.post("/api/logs", json=[{"body": "x"}])).status_code == may_send
        for path in ("/api/logs", "/api/logs/summary"):
            assert (await caller.get(path)).status_code == may_read


async def test_every_question_is_bound_to_its_project(client: httpx.AsyncClient, clickhouse: ClickHouse) -> None:
    await client.post("/api/logs", json=[{"body": "ours", "trace_id": TRACE_ID.hex()}])
    [line] = (await client.get("/api/logs")).json()["items"]
    newest = "SELECT id, toUnixTimestamp64Micro(time) AS us, team_id FROM otel_logs ORDER BY ingested_at DESC LIMIT 1"
    [own] = await clickhouse.rows_of_all(newest)
    assert line["body"] == "ours"
    queries, stranger, everything = LogQueries(clickhouse), Tenant(own["team_id"], "another-project"), LogFilter()
    now_us = now_ns() // 1000
    snapshot, place = Snapshot(0, now_us + 1, now_us), Place(own["us"], own["id"])
    assert await queries.newest(stranger, snapshot, everything, below=None, limit=9) == []
    assert await queries.newest(stranger, snapshot, LogFilter(trace_id=TRACE_ID), below=None, limit=9) == []
    assert await queries.arrived(stranger, everything, after=end_of(0), until_us=now_us, limit=9) == []
    assert await queries.line(stranger, place) is None
    assert await queries.beside(stranger, everything, line=place, within_us=10**9, older=True, limit=9) == []
    assert await queries.bars(stranger, snapshot, everything, step_s=60) == []
    assert await queries.topics(stranger, snapshot, everything, limit=9) == []
    assert await queries.services(stranger, snapshot, everything, limit=9) == []


async def test_a_body_beyond_the_limits_is_refused(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "MAX_LINES_PER_REQUEST", 2)
    answer = await client.post("/api/logs", json=[{}, {}, {}])
    assert (answer.status_code, "more than 2 log lines" in answer.json()["detail"]) == (413, True)
    assert (await client.get("/api/logs")).json()["items"] == []
    assert (await client.post("/api/logs", content=b"x", headers={"content-type": "text/csv"})).status_code == 415
    assert (
        await client.post("/api/logs", content=b"[", headers={"content-type": "application/json"})
    ).status_code == 400


async def test_lines_from_opentelemetry_are_found_in_the_same_words(client: httpx.AsyncClient) -> None:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    fill(resource.resource.attributes.add(key="service.name").value, "shop")
    scope = resource.scope_logs.add()
    scope.scope.name = "shop.billing"
    for fields in ({"severity_text": "WARNING"}, {"severity_number": 17, "event_name": "declined"}):
        record = scope.log_records.add(time_unix_nano=now_ns(), trace_id=TRACE_ID, span_id=SPAN_ID, **fields)
        record.body.string_value = "card"
        fill(record.attributes.add(key="gen_ai.agent.name").value, "buyer")
    headers = {"content-type": "application/x-protobuf"}
    answer = await client.post("/otlp/v1/logs", content=request.SerializeToString(), headers=headers)
    assert answer.status_code == 200
    page = await client.get("/api/logs", params={"trace": TRACE_ID.hex(), "agent": "buyer", "level": "warn"})
    found = sorted((line["level"], line["topic"], line["service"]) for line in page.json()["items"])
    assert found == [("error", "declined", "shop"), ("warn", "shop.billing", "shop")]
