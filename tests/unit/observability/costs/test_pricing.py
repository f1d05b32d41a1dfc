"""The arithmetic of money: exact, adding up, and equal to what genai-prices itself answers."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import ModelInfo, Provider, Usage
from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.costs import catalogue, pricing
from mno.observability.costs.model import BEGINNING_NS, END_NS, Answer, PriceSource, Quote, Tariff
from mno.observability.costs.pricing import PriceBook, Rates, apportioned, charge, half_even, shares
from mno.observability.spans.model import Span, UsageKind
from mno.platform.money import MAX_SPAN_COST_NANO, NINE_PLACES
from support.examples import examples

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def call(at: datetime = NOON, **fields: Any) -> Span:
    defaults: dict[str, Any] = {"usage_kind": UsageKind.CALL, "metered": True}
    return Span(
        trace_id=bytes(16),
        span_id=bytes(8),
        start_ns=int(at.timestamp()) * 1_000_000_000,
        duration_ns=1,
        name="chat",
        **defaults | fields,
    )


def priced(**fields: Any) -> Span:
    span = call(**fields)
    PriceBook(catalogue.bundled()).price(span)
    return span


def parts(span: Span) -> tuple[int, int, int, int]:
    return span.cost_input, span.cost_cache_read, span.cost_cache_write, span.cost_output


# Token figures as normalised spans carry them: every part fits inside its whole.
@st.composite
def usages(draw: st.DrawFn) -> dict[str, int]:
    tokens = st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 2_000_000))
    read, five, hour, plain = draw(tokens), draw(tokens), draw(tokens), draw(tokens)
    output = draw(tokens)
    audio_out = draw(st.one_of(st.just(0), st.integers(0, output)))
    return {
        "input_tokens": read + five + hour + plain,
        "cache_read_tokens": read,
        "cache_write_5m_tokens": five,
        "cache_write_1h_tokens": hour,
        # Audio that must have been read from the cache is possible; audio that must have been written is not sold.
        "input_audio_tokens": draw(st.one_of(st.just(0), st.integers(0, plain + read))),
        "output_tokens": output,
        "output_audio_tokens": audio_out,
        "reasoning_tokens": draw(st.one_of(st.just(0), st.integers(0, output - audio_out))),
    }


prices = st.one_of(st.none(), st.fractions(min_value=0, max_value=200, max_denominator=10_000_000))
tariffs = st.builds(
    Tariff,
    input=st.fractions(min_value=0, max_value=200, max_denominator=10_000_000),
    cache_read=prices,
    cache_write=prices,
    cache_write_5m=prices,
    cache_write_1h=prices,
    input_audio=prices,
    cache_audio_read=prices,
    output=st.fractions(min_value=0, max_value=200, max_denominator=10_000_000),
    output_audio=prices,
    reasoning=prices,
    per_request=st.fractions(min_value=0, max_value=1, max_denominator=1000),
)


def by_hand(tariff: Tariff, usage: dict[str, int]) -> Fraction:
    """The cost in USD, written out naively."""

    def first(*candidates: Fraction | None) -> Fraction:
        return next(price for price in candidates if price is not None)

    plain = usage["input_tokens"] - sum(usage[f"cache_{part}_tokens"] for part in ("read", "write_5m", "write_1h"))
    read_audio = max(0, usage["input_audio_tokens"] - plain)
    fresh_audio = usage["input_audio_tokens"] - read_audio
    text_out = usage["output_tokens"] - usage["output_audio_tokens"] - usage["reasoning_tokens"]
    million = sum(
        (
            (plain - fresh_audio) * first(tariff.input),
            fresh_audio * first(tariff.input_audio, tariff.input),
            read_audio * first(tariff.cache_audio_read, tariff.cache_read, tariff.input_audio, tariff.input),
            (usage["cache_read_tokens"] - read_audio) * first(tariff.cache_read, tariff.input),
            usage["cache_write_5m_tokens"] * first(tariff.cache_write_5m, tariff.cache_write, tariff.input),
            usage["cache_write_1h_tokens"] * first(tariff.cache_write_1h, tariff.cache_write, tariff.input),
            text_out * first(tariff.output),
            usage["output_audio_tokens"] * first(tariff.output_audio, tariff.output),
            usage["reasoning_tokens"] * first(tariff.reasoning, tariff.output),
        ),
        Fraction(0),
    )
    return million / 1_000_000 + tariff.per_request


@settings(deadline=None, max_examples=examples(150))
@given(tariffs, usages())
def test_a_charge_is_the_exact_sum_rounded_once(tariff: Tariff, usage: dict[str, int]) -> None:
    charged = charge(Rates(tariff), call(NOON, **usage))
    assert charged is not None
    assert charged[0] == round(by_hand(tariff, usage) * 10**9)
    assert charged[0] == sum(charged[1:])
    assert min(charged) >= 0


@given(st.integers(0, 10**30), st.integers(1, 10**12))
def test_rounding_agrees_with_decimal(numerator: int, denominator: int) -> None:
    with localcontext() as context:
        context.prec = 80
        exact = Fraction(numerator, denominator)
        expected = round(exact)  # Python rounds a fraction half to even
        if denominator in (1, 2, 4, 5, 8, 10):
            assert expected == int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_EVEN))
    assert half_even(numerator, denominator) == expected


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=6), st.integers(1, 10**6))
def test_parts_by_largest_remainder_add_up_and_are_off_by_less_than_one(numbers: list[int], denominator: int) -> None:
    total = half_even(sum(numbers), denominator)
    portions = apportioned(total, numbers, denominator)
    assert sum(portions) == total
    assert all(abs(portion * denominator - n) < denominator for portion, n in zip(portions, numbers, strict=True))


@given(st.integers(0, MAX_SPAN_COST_NANO), st.lists(st.integers(0, 10**12), min_size=4, max_size=4))
def test_shares_add_up_to_what_is_shared(total: int, weights: list[int]) -> None:
    assert sum(shares(total, weights)) == total


@cache
def every_model() -> dict[tuple[str, str], tuple[Provider, ModelInfo]]:
    return {
        (provider.id, info.id): (provider, info)
        for provider in catalogue.bundled()._providers
        for info in provider.models
        if provider.find_model(info.id) is info
    }


CONTEXTS: dict[str, dict[str, str]] = {
    "": {},
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}


def genai_prices_answer(
    provider: Provider, info: ModelInfo, usage: dict[str, int], at: datetime, tier: str
) -> Decimal | None:
    """What genai-prices charges, or None where it charges nothing for tokens that somebody must have paid."""
    context = CONTEXTS[tier]
    prices = info.get_prices(at, context)
    if info.id.endswith(":free") and not prices.__dict__:
        return Decimal(0)
    if (usage["input_tokens"] and prices.input_mtok is None) or (usage["output_tokens"] and prices.output_mtok is None):
        return None
    plain = usage["input_tokens"] - sum(usage[f"cache_{part}_tokens"] for part in ("read", "write_5m", "write_1h"))
    figures = {
        "input_tokens": usage["input_tokens"],
        "cache_read_tokens": usage["cache_read_tokens"],
        "cache_write_tokens": usage["cache_write_5m_tokens"] + usage["cache_write_1h_tokens"],
        "cache_write_5m_tokens": usage["cache_write_5m_tokens"],
        "cache_write_1h_tokens": usage["cache_write_1h_tokens"],
        "input_audio_tokens": usage["input_audio_tokens"],
        "cache_audio_read_tokens": max(0, usage["input_audio_tokens"] - plain),
        "output_tokens": usage["output_tokens"],
        "output_audio_tokens": usage["output_audio_tokens"],
        "output_reasoning_tokens": usage["reasoning_tokens"],
    }
    return info.calc_price(
        Usage(**figures), provider, genai_request_timestamp=at, price_context=context or None
    ).total_price


@settings(deadline=None, max_examples=examples(300))
@given(
    st.deferred(lambda: st.sampled_from(sorted(every_model()))),
    usages(),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(sorted(CONTEXTS)),
)
def test_every_model_costs_what_genai_prices_says(
    named: tuple[str, str], usage: dict[str, int], at: datetime, tier: str
) -> None:
    provider, info = every_model()[named]
    at = at.replace(microsecond=0)
    span = priced(at=at, provider=provider.id, model=info.id, service_tier=tier, **usage)
    expected = genai_prices_answer(provider, info, usage, at, tier)
    if span.price_source == "unknown_model":
        sold_by_the_token = info.get_prices(at).input_mtok is not None or info.get_prices(at).output_mtok is not None
        assert expected is None or not sold_by_the_token
        return
    assert expected is not None
    assert span.cost == int(expected.quantize(NINE_PLACES, ROUND_HALF_EVEN).scaleb(9))
    assert sum(parts(span)) == span.cost


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        # OpenAI gpt-4o: $2.50 in, $1.25 cached, $10 out.
        (
            {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100},
            "0.0035",
        ),
        (
            {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "cache_read_tokens": 800},
            "0.0015",
        ),
        # Anthropic Sonnet 4.5: $3 in, $0.30 read, $3.75 written for 5 minutes, $6 for an hour, $15 out.
        (
            {
                "provider": "anthropic",
                "model": "claude-sonnet-4-5-20250929",
                "input_tokens": 10_000,
                "cache_read_tokens": 4_000,
                "cache_write_5m_tokens": 2_000,
                "cache_write_1h_tokens": 1_000,
                "output_tokens": 100,
            },
            "0.0252",
        ),
        # Gemini 2.5 Pro: above 200,000 tokens the whole request costs $2.50 and $15.
        ({"provider": "google", "model": "gemini-2.5-pro", "input_tokens": 200_000, "output_tokens": 10}, "0.2501"),
        ({"provider": "google", "model": "gemini-2.5-pro", "input_tokens": 200_001, "output_tokens": 10}, "0.5001525"),
        # Batch and flex are half, priority is more.
        (
            {"provider": "openai", "model": "o3", "service_tier": "batch", "input_tokens": 1000, "output_tokens": 1000},
            "0.005",
        ),
        (
            {"provider": "openai", "model": "o3", "service_tier": "flex", "input_tokens": 1000, "output_tokens": 1000},
            "0.005",
        ),
        ({"provider": "openai", "model": "o3", "service_tier": "priority", "input_tokens": 1000}, "0.0035"),
        # Audio has a price of its own.
        (
            {
                "provider": "openai",
                "model": "gpt-realtime",
                "input_tokens": 1000,
                "input_audio_tokens": 600,
                "output_tokens": 500,
                "output_audio_tokens": 400,
            },
            "0.048",
        ),
    ],
)
def test_list_prices_by_hand(fields: dict[str, Any], usd: str) -> None:
    span = priced(**fields)
    assert span.cost == int(Decimal(usd).scaleb(9))
    assert sum(parts(span)) == span.cost
    assert (span.price_source, span.price_version) == ("genai-prices", catalogue.bundled().data.label)


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("gemini-api", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("google", "publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("google", "projects/p/locations/l/publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("", "openai/gpt-4o", ("openai", "gpt-4o")),
        ("litellm", "anthropic/claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("some-proxy", "gpt-4o-mini-20240718", ("openai", "gpt-4o-mini")),
        ("openai", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("AZURE", "gpt-4o", ("azure", "gpt-4o")),
        (
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
    ],
)
def test_a_model_is_found_under_the_names_that_emitters_use(
    provider: str, model: str, same_as: tuple[str, str]
) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100}
    span = priced(provider=provider, model=model, **usage)
    assert span.cost is not None
    assert span.cost == priced(provider=same_as[0], model=same_as[1], **usage).cost


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-99-secret"),
        ("", ""),
        ("openai", "org/unheard-of"),
        ("ollama", "deepseek-chat"),
        ("groq", "gpt-4o"),
        ("openai", "whisper-1"),
        ("\x00", "\ud800"),
        ("x" * 10_000, "y" * 10_000),
    ],
)
def test_an_unknown_model_is_never_free(provider: str, model: str) -> None:
    span = priced(provider=provider, model=model, input_tokens=1000)
    assert span.cost is None
    assert span.price_source == "unknown_model"
    assert parts(span) == (0, 0, 0, 0)


def test_a_model_that_answers_under_an_unknown_name_is_priced_as_the_one_asked_for() -> None:
    assert priced(provider="openai", model="secret-deployment", request_model="gpt-4o", input_tokens=1000).cost


def test_a_free_variant_is_free_and_says_so_by_its_name() -> None:
    assert priced(provider="openrouter", model="deepseek/deepseek-r1:free", input_tokens=1000).cost == 0


def test_a_reported_cost_wins_and_is_split_as_our_price_would_be() -> None:
    span = priced(provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=100, reported_cost=7_000_000)
    assert (span.cost, *parts(span)) == (7_000_000, 5_000_000, 0, 0, 2_000_000)
    assert span.price_source == "reported"


@given(usages(), st.integers(0, MAX_SPAN_COST_NANO), st.sampled_from(["gpt-4o", "nobody-knows"]))
def test_the_parts_of_a_reported_cost_add_up(usage: dict[str, int], reported: int, model: str) -> None:
    span = priced(provider="openai", model=model, reported_cost=reported, **usage)
    assert span.cost == reported == sum(parts(span))


@pytest.mark.parametrize("reported", [-1, MAX_SPAN_COST_NANO + 1])
def test_a_reported_cost_that_cannot_be_is_not_believed(reported: int) -> None:
    span = priced(provider="openai", model="gpt-4o", reported_cost=reported)
    assert (span.cost, span.price_source) == (None, "over_limit")


def test_a_cost_beyond_what_a_span_may_carry_is_not_believed() -> None:
    span = priced(provider="openai", model="gpt-4o", input_tokens=10**18)
    assert (span.cost, span.price_source) == (None, "over_limit")


def test_a_call_without_figures_is_unpriced_but_a_failed_one_costs_nothing() -> None:
    silent = priced(provider="openai", model="gpt-4o", metered=False)
    failed = priced(provider="openai", model="gpt-4o", metered=False, status="error")
    assert (silent.cost, silent.price_source) == (None, "no_usage")
    assert (failed.cost, failed.price_source) == (0, "no_usage")


def test_a_span_that_uses_no_model_costs_nothing() -> None:
    span = priced(usage_kind=UsageKind.NONE, input_tokens=5, cost=3, price_source="stale")
    assert (span.cost, span.price_source) == (0, "")


def test_pricing_again_replaces_what_was_there() -> None:
    book = PriceBook(catalogue.bundled())
    span = call(provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=1)
    book.price(span)
    span.model = "unheard-of"
    book.price(span)
    assert (span.cost, *parts(span), span.price_version) == (None, 0, 0, 0, 0, "")


@pytest.mark.parametrize(
    ("at", "usd_per_million"),
    [
        (datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC), 10),
        (datetime(2025, 6, 10, tzinfo=UTC), 2),
    ],
)
def test_a_price_holds_from_its_first_day(at: datetime, usd_per_million: int) -> None:
    book = PriceBook(catalogue.bundled())
    for moment in (NOON, at, NOON, at):
        span = call(at=moment, provider="openai", model="o3", input_tokens=1_000_000)
        book.price(span)
    assert span.cost == usd_per_million * 10**9


def test_a_price_of_the_night_ends_in_the_morning() -> None:
    book = PriceBook(catalogue.bundled())
    costs = []
    for hour, minute in [(0, 29), (0, 30), (16, 29), (16, 30), (23, 59), (0, 29)]:
        span = call(
            at=datetime(2026, 11, 20, hour, minute, tzinfo=UTC),
            provider="deepseek", model="deepseek-reasoner", input_tokens=1_000_000,
        )  # fmt: skip
        book.price(span)
        costs.append(span.cost)
    assert costs == [135_000_000, 550_000_000, 550_000_000, 135_000_000, 135_000_000, 135_000_000]


class OnePrice:
    """A quote that counts how often it is asked for."""

    def __init__(self, tariff: Tariff, until_ns: int = END_NS) -> None:
        self.asked = 0
        self.quoted = Quote(tariff, PriceSource.CUSTOM, "custom prc_1")
        self.until_ns = until_ns

    def quote(self, provider: str, model: str, service_tier: str, at_ns: int) -> Answer:  # noqa: ARG002
        self.asked += 1
        return Answer(self.quoted, BEGINNING_NS, self.until_ns)


def test_a_model_is_looked_up_once_and_again_after_its_period() -> None:
    span = call(model="m", input_tokens=1)
    quotes = OnePrice(Tariff(input=Fraction(1)), until_ns=span.start_ns + 1)
    book = PriceBook(quotes)
    book.price(span)
    book.price(span)
    assert quotes.asked == 1
    span.start_ns += 1
    book.price(span)
    assert quotes.asked == 2


def test_new_prices_hold_for_the_next_span() -> None:
    book = PriceBook(OnePrice(Tariff(input=Fraction(1))))
    span = call(model="m", input_tokens=1_000_000)
    book.price(span)
    book.replace(OnePrice(Tariff(input=Fraction(2))), None)
    book.price(span)
    assert span.cost == 2 * 10**9


def test_the_book_stays_small_whatever_models_emitters_invent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "MAX_REMEMBERED_MODELS", 10)
    book = PriceBook(OnePrice(Tariff(input=Fraction(1))))
    for number in range(100):
        book.price(call(model=f"m{number}", input_tokens=1))
        assert len(book._remembered) <= 10


def test_an_own_price_wins_over_the_list_and_is_named() -> None:
    own = OnePrice(replace(Tariff(), input=Fraction(7)))
    book = PriceBook(catalogue.bundled(), own)
    span = call(provider="openai", model="gpt-4o", input_tokens=1_000_000)
    book.price(span)
    assert (span.cost, span.price_source, span.price_version) == (7 * 10**9, "custom", "custom prc_1")


def test_the_list_agrees_with_the_package_on_which_model_is_meant() -> None:
    snapshot = DataSnapshot(catalogue.bundled()._providers, from_auto_update=False)
    for provider, model in [("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-flash")]:
        found = catalogue.bundled()._find(provider, model)
        assert found is not None
        assert found[1] is snapshot.find_provider_model(model, None, provider, None)[1]
