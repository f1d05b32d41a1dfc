"""Forecasts over HTTP: what was spent is exact, what is to come has bounds, and refusals say why."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from mno.audit.service import Audit
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.service import Costs
from mno.observability.forecast.hours import whole_hour
from mno.observability.forecast.routes import router
from mno.observability.forecast.service import Forecasts
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.http.app import add_routes, bare_app
from mno.platform.time_range import shown
from support.arriving import arrive
from support.gatekeeper import Gatekeeper
from support.prices import NamedKeys, a_writer, repricing
from support.usage_weeks import UtcCalendars, a_call

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.fixture
async def client(database: Database, clickhouse: ClickHouse, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    costs = Costs(database, clickhouse, repricing(clickhouse), NamedKeys(), Audit(database))
    keys = {
        "mno_admin": a_writer(tenant),
        "mno_sender": replace(a_writer(tenant), permissions=frozenset({"spans.write"})),
    }
    app = bare_app(version="test", authenticator=Gatekeeper(keys))
    add_routes(app, router(Forecasts(UsageQueries(clickhouse), costs.prices, UtcCalendars())))
    headers = {"authorization": "Bearer mno_admin"}
    async with (
        costs.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno", headers=headers) as client,
    ):
        yield client


def steady(clickhouse: ClickHouse, tenant: Tenant, weeks: int) -> None:
    """A dollar an hour by one model, a quarter by another."""
    end = whole_hour(clock.now())
    spans = []
    for back in range(1, weeks * 168 + 1):
        moment = end - timedelta(hours=back)
        spans += [a_call(2 * back, moment, 1.0), a_call(2 * back + 1, moment, 0.25, model="small")]
    arrive(clickhouse, tenant, spans)


async def asked(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/forecast", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def around(hours_before: int, hours_after: int) -> dict[str, str]:
    now = whole_hour(clock.now())
    return {"from": shown(now - timedelta(hours=hours_before)), "to": shown(now + timedelta(hours=hours_after))}


async def test_spent_is_exact_and_the_total_follows_the_history(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    steady(clickhouse, tenant, 5)
    found = await asked(client, **around(48, 72), budget="90")
    assert Decimal(found["spent"]) == Decimal("1.25") * 48
    total = {name: float(amount) for name, amount in found["total"].items()}
    assert total["likely"] == pytest.approx(1.25 * 120, rel=0.02)
    assert total["low_95"] <= total["low_80"] <= total["likely"] <= total["high_80"] <= total["high_95"]
    assert float(found["history"][-1]["spent"]) == pytest.approx(60)
    assert found["points"][-1]["at"] == found["to"]
    # 30 USD are left at 1.25 an hour
    assert found["run_out"]["likely"] is not None
    assert found["run_out"]["earliest"] <= found["run_out"]["likely"] <= found["run_out"]["latest"]
    assert found["currency"] == "USD"


async def test_a_scope_is_forecast_by_itself(client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant) -> None:
    steady(clickhouse, tenant, 4)
    found = await asked(client, **around(24, 24), model="small")
    assert Decimal(found["spent"]) == Decimal("0.25") * 24
    assert float(found["total"]["likely"]) == pytest.approx(0.25 * 48, rel=0.02)


async def test_without_history_there_is_no_forecast_but_an_answer(client: httpx.AsyncClient) -> None:
    found = await asked(client, budget="5")
    assert (found["total"], found["points"], found["run_out"]) == (None, [], None)
    assert Decimal(found["spent"]) == 0


async def test_the_period_is_the_month_of_the_time_zone_by_default(client: httpx.AsyncClient) -> None:
    found = await asked(client, timezone="Asia/Taipei", country="tw")
    assert found["from"].endswith("T16:00:00.000000Z")
    assert found["to"].endswith("T16:00:00.000000Z")
    assert (found["timezone"], found["country"]) == ("Asia/Taipei", "TW")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "-2h", "to": "-1h"}, "is over"),
        ({"to": "2240-01-01T00:00:00Z"}, "92 days"),
        ({"from": "2020-01-01T00:00:00Z"}, "400 days"),
        ({"from": "now", "to": "-2h"}, "earlier"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"country": "ZZ"}, "ISO 3166"),
        ({"currency": "XYZ"}, "no rate"),
    ],
)
async def test_a_question_without_an_answer_is_refused_with_its_reason(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant, query: dict[str, str], said: str
) -> None:
    if "country" in query:
        steady(clickhouse, tenant, 1)
    answer = await client.get("/api/forecast", params=query)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["detail"]


async def test_who_may_not_read_usage_gets_no_forecast(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/forecast", headers={"authorization": "Bearer mno_sender"})
    assert answer.status_code == 403
