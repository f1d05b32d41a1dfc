"""An administrator names a collector, and the hub's own figures arrive there without a restart."""

import asyncio
from typing import Any

import httpx
import pytest

from support.collector import a_collector
from support.promises import PATIENCE_S

TOKEN = "canary-of-a-collector"


async def setting(client: httpx.AsyncClient, **values: Any) -> None:
    named = {name.replace("__", "."): value for name, value in values.items()}
    answer = await client.put("/api/config/system", json={"level": "hub", "values": named})
    assert answer.status_code == 200, answer.text


async def test_figures_arrive_by_themselves_once_a_collector_is_named(client: httpx.AsyncClient) -> None:
    async with a_collector() as collector:
        await setting(client, security__egress_allowed=["127.0.0.1/32"], otel__interval_s=5)
        assert (await client.get("/api/otel")).json()["is_on"] is False
        await setting(client, otel__endpoint=f"{collector.url}/otlp/")
        async with asyncio.timeout(PATIENCE_S):
            while not (standing := (await client.get("/api/otel")).json())["sent_at"]:
                await asyncio.sleep(0.1)
    assert collector.paths[0] == "/otlp/v1/metrics"
    metrics = collector.taken[0].resource_metrics[0].scope_metrics[0].metrics
    assert "mno.spans.accepted" in {metric.name for metric in metrics}
    assert (standing["is_on"], standing["error"]) == (True, "")


async def test_a_collectors_headers_go_there_and_nowhere_else(client: httpx.AsyncClient) -> None:
    async with a_collector(TOKEN) as collector:
        await setting(
            client, security__egress_allowed=["127.0.0.1/32"], otel__interval_s=3600, otel__endpoint=collector.url
        )
        refused = await client.post("/api/otel/trial")
        assert (refused.status_code, refused.json()["detail"]) == (503, "The collector answered 401.")
        kept = await client.put("/api/otel/headers", json={"headers": {"Authorization": f"Bearer {TOKEN}"}})
        assert kept.status_code == 204
        assert (await client.post("/api/otel/trial")).status_code == 204
        assert len(collector.taken) == 1
        assert (await client.put("/api/otel/headers", json={"headers": {}})).status_code == 204
        assert (await client.post("/api/otel/trial")).status_code == 503
    logged = (await client.get("/api/audit/hub/logs", params={"action": "otel.*"})).text
    assert "otel.headers" in logged
    for text in (logged, (await client.get("/api/otel")).text, (await client.get("/api/config/system")).text):
        assert TOKEN not in text


async def test_an_address_of_ones_own_network_is_refused_until_it_is_named(client: httpx.AsyncClient) -> None:
    async with a_collector() as collector:
        await setting(client, otel__interval_s=3600, otel__endpoint=collector.url)
        refused = await client.post("/api/otel/trial")
    assert "security.egress_allowed" in refused.json()["detail"]
    assert collector.paths == []


@pytest.mark.parametrize(
    "headers",
    [
        {"a b": "x"}, {"": "x"}, {"Host": "x"}, {"x": "a\r\nb"}, {"x": "é"}, {"x": "y" * 5000},
        {str(number): "x" for number in range(21)},
    ],
)  # fmt: skip
async def test_what_is_no_header_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.put("/api/otel/headers", json={"headers": headers})).status_code == 400


@pytest.mark.parametrize("endpoint", ["ftp://collector", "collector:4318", "http://"])
async def test_an_endpoint_that_is_no_address_is_told(client: httpx.AsyncClient, endpoint: str) -> None:
    await setting(client, otel__interval_s=3600, otel__endpoint=endpoint)
    answer = await client.post("/api/otel/trial")
    assert (answer.status_code, "otel.endpoint" in answer.json()["detail"]) == (400, True)
