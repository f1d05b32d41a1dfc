"""Which of a project's own prices holds for a call, and what it is in USD."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.costs.model import (
    BEGINNING_NS,
    END_NS,
    BucketPrices,
    CurrencyRate,
    CurrencySettings,
    CustomPrice,
)
from mno.observability.costs.own import OwnPrices, nanoseconds

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NO_CURRENCIES = CurrencySettings()


def price(usd: str = "1", **fields: Any) -> CustomPrice:
    given_: dict[str, Any] = {
        "id": UUID(int=1),
        "team_id": UUID(int=0),
        "project_id": UUID(int=0),
        "provider": "",
        "model": "m",
        "valid_from": START,
        "currency": "USD",
        "prices": BucketPrices(input=Decimal(usd)),
        "note": "",
        "created_at": START,
        "created_by": "",
    }
    return CustomPrice(**given_ | fields)


def input_price(
    prices: list[CustomPrice],
    model: str = "m",
    *,
    provider: str = "",
    at: datetime = NOW,
    currencies: CurrencySettings = NO_CURRENCIES,
) -> Fraction | None:
    answer = OwnPrices(prices, currencies).quote(provider, model, "", nanoseconds(at))
    return answer.quote.base.input if answer.quote else None


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o*", "gpt-4o-mini", True),
        ("*4o*", "GPT-4O", True),
        ("*", "", True),
        ("gpt.4o", "gpt-4o", False),
        ("a**b", "a-x-b", True),
        ("a*b", "a\nb", True),
    ],
)
def test_a_pattern_matches_whole_names_without_regard_to_case(pattern: str, model: str, matches: bool) -> None:
    assert (input_price([price(model=pattern)], model) is not None) is matches


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ({"provider": "openai", "model": "*"}, {"model": "gpt-4o"}),
        ({"model": "gpt-4o"}, {"model": "gpt-4*"}),
        ({"model": "gpt-4*"}, {"model": "*"}),
        ({"valid_from": datetime(2026, 5, 1, tzinfo=UTC)}, {"created_at": NOW}),
        ({"created_at": NOW}, {}),
    ],
)
def test_the_more_specific_and_then_the_later_price_wins(winner: dict[str, Any], loser: dict[str, Any]) -> None:
    default = {"model": "gpt-4o"}
    prices = [price("1", **default | winner), price("2", **default | loser)]
    assert input_price(prices, "gpt-4o", provider="openai") == 1
    assert input_price(prices[::-1], "gpt-4o", provider="openai") == 1


def test_a_price_of_another_provider_is_not_used() -> None:
    assert input_price([price(provider="azure")], provider="openai") is None
    assert input_price([price(provider="azure")], provider="Azure") == 1


def test_a_price_holds_from_its_day_and_the_answer_says_until_when() -> None:
    later = datetime(2026, 7, 1, tzinfo=UTC)
    own = OwnPrices([price("1"), price("2", valid_from=later)], NO_CURRENCIES)
    before = own.quote("", "m", "", nanoseconds(START) - 1)
    first = own.quote("", "m", "", nanoseconds(START))
    second = own.quote("", "m", "", nanoseconds(later))
    assert (before.quote, before.from_ns, before.until_ns) == (None, BEGINNING_NS, nanoseconds(START))
    assert first.quote is not None
    assert (first.quote.base.input, first.from_ns, first.until_ns) == (
        Fraction(1),
        nanoseconds(START),
        nanoseconds(later),
    )
    assert second.quote is not None
    assert (second.quote.base.input, second.from_ns, second.until_ns) == (Fraction(2), nanoseconds(later), END_NS)


@given(st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), max_size=5), st.data())  # noqa: DTZ001
def test_an_answer_stands_for_its_whole_period(starts: list[datetime], data: st.DataObject) -> None:
    prices = [price(str(number + 1), valid_from=start.replace(tzinfo=UTC)) for number, start in enumerate(starts)]
    own = OwnPrices(prices, NO_CURRENCIES)
    moments = st.integers(nanoseconds(datetime(2025, 12, 1, tzinfo=UTC)), nanoseconds(datetime(2027, 2, 1, tzinfo=UTC)))
    answer = own.quote("", "m", "", data.draw(moments))
    other = data.draw(moments.filter(lambda at: answer.from_ns <= at < answer.until_ns))
    assert own.quote("", "m", "", other) == answer


def test_a_price_in_another_currency_takes_the_rate_of_the_day_of_the_call() -> None:
    currencies = CurrencySettings(
        "USD",
        (
            CurrencyRate("CNY", Decimal(7), date(2026, 3, 1)),
            CurrencyRate("CNY", Decimal(8), date(2026, 5, 1)),
            CurrencyRate("EUR", Decimal("0.9"), date(2026, 5, 15)),
        ),
    )
    prices = [price("2", currency="CNY")]
    at = {
        datetime(2026, 2, 1, tzinfo=UTC): Fraction(2, 7),  # before the first rate: the oldest one
        datetime(2026, 4, 30, 23, 59, tzinfo=UTC): Fraction(2, 7),
        datetime(2026, 5, 1, tzinfo=UTC): Fraction(2, 8),
    }
    for moment, expected in at.items():
        assert input_price(prices, at=moment, currencies=currencies) == expected
    quote = OwnPrices(prices, currencies).quote("", "m", "", nanoseconds(NOW)).quote
    assert quote is not None
    assert quote.version == f"custom prc_{UUID(int=1).hex} 2026-01-01, 8 CNY/USD 2026-05-01"


def test_an_hour_of_cache_costs_as_five_minutes_where_it_has_no_price() -> None:
    own = OwnPrices([price(prices=BucketPrices(input=Decimal(1), cache_write_5m=Decimal(2)))], NO_CURRENCIES)
    quote = own.quote("", "m", "", nanoseconds(NOW)).quote
    assert quote is not None
    assert (quote.base.cache_write_5m, quote.base.cache_write_1h) == (Fraction(2), Fraction(2))
