"""The public price list: `genai-prices`, as it comes with the program or as a team imported it.

This module finds the model that a span means, the price that holds at its time and in its service tier,
and the period for which that stays so. Source: https://github.com/pydantic/genai-prices.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from mno.observability.costs.model import (
    BEGINNING_NS,
    END_NS,
    Answer,
    ListedPrice,
    PriceData,
    PriceSource,
    Quote,
    Tariff,
)
from mno.platform.errors import Invalid

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, PriceVariant, Provider

#: The newest dated fact in a release of the package, which carries no date of its own.
_RELEASE_DATES = {"0.2.3": date(2026, 11, 4)}
_CHECKED = re.compile(r"(?:verified|checked|as of|accessed)[^0-9]{1,20}(20\d\d-\d\d-\d\d)", re.IGNORECASE)

#: What a service tier is called by emitters, and how the price list calls it.
_CONTEXTS: dict[str, dict[str, str]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}

#: Engines that run a model on one's own machine: the vendor's price for the same name says nothing.
SELF_HOSTED = frozenset(
    {"ollama", "vllm", "llamacpp", "llama.cpp", "llama_cpp", "lmstudio", "lm_studio", "localai", "sglang", "tgi"}
)
#: Names under which an API dialect is reported rather than a vendor.
_DIALECTS = frozenset({"openai"})
_MODEL_PATHS = re.compile(r"^(?:models/|tunedmodels/|publishers/[^/]+/models/|projects/.+/models/|accounts/.+/models/)")
_DAY_NS = 86_400 * 1_000_000_000
_FAR_PAST = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_FUTURE = datetime(9999, 12, 30, tzinfo=UTC)


class Catalogue:
    """One version of the price list. Immutable; looking up takes some tens of microseconds."""

    def __init__(self, providers: "list[Provider]", data: PriceData) -> None:
        self.data = data
        self._providers = providers
        self._by_id = {provider.id: provider for provider in providers}

    def quote(self, provider: str, model: str, service_tier: str, at_ns: int) -> Answer:
        """The list price of a model at a time; it never fails on a strange name."""
        found = self._find(provider.strip().lower(), model.strip().lower())
        if found is None:
            return Answer(None, BEGINNING_NS, END_NS)
        owner, info = found
        # A vendor's tiers are its own: another one that resells the model charges the plain price.
        context = _CONTEXTS.get(service_tier.lower()) if any(info is model for model in owner.models) else None
        at = _moment(at_ns)
        from_ns, until_ns = _period(info, at, with_variants=context is not None)
        tariffs = _tariffs(info.get_prices(at, context), free=info.id.endswith(":free"))
        if tariffs is None:
            return Answer(None, from_ns, until_ns)
        base, tiers = tariffs
        return Answer(Quote(base, PriceSource.GENAI_PRICES, self.data.label, tiers), from_ns, until_ns)

    def listed(self, at: datetime) -> Iterator[ListedPrice]:
        """Every model with a price, as it is charged at that time."""
        for provider in self._providers:
            for info in provider.models:
                tariffs = _tariffs(info.get_prices(at), free=info.id.endswith(":free"))
                if tariffs is not None:
                    yield ListedPrice(
                        provider.id, info.id, info.name or info.id, tariffs[0], bool(tariffs[1]), info.context_window
                    )

    def _find(self, provider: str, model: str) -> "tuple[Provider, ModelInfo] | None":
        """By vendor and model; by the model alone where the vendor is missing, strange, or only a dialect."""
        if not model or provider in SELF_HOSTED:
            return None
        names = list(dict.fromkeys((model, _MODEL_PATHS.sub("", model))))
        owner = self._provider(provider) if provider and provider != "litellm" else None
        if owner is not None:
            for name in names:
                if info := owner.find_model(name, all_providers=self._providers):
                    return owner, info
            if owner.id not in _DIALECTS:
                return None
        for name in names:
            if found := self._by_model(name):
                return found
        return None

    def _by_model(self, model: str) -> "tuple[Provider, ModelInfo] | None":
        """`claude-…` names its vendor by its shape, `anthropic/claude-…` by its prefix."""
        prefix, slash, rest = model.partition("/")
        if slash and (owner := self._provider(prefix)):
            if info := owner.find_model(rest, all_providers=self._providers):
                return owner, info
        elif slash:
            return None
        for owner in self._providers:
            if owner.model_match is not None and owner.model_match.is_match(model):
                info = owner.find_model(model, all_providers=self._providers)
                return (owner, info) if info else None
        return None

    def _provider(self, name: str) -> "Provider | None":
        from genai_prices.data_snapshot import find_provider_by_id

        return self._by_id.get(name) or find_provider_by_id(self._providers, name)


@cache
def bundled() -> Catalogue:
    """The price list that came with the installed package; half a second at the first call."""
    from importlib.metadata import version

    from genai_prices.data import providers

    release = version("genai-prices")
    dated = _RELEASE_DATES.get(release) or _newest_check(providers) or date(2026, 1, 1)
    return Catalogue(providers, PriceData("genai-prices", release, dated, imported=False))


def imported(payload: object, version: str, dated: date | None, today: date) -> Catalogue:
    """A catalogue of an imported file's JSON: the array of providers that genai-prices publishes.

    `Invalid` when it is not of that shape, or holds prices that do not fit together. Without a date the
    newest one counts on which the file says that a price was checked.
    """
    from genai_prices.types import _providers_from_raw
    from pydantic import ValidationError

    if not isinstance(payload, list) or not payload:
        raise Invalid("The file is not a genai-prices data file: it must be a JSON array of providers.")
    try:
        providers = _providers_from_raw(payload)
        _validate(providers)
    except (ValidationError, ValueError, TypeError, AssertionError, re.error) as error:
        reason = str(error).splitlines()[0][:200]
        raise Invalid(f"The file is not a genai-prices data file: {reason}") from None
    dated = min(dated or _newest_check(providers) or today, today)
    return Catalogue(providers, PriceData("genai-prices", version, dated, imported=True))


def _validate(providers: "Sequence[Provider]") -> None:
    """Every price of every model compiles, every pattern is a pattern; else ValueError or re.error."""
    if not any(provider.models for provider in providers):
        raise ValueError("it holds no models")
    for provider in providers:
        for matcher in (provider.model_match, provider.provider_match):
            if matcher is not None:
                matcher.is_match("probe")
        for info in provider.models:
            info.is_match("probe")
            for prices in _all_prices(info):
                _tariffs(prices, free=False)


def _all_prices(info: "ModelInfo") -> "Iterator[ModelPrice]":
    if isinstance(info.prices, list):
        if not info.prices:
            raise ValueError(f"{info.id} has an empty list of prices")
        yield from (conditional.prices for conditional in info.prices)
    else:
        yield info.prices
    yield from (variant.prices for variant in info.price_variants or ())


def _newest_check(providers: "Iterable[Provider]") -> date | None:
    stated: list[date] = []
    for provider in providers:
        for comment in (provider.price_comments, *(info.price_comments for info in provider.models)):
            for text in _CHECKED.findall(comment or ""):
                try:
                    stated.append(date.fromisoformat(text))
                except ValueError:
                    continue
    return max(stated, default=None)


def _moment(at_ns: int) -> datetime:
    """The call's start; what a datetime cannot hold is moved to the edge."""
    try:
        return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).replace(microsecond=at_ns // 1000 % 1_000_000)
    except (OverflowError, ValueError, OSError):
        return _FAR_PAST if at_ns < 0 else _FAR_FUTURE


def _period(info: "ModelInfo", at: datetime, *, with_variants: bool) -> tuple[int, int]:
    """The longest period around `at` in which no condition of the model's prices changes."""
    edges = list(_edges(info, at, with_variants=with_variants))
    from_ns = max((edge for edge in edges if edge <= _ns(at)), default=BEGINNING_NS)
    until_ns = min((edge for edge in edges if edge > _ns(at)), default=END_NS)
    return from_ns, until_ns


def _edges(info: "ModelInfo", at: datetime, *, with_variants: bool) -> Iterator[int]:
    conditional: list[ConditionalPrice | PriceVariant] = list(info.prices) if isinstance(info.prices, list) else []
    if with_variants:
        conditional.extend(info.price_variants or ())
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    for price in conditional:
        constraint: Any = price.constraint
        if constraint is None:
            continue
        if hasattr(constraint, "start_date"):
            yield _ns(datetime.combine(constraint.start_date, time(), UTC))
            continue
        for clock in (constraint.start_time, constraint.end_time):
            offset = clock.utcoffset() or timedelta(0)
            edge = _ns(datetime.combine(midnight, clock.replace(tzinfo=None), UTC) - offset)
            yield from (edge - _DAY_NS, edge, edge + _DAY_NS)


def _ns(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


def _tariffs(prices: "ModelPrice", *, free: bool) -> tuple[Tariff, tuple[tuple[int, Tariff], ...]] | None:
    """The base tariff and those above each threshold; None for a model that is not sold by the token.

    A model in the list without any price is free only where its name says so.
    """
    stated: dict[str, Any] = {key: price for key, price in prices.__dict__.items() if price is not None}
    if not stated and free:
        return Tariff(input=Fraction(0), output=Fraction(0)), ()
    if stated.get("input_mtok") is None and stated.get("output_mtok") is None:
        return None
    thresholds = sorted({tier.start for price in stated.values() for tier in getattr(price, "tiers", ())})
    return _tariff(stated, 0), tuple((start, _tariff(stated, start + 1)) for start in thresholds)


def _tariff(stated: dict[str, Any], input_tokens: int) -> Tariff:
    def at(key: str) -> Fraction | None:
        price = stated.get(key)
        if price is None:
            return None
        amount = price
        if not isinstance(price, Decimal):
            amount = next((tier.price for tier in reversed(price.tiers) if input_tokens > tier.start), price.base)
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"{key} is not a price")
        return Fraction(amount)

    return Tariff(
        input=at("input_mtok"),
        cache_read=at("cache_read_mtok"),
        cache_write=at("cache_write_mtok"),
        cache_write_5m=at("cache_write_5m_mtok"),
        cache_write_1h=at("cache_write_1h_mtok"),
        input_audio=at("input_audio_mtok"),
        cache_audio_read=at("cache_audio_read_mtok"),
        output=at("output_mtok"),
        output_audio=at("output_audio_mtok"),
        reasoning=at("output_reasoning_mtok"),
        per_request=(at("requests_kcount") or Fraction(0)) / 1000,
    )
