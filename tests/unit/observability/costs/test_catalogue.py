"""The price list: what an import accepts, how old the data is, what is listed."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from mno.observability.costs import catalogue
from mno.observability.costs.own import nanoseconds
from mno.platform.errors import Invalid

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def a_list(**model: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {
        "id": "m-1",
        "match": {"starts_with": "m-1"},
        "prices": {"input_mtok": 3, "output_mtok": {"base": 4, "tiers": [{"start": 1000, "price": 8}]}},
        "price_comments": "Rates verified on 2026-10-02 at the vendor's page.",
    }
    return [{"id": "acme", "name": "Acme", "api_pattern": "https://acme", "models": [given | model]}]


def test_an_imported_list_prices_its_models() -> None:
    listed = catalogue.imported(a_list(), "import 1", None, TODAY)
    quote = listed.quote("acme", "m-1-large", "", nanoseconds(NOW)).quote
    assert quote is not None
    assert (quote.base.input, quote.base.output) == (Fraction(3), Fraction(4))
    assert [(start, tariff.output) for start, tariff in quote.tiers] == [(1000, Fraction(8))]
    assert quote.version == "genai-prices import 1 (2026-10-02)"


def test_an_imported_list_takes_the_place_of_the_bundled_one() -> None:
    listed = catalogue.imported(a_list(), "import 1", None, TODAY)
    assert listed.quote("openai", "gpt-4o", "", nanoseconds(NOW)).quote is None


def test_the_age_of_a_list_is_that_of_its_newest_check() -> None:
    data = catalogue.imported(a_list(), "import 1", None, TODAY).data
    assert (data.dated, data.age_days(TODAY), data.imported) == (date(2026, 10, 2), 50, True)


def test_a_list_without_dates_or_from_the_future_is_of_today() -> None:
    assert catalogue.imported(a_list(price_comments=None), "v", None, TODAY).data.dated == TODAY
    assert catalogue.imported(a_list(price_comments="as of 2030-01-01"), "v", None, TODAY).data.dated == TODAY


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        "prices",
        [1],
        [{"id": "acme"}],
        [{"id": "acme", "name": "Acme", "api_pattern": "x", "models": []}],
        a_list(prices={"input_mtok": -1}),
        a_list(prices={"input_mtok": "NaN"}),
        a_list(prices={"input_mtok": "free"}),
        a_list(prices=[]),
        a_list(match={"sounds_like": "m"}),
        a_list(match={"regex": "("}),
    ],
)
def test_a_file_of_another_kind_is_refused_with_a_reason(payload: object) -> None:
    with pytest.raises(Invalid, match="not a genai-prices data file"):
        catalogue.imported(payload, "v", None, TODAY)


def test_the_bundled_list_knows_its_release_and_date() -> None:
    data = catalogue.bundled().data
    assert data.source == "genai-prices"
    assert data.dated >= date(2026, 11, 4)
    assert data.label == f"genai-prices {data.version} ({data.dated})"
    assert not data.imported


def test_the_list_shows_every_priced_model_once() -> None:
    listed = list(catalogue.bundled().listed(NOW))
    names = [(price.provider, price.model) for price in listed]
    assert len(names) == len(set(names)) > 1500
    gpt = next(price for price in listed if (price.provider, price.model) == ("openai", "gpt-4o"))
    assert (gpt.tariff.input, gpt.tariff.output, gpt.tiered, gpt.context_window) == (
        Fraction(5, 2),
        Fraction(10),
        False,
        128000,
    )


def test_a_time_beyond_the_calendar_is_priced_all_the_same() -> None:
    for moment in (-(2**62), 0, 2**62, 2**63 - 1):
        assert catalogue.bundled().quote("openai", "gpt-4o", "", moment).quote is not None
