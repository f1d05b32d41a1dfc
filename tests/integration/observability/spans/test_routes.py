import asyncio
import csv
import io
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import orjson
import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi import FastAPI

from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.routes import router
from mno.observability.spans.schemas import StreamedSpans, TraceDetail
from mno.observability.spans.service import Traces
from mno.observability.spans.stream import SpanFeed
from mno.platform.clickhouse import ClickHouse
from mno.platform.http.app import add_routes, bare_app
from support.arriving import a_span, arrive, span_id, trace_id
from support.gatekeeper import Gatekeeper, a_reader
from support.promises import PATIENCE_S

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00+00:00"}


@pytest.fixture
def feed() -> SpanFeed:
    return SpanFeed()


@pytest.fixture
def app(clickhouse: ClickHouse, tenant: Tenant, feed: SpanFeed) -> FastAPI:
    keys = {"mno_reader": a_reader(tenant, "spans.read"), "mno_sender": a_reader(tenant, "spans.write")}
    app = bare_app(version="test", authenticator=Gatekeeper(keys, {"a-session": keys["mno_reader"]}))
    add_routes(app, router(Traces(SpanQueries(clickhouse)), feed))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    headers = {"authorization": "Bearer mno_reader"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mno", headers=headers) as client:
        yield client


async def test_the_list_is_filtered_and_paged(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    spans = [a_span(n, n, at_s=n, model=f"m{n % 3}", tags=(f"team={n % 2}",)) for n in range(1, 31)]
    arrive(clickhouse, tenant, spans)
    query: dict[str, Any] = {**NOVEMBER, "model": ["m1", "m2"], "tag:team": "1", "limit": 4}
    names: list[str] = []
    while True:
        answer = await client.get("/api/traces", params=query)
        assert answer.status_code == 200, answer.text
        names += [item["name"] for item in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            break
        query["cursor"] = answer.json()["next_cursor"]
    assert names == [f"span {n}" for n in range(30, 0, -1) if n % 3 in (1, 2) and n % 2]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"from": "yesterday"}, "RFC 3339"),
        ({"from": "now", "to": "-1h"}, "earlier"),
        ({"limit": 201}, "200"),
        ({"limit": 0}, "limit"),
        ({"cursor": "xyz"}, "cursor"),
        ({"status": "fine"}, "status"),
        ({"min_duration_ms": "nan"}, "min_duration_ms"),
        ({"q": "x" * 501}, "500"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_a_bad_question_gets_a_clear_answer(
    client: httpx.AsyncClient, query: dict[str, str | int], says: str
) -> None:
    answer = await client.get("/api/traces", params=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text


async def test_an_export_is_the_whole_list(client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(n, n, at_s=n) for n in range(1, 301)])
    expected = [f"span {n}" for n in range(300, 0, -1)]
    answer = await client.get("/api/traces", params={**NOVEMBER, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="traces.csv"'
    assert [row["name"] for row in csv.DictReader(io.StringIO(answer.text))] == expected
    answer = await client.get("/api/traces", params={**NOVEMBER, "format": "parquet", "limit": 250})
    assert pq.read_table(io.BytesIO(answer.content))["name"].to_pylist() == expected[:250]


async def test_a_trace_and_its_spans(client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(1, 1), a_span(1, 2, parent=1, output_messages='[{"role":"assistant"}]')])
    address = f"/api/traces/{trace_id(1).hex()}"
    trace = TraceDetail.model_validate((await client.get(address)).json())
    assert [(span.name, span.depth, span.has_messages) for span in trace.spans] == [
        ("span 1", 0, False),
        ("span 2", 1, True),
    ]
    span = (await client.get(f"{address}/spans/{span_id(2).hex()}")).json()
    assert span["output_messages"] == [{"role": "assistant"}]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/api/traces/{trace_id(404).hex()}", 404),
        ("/api/traces/nonsense", 400),
        (f"/api/traces/{trace_id(404).hex()}/spans/{span_id(1).hex()}", 404),
        (f"/api/traces/{trace_id(404).hex()}/spans/nonsense", 400),
    ],
)
async def test_what_is_not_there_is_said_so(client: httpx.AsyncClient, address: str, status: int) -> None:
    answer = await client.get(address)
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("address", ["/api/traces", "/api/traces/0", "/api/traces/0/spans/0", "/api/spans/stream"])
async def test_reading_needs_the_permission(client: httpx.AsyncClient, address: str) -> None:
    assert (await client.get(address, headers={"authorization": "Bearer mno_sender"})).status_code == 403
    assert (await client.get(address, headers={"authorization": "Bearer mno_stranger"})).status_code == 401


async def test_a_stream_too_many_is_refused(client: httpx.AsyncClient, feed: SpanFeed) -> None:
    feed._audience._max_readers = 0
    answer = await client.get("/api/spans/stream")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture
def served(app: FastAPI) -> Iterator[tuple[str, uvicorn.Server]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
    server.should_exit = True
    thread.join(PATIENCE_S)
    listener.close()
    assert not thread.is_alive(), "the server waits for a stream that nobody ended"


async def test_the_live_tail_over_a_socket(served: tuple[str, uvicorn.Server], feed: SpanFeed, tenant: Tenant) -> None:
    address, _ = served
    headers = {"authorization": "Bearer mno_reader"}
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE_S) as client,
        client.stream("GET", "/api/spans/stream", params={"status": "error"}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        feed.publish(tenant.team_id, tenant.project_id, [a_span(1, 1), a_span(1, 2, status="error")])
        feed.settled()
        while not (line := await anext(lines)).startswith("data"):
            pass
        event = StreamedSpans.model_validate(orjson.loads(line.removeprefix("data: ")))
        assert [span.name for span in event.items] == ["span 2"]
        assert feed.subscribers == 1
    async with asyncio.timeout(PATIENCE_S):
        while feed.subscribers:  # until it is noticed that the reader has left
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("headers", [{"authorization": "Bearer mno_reader"}, {"cookie": "mno_session=a-session"}])
async def test_a_revoked_key_or_an_ended_session_does_not_read_on(
    served: tuple[str, uvicorn.Server], app: FastAPI, feed: SpanFeed, tenant: Tenant, headers: dict[str, str]
) -> None:
    address, _ = served
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE_S) as client,
        client.stream("GET", "/api/spans/stream") as answer,
    ):
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        app.state.authenticator.forget_everybody()
        feed.publish(tenant.team_id, tenant.project_id, [a_span(1, 1)])
        feed.settled()
        rest = await asyncio.wait_for(_all_of(lines), PATIENCE_S)
    assert not [line for line in rest if line.startswith(("data", "event"))]


async def _all_of(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]
