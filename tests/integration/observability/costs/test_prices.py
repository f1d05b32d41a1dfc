"""What a team says about prices: it holds at once, for its own spans only, and after a restart."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from mno.audit.service import Audit
from mno.observability.costs import prices as prices_module
from mno.observability.costs.model import BucketPrices, CurrencyRate, CurrencySettings
from mno.observability.costs.prices import Prices, PriceWish
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.platform.database import Database
from mno.platform.errors import Conflict, Invalid, LimitExceeded, NotFound, TooLarge
from support.arriving import a_span
from support.prices import a_price_file, a_writer

START = datetime(2026, 1, 1, tzinfo=UTC)
CNY = CurrencySettings("CNY", (CurrencyRate("CNY", Decimal("7.1"), date(2026, 1, 1)),))


@pytest.fixture
async def prices(database: Database) -> Prices:
    return await reopened(database)


async def reopened(database: Database) -> Prices:
    opened = Prices(database, Audit(database))
    await opened.open()
    return opened


def a_wish(input_: str = "2", **fields: Any) -> PriceWish:
    given: dict[str, Any] = {
        "provider": "",
        "model": "m-*",
        "valid_from": START,
        "currency": "USD",
        "prices": BucketPrices(input=Decimal(input_)),
        "note": "",
    }
    return PriceWish(**given | fields)


def priced(prices: Prices, tenant: Tenant, model: str = "m-1", provider: str = "acme") -> Span:
    span = a_span(1, 1, usage_kind=UsageKind.CALL, metered=True, provider=provider, model=model, input_tokens=1_000_000)
    prices.book(UUID(tenant.team_id), UUID(tenant.project_id)).price(span)
    return span


async def test_a_custom_price_holds_for_the_next_span_and_after_a_restart(
    prices: Prices, database: Database, tenant: Tenant
) -> None:
    assert priced(prices, tenant).cost is None
    price = await prices.add(a_writer(tenant), a_wish("2"))
    for opened in (prices, await reopened(database)):
        span = priced(opened, tenant)
        assert (span.cost, span.price_source) == (2 * 10**9, "custom")
        assert span.price_version == f"custom prc_{price.id.hex} 2026-01-01"


async def test_a_custom_price_wins_over_the_list_until_it_is_removed(prices: Prices, tenant: Tenant) -> None:
    writer = a_writer(tenant)
    price = await prices.add(writer, a_wish("99", model="gpt-4o"))
    assert priced(prices, tenant, "gpt-4o", "openai").cost == 99 * 10**9
    await prices.remove(writer, price.id)
    assert priced(prices, tenant, "gpt-4o", "openai").cost == 2_500_000_000
    with pytest.raises(NotFound):
        await prices.remove(writer, price.id)


async def test_prices_of_one_project_do_not_touch_another(prices: Prices, tenant: Tenant) -> None:
    sibling = Tenant(tenant.team_id, str(uuid4()))
    price = await prices.add(a_writer(tenant), a_wish())
    assert priced(prices, sibling).cost is None
    assert (await prices.listing(a_writer(sibling), q="", provider="", limit=0)).custom == []
    with pytest.raises(NotFound):
        await prices.remove(a_writer(sibling), price.id)


async def test_amounts_come_back_as_they_were_entered(prices: Prices, tenant: Tenant) -> None:
    entered = BucketPrices(
        input=Decimal("0.000000000001"), cache_read=Decimal(0), output=Decimal("15.50"), input_audio=Decimal("1e2")
    )
    await prices.add(a_writer(tenant), a_wish(prices=entered, note=" contract 7 ", provider=" ACME "))
    (kept,) = (await prices.listing(a_writer(tenant), q="", provider="", limit=0)).custom
    assert (kept.prices, kept.note, kept.provider, kept.created_by) == (entered, "contract 7", "acme", "Ann")


@pytest.mark.parametrize("wish", [a_wish(prices=BucketPrices(cache_read=Decimal(1))), a_wish(model=" ")])
async def test_a_price_without_model_or_main_bucket_is_refused(prices: Prices, tenant: Tenant, wish: PriceWish) -> None:
    with pytest.raises(Invalid):
        await prices.add(a_writer(tenant), wish)


async def test_a_project_has_a_limit_of_prices(prices: Prices, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices_module, "MAX_CUSTOM_PRICES", 1)
    await prices.add(a_writer(tenant), a_wish())
    with pytest.raises(LimitExceeded):
        await prices.add(a_writer(tenant), a_wish())


async def test_a_price_in_another_currency_needs_its_rate_and_follows_it(prices: Prices, tenant: Tenant) -> None:
    writer = a_writer(tenant)
    with pytest.raises(Invalid, match="no rate for CNY"):
        await prices.add(writer, a_wish("7.1", currency="CNY"))
    await prices.set_currency_settings(writer, CNY)
    await prices.add(writer, a_wish("7.1", currency="CNY"))
    assert priced(prices, tenant).cost == 10**9
    doubled = CurrencySettings("USD", (CurrencyRate("CNY", Decimal("14.2"), date(2026, 1, 1)),))
    await prices.set_currency_settings(writer, doubled)
    assert priced(prices, tenant).cost == 5 * 10**8
    with pytest.raises(Conflict, match="CNY"):
        await prices.set_currency_settings(writer, CurrencySettings())


async def test_currency_settings_survive_a_restart_and_belong_to_the_team(
    prices: Prices, database: Database, tenant: Tenant
) -> None:
    await prices.set_currency_settings(a_writer(tenant), CNY)
    assert (await reopened(database)).currency_settings(UUID(tenant.team_id)) == CNY
    assert prices.currency_settings(uuid4()) == CurrencySettings()
    assert prices.display(UUID(tenant.team_id), "") == ("CNY", CNY.rates[0])
    assert prices.display(UUID(tenant.team_id), "usd") == ("USD", None)
    with pytest.raises(Invalid, match="CNY"):
        prices.display(UUID(tenant.team_id), "EUR")


@pytest.mark.parametrize(
    "settings",
    [
        CurrencySettings("EUR", CNY.rates),
        CurrencySettings("USD", CNY.rates * 2),
        CurrencySettings("USD", (CurrencyRate("USD", Decimal(2), date(2026, 1, 1)),)),
        CurrencySettings(
            "USD", tuple(CurrencyRate("CNY", Decimal(1), date(2000, 1, day % 28 + 1)) for day in range(201))
        ),
    ],
)
async def test_currency_settings_that_do_not_fit_together_are_refused(
    prices: Prices, tenant: Tenant, settings: CurrencySettings
) -> None:
    with pytest.raises(Invalid):
        await prices.set_currency_settings(a_writer(tenant), settings)


async def test_an_imported_list_is_active_at_once_and_after_a_restart(
    prices: Prices, database: Database, tenant: Tenant
) -> None:
    data = await prices.import_list(a_writer(tenant), a_price_file("3"))
    assert (data.dated, data.imported) == (date(2026, 10, 2), True)
    assert priced(prices, Tenant(str(uuid4()), str(uuid4()))).cost is None
    for opened in (prices, await reopened(database)):
        span = priced(opened, tenant)
        assert (span.cost, span.price_version) == (3 * 10**9, data.label)
        assert priced(opened, tenant, "gpt-4o", "openai").cost is None


async def test_the_program_s_own_list_comes_back_when_an_import_is_forgotten(prices: Prices, tenant: Tenant) -> None:
    writer = a_writer(tenant)
    await prices.import_list(writer, a_price_file())
    assert not (await prices.forget_import(writer)).imported
    assert priced(prices, tenant, "gpt-4o", "openai").cost == 2_500_000_000
    with pytest.raises(NotFound):
        await prices.forget_import(writer)


async def test_a_file_that_cannot_be_used_leaves_the_active_list(
    prices: Prices, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_writer(tenant)
    await prices.import_list(writer, a_price_file("3"))
    for body in (b"", b"{", b"[]", b"[{}]", b"\xff"):
        with pytest.raises(Invalid):
            await prices.import_list(writer, body)
    monkeypatch.setattr(prices_module, "MAX_PRICE_FILE_BYTES", 10)
    with pytest.raises(TooLarge):
        await prices.import_list(writer, a_price_file("4"))
    assert priced(prices, tenant).cost == 3 * 10**9


async def test_a_stored_list_that_is_damaged_gives_way_to_the_program_s_own(
    prices: Prices, database: Database, tenant: Tenant
) -> None:
    await prices.import_list(a_writer(tenant), a_price_file())
    async with database.across_teams() as tx:
        await tx.execute("UPDATE prices_imports SET content = 'damaged'")
    assert priced(await reopened(database), tenant, "gpt-4o", "openai").cost == 2_500_000_000


async def test_the_list_is_searched_by_provider_model_and_name(prices: Prices, tenant: Tenant) -> None:
    listing = await prices.listing(a_writer(tenant), q="GPT-4o-mini", provider="openai", limit=1)
    assert listing.total > 1
    assert len(listing.items) == 1
    assert listing.items[0].model.startswith("gpt-4o-mini")
    assert not listing.data.imported
