"""Savings over HTTP, against a month worked out by hand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from mno.audit.service import Audit
from mno.observability.costs.model import BucketPrices
from mno.observability.costs.prices import PriceWish
from mno.observability.costs.service import Costs
from mno.observability.savings.queries import SavingQueries
from mno.observability.savings.routes import router
from mno.observability.savings.service import Savings
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.http.app import add_routes, bare_app
from support.arriving import a_span, arrive
from support.gatekeeper import Gatekeeper
from support.prices import NamedKeys, a_writer, repricing
from support.usage_weeks import UtcCalendars

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


def a_price(model: str, input_: str, read: str, write: str, output: str) -> PriceWish:
    prices = BucketPrices(
        input=Decimal(input_), cache_read=Decimal(read), cache_write_5m=Decimal(write), output=Decimal(output)
    )
    return PriceWish("acme", model, datetime(2020, 1, 1, tzinfo=UTC), "USD", prices, "")


@pytest.fixture
async def client(database: Database, clickhouse: ClickHouse, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    costs = Costs(database, clickhouse, repricing(clickhouse), NamedKeys(), Audit(database))
    writer = a_writer(tenant)
    app = bare_app(version="test", authenticator=Gatekeeper({"mno_admin": writer}))
    add_routes(app, router(Savings(SavingQueries(clickhouse), costs.prices, UtcCalendars())))
    headers = {"authorization": "Bearer mno_admin"}
    async with (
        costs.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno", headers=headers) as client,
    ):
        await costs.prices.add(writer, a_price("large", "3", "0.30", "3.75", "15"))
        await costs.prices.add(writer, a_price("small", "1", "0.10", "1.25", "5"))
        yield client


def a_call(number: int, model: str, cost: str) -> Span:
    """A million tokens in, of which a fifth were read and a tenth written; a fifth of a million out."""
    return a_span(
        number,
        number,
        at_s=3600 * number,
        provider="acme",
        model=model,
        usage_kind=UsageKind.CALL,
        counted=True,
        metered=True,
        input_tokens=1_000_000,
        cache_read_tokens=200_000,
        cache_write_5m_tokens=100_000,
        output_tokens=200_000,
        cost=int(Decimal(cost) * 10**9),
    )


async def asked(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/savings", params={**NOVEMBER, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_month_saves_what_was_worked_out_by_hand(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    # ten calls of the large model at 5.535 each, one of the small one at 1.845
    arrive(clickhouse, tenant, [a_call(n, "large", "5.535") for n in range(1, 11)] + [a_call(11, "small", "1.845")])
    found = {(one["way"], one["model"]): one for one in await asked(client, share_percent="50", reads_per_write="9")}
    moved = found["model", "large"]
    assert (moved["to_provider"], moved["to_model"], moved["calls"]) == ("acme", "small", 10)
    assert Decimal(moved["cost"]) == Decimal(moved["priced"]) == Decimal("55.35")
    # (55.35 - 18.45) / 2
    assert Decimal(moved["saved"]) == Decimal("18.45")
    # half of 7 M plain tokens at 3.00 less (9 x 0.30 + 3.75) / 10
    assert Decimal(found["cache", "large"]["saved"]) == Decimal("8.2425")
    assert ("model", "small") not in found
    # nobody has a price for batches of our own models
    assert not [one for one in found if one[0] == "batch"]


async def test_a_named_model_is_the_only_one_to_move_to(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, [a_call(1, "large", "5.535")])
    assert [one["way"] for one in await asked(client)] == ["cache"]
    found = await asked(client, to_model="small", to_provider="acme", share_percent="100")
    assert Decimal(next(one for one in found if one["way"] == "model")["saved"]) == Decimal("3.69")


async def test_batches_are_priced_by_the_price_list(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    call = a_span(
        1, 1, at_s=60, provider="openai", model="gpt-4o", usage_kind=UsageKind.CALL, counted=True, metered=True,
        input_tokens=1_000_000, output_tokens=100_000, cost=3_500_000_000,
    )  # fmt: skip
    arrive(clickhouse, tenant, [call])
    ways = {one["way"]: one for one in await asked(client, share_percent="100")}
    # half price for both sides
    assert Decimal(ways["batch"]["saved"]) == Decimal(ways["batch"]["priced"]) / 2


async def test_last_month_is_asked_for_by_default(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/savings")).json()
    assert answer["items"] == []
    assert answer["from"].endswith("-01T00:00:00.000000Z")
    assert answer["to"].endswith("-01T00:00:00.000000Z")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"from": "-5d", "to": ""}, 400, "both"),
        ({"from": "-200d", "to": "now"}, 400, "92 days"),
        ({"to_model": "nobody-knows-this"}, 404, "no price"),
        ({"share_percent": "101"}, 400, ""),
        ({"currency": "XYZ"}, 400, "no rate"),
    ],
)
async def test_a_question_without_an_answer_is_refused_with_its_reason(
    client: httpx.AsyncClient, query: dict[str, str], status: int, said: str
) -> None:
    answer = await client.get("/api/savings", params=query)
    assert answer.status_code == status, answer.text
    assert said in answer.text
