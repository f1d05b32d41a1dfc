"""Costs over HTTP: shapes, permissions, and refusals that say why."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from mno.audit.service import Audit
from mno.observability.costs import routes
from mno.observability.costs.routes import OWN_BODY_LIMIT, router
from mno.observability.costs.schemas import UsageSummary
from mno.observability.costs.service import Costs
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.http.app import add_routes, bare_app
from mno.platform.ids import parsed
from support.arriving import a_span, arrive
from support.gatekeeper import Gatekeeper
from support.prices import NamedKeys, a_price_file, a_writer, repricing

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


@pytest.fixture
async def costs(database: Database, clickhouse: ClickHouse) -> AsyncIterator[Costs]:
    costs = Costs(database, clickhouse, repricing(clickhouse), NamedKeys(), Audit(database))
    async with costs.running():
        yield costs


@pytest.fixture
def app(costs: Costs, tenant: Tenant) -> FastAPI:
    reader = replace(a_writer(tenant), permissions=frozenset({"usage.read", "prices.read", "settings.read"}))
    keys = {
        "mno_admin": a_writer(tenant),
        "mno_reader": reader,
        "mno_sender": replace(reader, permissions=frozenset({"spans.write"})),
    }
    app = bare_app(version="test", authenticator=Gatekeeper(keys), own_body_limits=(OWN_BODY_LIMIT,))
    add_routes(app, router(costs))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    headers = {"authorization": "Bearer mno_admin"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mno", headers=headers) as client:
        yield client


def calls() -> list[Span]:
    given: dict[str, Any] = {"usage_kind": UsageKind.CALL, "counted": True, "metered": True, "input_tokens": 10}
    return [
        a_span(1, 1, at_s=0, model="m-1", provider="acme", cost=10**9, cost_input=10**9, tags=("team=red",), **given),
        a_span(2, 2, at_s=90_000, model="m-1", provider="acme", cost=2 * 10**9, cost_output=2 * 10**9, **given),
        a_span(3, 3, at_s=90_001, model="m-2", provider="acme", price_source="unknown_model", **given),
    ]


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_summary_has_the_documented_shape(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls())
    answer = await get(client, "/api/usage/summary", **NOVEMBER, group_by="model,tag:team,project", interval="day")
    UsageSummary.model_validate(answer)
    assert (answer["currency"], answer["rate"], answer["unpriced_calls"], answer["truncated"]) == (
        "USD",
        None,
        1,
        False,
    )
    shown = [(row["bucket"], row["model"], row["tag:team"], row["calls"], row["cost"]) for row in answer["rows"]]
    assert shown == [
        ("2026-11-01T00:00:00Z", "m-1", "red", 1, "1.000000000"),
        ("2026-11-02T00:00:00Z", "m-1", "", 1, "2.000000000"),
        ("2026-11-02T00:00:00Z", "m-2", "", 1, "0.000000000"),
    ]
    assert str(parsed("prj", answer["rows"][0]["project"])) == tenant.project_id
    assert answer["rows"][0]["latency_ms_p50"] == pytest.approx(1000, rel=0.01)


async def test_a_summary_is_filtered_and_shown_in_another_currency(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls())
    wish = {"display": "CNY", "rates": [{"currency": "cny", "rate": "7.10", "date": "2026-11-01"}]}
    kept = {"display": "CNY", "rates": [{"currency": "CNY", "rate": "7.1", "date": "2026-11-01"}]}
    assert (await client.put("/api/currency", json=wish)).json() == kept
    assert await get(client, "/api/currency") == kept
    answer = await get(client, "/api/usage/summary", **NOVEMBER, **{"tag:team": "red"})
    assert (answer["currency"], answer["rate"], answer["rate_date"]) == ("CNY", "7.1", "2026-11-01")
    assert [(row["calls"], row["cost"], row["cost_input"]) for row in answer["rows"]] == [
        (1, "7.100000000", "7.100000000")
    ]
    in_usd = await get(client, "/api/usage/summary", **NOVEMBER, currency="USD", model=["m-1", "m-2"])
    assert in_usd["rows"][0]["cost"] == "3.000000000"


async def test_a_summary_is_exported_as_csv_and_parquet(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls())
    query = {**NOVEMBER, "group_by": "model"}
    answer = await client.get("/api/usage/summary", params={**query, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.csv"'
    assert [(row["model"], row["cost"]) for row in csv.DictReader(io.StringIO(answer.text))] == [
        ("m-1", "3.000000000"),
        ("m-2", "0.000000000"),
    ]
    answer = await client.get("/api/usage/summary", params={**query, "format": "parquet"})
    assert pq.read_table(io.BytesIO(answer.content))["model"].to_pylist() == ["m-1", "m-2"]


async def test_a_question_that_cannot_be_answered_is_a_problem_that_says_why(client: httpx.AsyncClient) -> None:
    for name, value, told in (
        ("group_by", "colour", "colour"),
        ("timezone", "Mars", "Mars"),
        ("interval", "week", "interval"),
        ("limit", "0", "limit"),
        ("from", "yesterday", "yesterday"),
        ("currency", "XXX", "XXX"),
        ("tag:", "x", "tag:"),
    ):
        answer = await client.get("/api/usage/summary", params={name: value})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), name
        assert told in answer.json()["detail"]


async def test_unpriced_models_and_filter_values(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls())
    (item,) = (await get(client, "/api/usage/unpriced", **NOVEMBER))["items"]
    assert (item["model"], item["reason"], item["calls"]) == ("m-2", "unknown_model", 1)
    assert item["first_seen"] == "2026-11-02T01:00:01.000000Z"
    found = await get(client, "/api/usage/dimensions", **NOVEMBER)
    assert (found["models"], found["providers"], found["tags"]) == (["m-1", "m-2"], ["acme"], ["team"])
    assert found["api_keys"] == [{"id": "key", "name": ""}]


async def test_a_custom_price_is_added_shown_and_removed(client: httpx.AsyncClient) -> None:
    wish = {"model": "m-*", "prices": {"input": "2.50", "output": 10}, "note": "contract"}
    created = await client.post("/api/prices", json=wish)
    assert created.status_code == 201
    price = created.json()
    assert (price["provider"], price["currency"], price["created_by"]) == ("", "USD", "Ann")
    assert price["prices"] == {
        "input": "2.5", "cache_read": None, "cache_write_5m": None, "cache_write_1h": None,
        "output": "10", "input_audio": None, "output_audio": None,
    }  # fmt: skip
    listing = await get(client, "/api/prices", q="gpt-4o", provider="openai", limit=2)
    assert listing["custom"] == [price]
    assert listing["items"][0] == {
        "provider": "openai", "model": "gpt-4o", "name": "gpt 4o", "input": "2.5", "cache_read": "1.25",
        "cache_write": None, "cache_write_1h": None, "output": "10", "input_audio": None, "output_audio": None,
        "tiered": False, "context_window": 128000,
    }  # fmt: skip
    assert (await client.delete(f"/api/prices/{price['id']}")).status_code == 204
    assert (await client.delete(f"/api/prices/{price['id']}")).status_code == 404
    assert (await get(client, "/api/prices"))["custom"] == []


async def test_a_price_that_cannot_be_is_refused(client: httpx.AsyncClient) -> None:
    wishes: list[dict[str, Any]] = [
        {},
        {"model": "m", "prices": {}},
        {"model": "m", "prices": {"input": "-1"}},
        {"model": "m", "prices": {"input": "NaN"}},
        {"model": "m", "prices": {"input": "1e30"}},
        {"model": "m", "prices": {"input": "1", "images": "2"}},
        {"model": "", "prices": {"input": "1"}},
        {"model": "m", "prices": {"input": "1"}, "currency": "EURO"},
        {"model": "m", "prices": {"input": "1"}, "currency": "EUR"},
        {"model": "m", "prices": {"input": "1"}, "valid_from": "soon"},
        {"model": "m", "prices": {"input": "1"}, "valid_from": "0001-01-01T00:00:00+14:00"},
    ]
    for wish in wishes:
        assert (await client.post("/api/prices", json=wish)).status_code == 400, wish
    assert (await get(client, "/api/prices"))["custom"] == []


async def test_a_price_file_is_imported_and_its_age_is_shown(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    answer = await client.post("/api/prices/import", content=a_price_file())
    assert answer.status_code == 200, answer.text
    data = answer.json()
    assert (data["source"], data["date"], data["imported"]) == ("genai-prices", "2026-10-02", True)
    assert data["age_days"] == 29
    assert (await get(client, "/api/prices"))["total"] == 1
    assert not (await client.delete("/api/prices/import")).json()["imported"]


async def test_a_price_file_that_is_too_large_is_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MAX_PRICE_FILE_BYTES", 10)
    assert (await client.post("/api/prices/import", content=a_price_file())).status_code == 413


async def test_spans_are_priced_again_over_http(
    client: httpx.AsyncClient, costs: Costs, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, calls())
    await client.post("/api/prices", json={"model": "*", "valid_from": "2026-01-01", "prices": {"input": "1000"}})
    started = await client.post("/api/prices/rerate", json={"from": NOVEMBER["from"], "to": NOVEMBER["to"]})
    assert started.status_code == 202, started.text
    await costs.rerates.finished(parsed("rer", started.json()["id"]))
    job = await get(client, f"/api/prices/rerate/{started.json()['id']}")
    assert (job["state"], job["total"], job["done"], job["changed"], job["error"]) == ("done", 3, 3, 3, None)
    assert (await get(client, "/api/prices/rerate"))["items"] == [job]
    answer = await get(client, "/api/usage/summary", **NOVEMBER)
    assert (answer["rows"][0]["cost"], answer["unpriced_calls"]) == ("0.030000000", 0)


#: What a reader of usage and prices may do (status), a sender of spans never.
ROUTES = [
    ("GET", "/api/usage/summary", 200),
    ("GET", "/api/usage/unpriced", 200),
    ("GET", "/api/usage/dimensions", 200),
    ("GET", "/api/prices", 200),
    ("POST", "/api/prices", 403),
    ("DELETE", "/api/prices/prc_00000000000000000000000000000000", 403),
    ("POST", "/api/prices/import", 403),
    ("DELETE", "/api/prices/import", 403),
    ("GET", "/api/prices/rerate", 200),
    ("POST", "/api/prices/rerate", 403),
    ("GET", "/api/currency", 200),
    ("PUT", "/api/currency", 403),
]


async def test_every_route_asks_for_its_permission(client: httpx.AsyncClient) -> None:
    wanted = {
        (method, path, key): status
        for method, path, reader in ROUTES
        for key, status in (("mno_reader", reader), ("mno_sender", 403), ("mno_nobody", 401))
    }
    given = {}
    for method, path, key in wanted:
        answer = await client.request(method, path, headers={"authorization": f"Bearer {key}"})
        given[method, path, key] = answer.status_code
    assert given == wanted
