import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from mno.observability.spans.queries import Tenant
from mno.observability.system.model import IngestSnapshot
from mno.observability.system.queries import SystemQueries
from mno.observability.system.routes import router
from mno.observability.system.schemas import SystemStatus
from mno.observability.system.service import System
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.http.app import add_routes, bare_app
from support.arriving import a_span, arrive, restate
from support.gatekeeper import Gatekeeper, a_reader

READER = {"authorization": "Bearer mno_reader"}


class BusyIngest:
    """An `IngestMeters` with a figure of its own for each field."""

    def snapshot(self) -> IngestSnapshot:
        return IngestSnapshot(1, 2, 3, 4, 5.5, 6, 7, 8.0, 9.0, 10.0, 11.0, 12)


@pytest.fixture
def system(database: Database, clickhouse: ClickHouse, tmp_path: Path) -> System:
    return System(SystemQueries(database, clickhouse), BusyIngest(), version="1.2.3", data_folder=tmp_path / "data")


@pytest.fixture
def app(system: System, tenant: Tenant) -> FastAPI:
    keys = {"mno_reader": a_reader(tenant, "system.read"), "mno_sender": a_reader(tenant, "spans.write")}
    app = bare_app(version="test", authenticator=Gatekeeper(keys))
    add_routes(app, router(system))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno") as client:
        yield client


async def test_the_system_shows_itself_and_its_stores(
    client: httpx.AsyncClient, system: System, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    spans = [a_span(1, 1), a_span(1, 2)]
    before = await SystemQueries.clickhouse_sizes(system._queries)
    arrive(clickhouse, tenant, spans)
    restate(clickhouse, tenant, spans, counted=0)
    async with system.running():
        while not system._sampler.history:
            await asyncio.sleep(0.01)
        answer = await client.get("/api/system", headers=READER)
    status = SystemStatus.model_validate(answer.json())
    assert status.version == "1.2.3"
    assert status.stores.clickhouse.spans == (before.spans or 0) + 2
    assert (status.stores.clickhouse.bytes or 0) > 0
    assert (status.stores.postgres.bytes or 0) > 1_000_000
    assert 1_000_000 < status.postgres_memory_bytes < 500_000_000
    assert status.memory_bytes > 10_000_000
    assert status.disk.free_bytes > 0
    assert status.ingest.model_dump() == {
        "accepted_spans": 1, "duplicate_spans": 2, "rejected_spans": 3, "refused_requests": 4, "spans_per_second": 5.5,
        "queue_spans": 6, "queue_limit": 7, "commit_ms_p50": 8.0, "commit_ms_p95": 9.0, "answer_ms_p50": 10.0,
        "answer_ms_p95": 11.0, "set_aside_spans": 12,
    }  # fmt: skip
    assert status.history[-1].answer_ms_p95 == 11.0


async def test_metrics_are_openmetrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers=READER)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    lines = answer.text.splitlines()
    assert lines[-1] == "# EOF"
    assert "mno_accepted_spans_total 1" in lines
    assert 'mno_build_info{version="1.2.3"} 1' in lines
    assert 'mno_commit_seconds{quantile="0.95"} 0.009' in lines
    assert 'mno_component_up{component="clickhouse"} 1' in lines


async def test_health_is_public_and_names_its_components(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "version": "1.2.3",
        "components": {"postgres": {"status": "ok"}, "clickhouse": {"status": "ok"}},
    }


async def test_health_says_which_component_is_down(client: httpx.AsyncClient, database: Database) -> None:
    await database.close()
    answer = await client.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["components"] == {"postgres": {"status": "down"}, "clickhouse": {"status": "ok"}}
    status = SystemStatus.model_validate((await client.get("/api/system", headers=READER)).json())
    assert status.stores.postgres.bytes is None
    assert status.stores.clickhouse.spans is not None
    assert 'mno_component_up{component="postgres"} 0' in (await client.get("/metrics", headers=READER)).text


@pytest.mark.parametrize("address", ["/api/system", "/metrics"])
async def test_figures_need_the_permission(client: httpx.AsyncClient, address: str) -> None:
    assert (await client.get(address)).status_code == 401
    assert (await client.get(address, headers={"authorization": "Bearer mno_sender"})).status_code == 403
