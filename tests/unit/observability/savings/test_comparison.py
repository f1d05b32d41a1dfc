"""Savings against figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.costs.model import Tariff
from mno.observability.costs.pricing import Rates
from mno.observability.savings.comparison import by_batch, by_cache, by_cheaper_model, priced
from mno.observability.savings.model import Assumption, Buckets, Way

#: USD for a million tokens.
LARGE = Rates(
    Tariff(input=Fraction(3), cache_read=Fraction(3, 10), cache_write_5m=Fraction(15, 4), output=Fraction(15))
)
SMALL = Rates(Tariff(input=Fraction(1), cache_read=Fraction(1, 10), cache_write_5m=Fraction(5, 4), output=Fraction(5)))
BATCH = Rates(Tariff(input=Fraction(3, 2), cache_read=Fraction(3, 20), output=Fraction(15, 2)))


def month(**changed: int) -> Buckets:
    """1,000 calls: 10 M input, of which 2 M were read from a cache and 1 M written for 5 minutes; 2 M output."""
    figures = {
        "calls": 1_000,
        "input_tokens": 10_000_000,
        "cache_read_tokens": 2_000_000,
        "cache_write_5m_tokens": 1_000_000,
        "cache_write_1h_tokens": 0,
        "input_audio_tokens": 0,
        "output_tokens": 2_000_000,
        "reasoning_tokens": 0,
        "output_audio_tokens": 0,
    } | changed
    return Buckets(provider="acme", model="large", cost=Decimal("55.35"), **figures)


def dollars(nano: int) -> Decimal:
    return Decimal(nano).scaleb(-9)


def test_a_month_is_priced_as_by_hand() -> None:
    # 7 M plain x 3 + 2 M read x 0.30 + 1 M written x 3.75 + 2 M output x 15 = 21 + 0.60 + 3.75 + 30
    assert dollars(priced(LARGE, month()) or 0) == Decimal("55.35")
    # 7 + 0.20 + 1.25 + 10
    assert dollars(priced(SMALL, month()) or 0) == Decimal("18.45")


def test_half_of_the_calls_on_the_small_model_save_half_of_the_difference() -> None:
    saving = by_cheaper_model(month(), LARGE, "acme", "small", SMALL, Assumption(Decimal("0.5"), 10))
    assert saving is not None
    # (55.35 - 18.45) / 2
    assert dollars(saving.saved) == Decimal("18.45")
    assert (saving.way, saving.to_model) == (Way.CHEAPER_MODEL, "small")
    assert dollars(saving.priced) == Decimal("55.35")


def test_a_dearer_model_saves_nothing_and_is_not_named() -> None:
    assert by_cheaper_model(month(), SMALL, "acme", "large", LARGE, Assumption(Decimal(1), 10)) is None


def test_a_cache_saves_on_plain_input_and_pays_for_its_writes() -> None:
    saving = by_cache(month(), LARGE, Assumption(Decimal("0.5"), 9))
    assert saving is not None
    # half of 7 M plain tokens; of ten times that they are sent, one is a write at 3.75 and nine are reads at 0.30:
    # 0.645 a million on average, which is 2.355 less than 3
    assert dollars(saving.saved) == Decimal("3.5") * Decimal("2.355")


def test_a_cache_that_is_hardly_read_saves_nothing() -> None:
    # one write at 3.75 and one read at 2.90 cost more than two plain ones at 3
    dear = Rates(Tariff(input=Fraction(3), cache_read=Fraction(29, 10), cache_write_5m=Fraction(15, 4)))
    assert by_cache(month(output_tokens=0), dear, Assumption(Decimal(1), 1)) is None


def test_batches_cost_what_the_list_says() -> None:
    saving = by_batch(month(), LARGE, BATCH, Assumption(Decimal("0.2"), 10))
    assert saving is not None
    # by batch: 7 x 1.5 + 2 x 0.15 + 1 M written as plain input x 1.5 + 2 x 7.5 = 27.30; a fifth of 28.05
    assert dollars(saving.saved) == Decimal("5.61")
    assert by_batch(month(), LARGE, LARGE, Assumption(Decimal(1), 10)) is None


def test_the_price_of_a_request_counts_for_every_call() -> None:
    rates = Rates(Tariff(input=Fraction(0), output=Fraction(0), per_request=Fraction(1, 100)))
    assert dollars(priced(rates, month()) or 0) == Decimal(10)


def test_a_tariff_without_an_output_price_prices_nothing() -> None:
    assert priced(Rates(Tariff(input=Fraction(1))), month()) is None


@given(
    st.integers(0, 10**12), st.integers(0, 10**12), st.decimals(Decimal("0.01"), Decimal(1), places=2),
)  # fmt: skip
def test_nobody_saves_more_than_it_cost(input_tokens: int, output_tokens: int, share: Decimal) -> None:
    buckets = month(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=0, cache_write_5m_tokens=0
    )
    assumed = Assumption(share, 10)
    for saving in (
        by_cheaper_model(buckets, LARGE, "acme", "small", SMALL, assumed),
        by_cache(buckets, LARGE, assumed),
        by_batch(buckets, LARGE, BATCH, assumed),
    ):
        if saving is not None:
            assert 0 < saving.saved <= saving.priced


@pytest.mark.parametrize(("audio", "plain"), [(0, 7_000_000), (500_000, 6_500_000), (9_000_000, 0)])
def test_plain_input_is_text_that_no_cache_touched(audio: int, plain: int) -> None:
    assert month(input_audio_tokens=audio).plain_input_tokens == plain
