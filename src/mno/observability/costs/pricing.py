"""What one call costs: exact integer arithmetic, and a price book that makes it fast.

A tariff is compiled once into whole numbers over one denominator, so that a span is priced by a few
multiplications and one rounding, half to even, to the nano-dollar. The parts of a cost are rounded by
largest remainder and therefore always add up to it. The price book remembers who charges what for a
model at a time, since finding that out takes two hundred times as long as the arithmetic.
"""

import threading
from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Protocol

from mno.observability.costs.model import BEGINNING_NS, END_NS, Answer, PriceSource, Quote, Tariff
from mno.observability.spans.model import Span
from mno.platform.money import MAX_SPAN_COST_NANO

#: Models that a price book remembers; model names come from emitters, so this is bounded.
MAX_REMEMBERED_MODELS = 10_000
#: Periods that it remembers of one model: prices that change by the hour would fill it otherwise.
MAX_REMEMBERED_PERIODS = 16

#: Cost, then its parts: input, cache read, cache write, output. Nano-dollars.
Charge = tuple[int, int, int, int, int]
FREE: Charge = (0, 0, 0, 0, 0)

_NANO_PER_TOKEN = 1000  # USD for a million tokens, as nano-dollars for one
_NANO_PER_USD = 1_000_000_000


class Rates:
    """A tariff compiled: nano-dollars for one token, all over the same `denominator`."""

    __slots__ = (
        "cache_audio_read",
        "cache_read",
        "cache_write_1h",
        "cache_write_5m",
        "denominator",
        "input",
        "input_audio",
        "output",
        "output_audio_extra",
        "per_request",
        "prices_input",
        "prices_output",
        "reasoning_extra",
    )

    def __init__(self, tariff: Tariff) -> None:
        zero = Fraction(0)
        input_ = tariff.input if tariff.input is not None else zero
        output = tariff.output if tariff.output is not None else zero
        cache_read = _first(tariff.cache_read, input_)
        cache_write = _first(tariff.cache_write, input_)
        input_audio = _first(tariff.input_audio, input_)
        overlap = tariff.cache_read if tariff.cache_read is not None else input_audio
        exact = {
            "input": input_ * _NANO_PER_TOKEN,
            "cache_read": cache_read * _NANO_PER_TOKEN,
            "cache_write_5m": _first(tariff.cache_write_5m, cache_write) * _NANO_PER_TOKEN,
            "cache_write_1h": _first(tariff.cache_write_1h, cache_write) * _NANO_PER_TOKEN,
            "input_audio": input_audio * _NANO_PER_TOKEN,
            "cache_audio_read": _first(tariff.cache_audio_read, overlap) * _NANO_PER_TOKEN,
            "output": output * _NANO_PER_TOKEN,
            "output_audio_extra": (_first(tariff.output_audio, output) - output) * _NANO_PER_TOKEN,
            "reasoning_extra": (_first(tariff.reasoning, output) - output) * _NANO_PER_TOKEN,
            "per_request": tariff.per_request * _NANO_PER_USD,
        }
        self.denominator = lcm(*(rate.denominator for rate in exact.values()))
        self.input = self._scaled(exact["input"])
        self.cache_read = self._scaled(exact["cache_read"])
        self.cache_write_5m = self._scaled(exact["cache_write_5m"])
        self.cache_write_1h = self._scaled(exact["cache_write_1h"])
        self.input_audio = self._scaled(exact["input_audio"])
        self.cache_audio_read = self._scaled(exact["cache_audio_read"])
        self.output = self._scaled(exact["output"])
        self.output_audio_extra = self._scaled(exact["output_audio_extra"])
        self.reasoning_extra = self._scaled(exact["reasoning_extra"])
        self.per_request = self._scaled(exact["per_request"])
        self.prices_input = tariff.input is not None
        self.prices_output = tariff.output is not None

    def _scaled(self, rate: Fraction) -> int:
        return int(rate * self.denominator)


def _first(price: Fraction | None, containing: Fraction) -> Fraction:
    return containing if price is None else price


class Tokens(Protocol):
    """What is charged for: the buckets of a span, or sums of them."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def cache_read_tokens(self) -> int: ...
    @property
    def cache_write_5m_tokens(self) -> int: ...
    @property
    def cache_write_1h_tokens(self) -> int: ...
    @property
    def input_audio_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def reasoning_tokens(self) -> int: ...
    @property
    def output_audio_tokens(self) -> int: ...


def charge(rates: Rates, span: Tokens) -> Charge | None:
    """What the span's tokens cost by these rates; None when tokens stand on a side without a price.

    The request's own price is part of the input. Which audio was read from the cache is not reported:
    only as much as must have been is charged so.
    """
    input_tokens = span.input_tokens
    output_tokens = span.output_tokens
    if (input_tokens and not rates.prices_input) or (output_tokens and not rates.prices_output):
        return None

    cache_read = cache_write = 0
    cached = span.cache_read_tokens + span.cache_write_5m_tokens + span.cache_write_1h_tokens
    audio = span.input_audio_tokens
    if cached or audio:
        plain = input_tokens - cached
        if plain < 0:
            plain = 0
        cached_audio = audio - plain if audio > plain else 0
        input_ = (plain - audio + cached_audio) * rates.input + (audio - cached_audio) * rates.input_audio
        read_audio = min(cached_audio, span.cache_read_tokens)
        cache_read = (span.cache_read_tokens - read_audio) * rates.cache_read + read_audio * rates.cache_audio_read
        cache_write = (
            span.cache_write_5m_tokens * rates.cache_write_5m + span.cache_write_1h_tokens * rates.cache_write_1h
        )
    else:
        input_ = input_tokens * rates.input
    input_ += rates.per_request

    parts_out = span.reasoning_tokens + span.output_audio_tokens
    if parts_out > output_tokens:
        output_tokens = parts_out
    output = output_tokens * rates.output
    if rates.reasoning_extra:
        output += span.reasoning_tokens * rates.reasoning_extra
    if rates.output_audio_extra:
        output += span.output_audio_tokens * rates.output_audio_extra

    if rates.denominator == 1:
        return input_ + cache_read + cache_write + output, input_, cache_read, cache_write, output
    return rounded((input_, cache_read, cache_write, output), rates.denominator)


def rounded(parts: tuple[int, int, int, int], denominator: int) -> Charge:
    """The sum rounded once, half to even, and its parts by largest remainder, so that they add up."""
    total = half_even(sum(parts), denominator)
    input_, cache_read, cache_write, output = apportioned(total, parts, denominator)
    return total, input_, cache_read, cache_write, output


def half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as a whole number, a half going to the even neighbour."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and whole & 1):
        return whole + 1
    return whole


def apportioned(total: int, parts: Sequence[int], denominator: int) -> list[int]:
    """`parts / denominator` as whole numbers whose sum is `total`, the largest remainders rounded up."""
    wholes = [part // denominator for part in parts]
    missing = total - sum(wholes)
    if missing:
        by_remainder = sorted(range(len(parts)), key=lambda n: (-(parts[n] % denominator), n))
        for n in by_remainder[:missing]:
            wholes[n] += 1
    return wholes


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` divided in proportion to the weights; all of it goes to the first when there are none."""
    weight = sum(weights)
    if not weight:
        return [total, *(0 for _ in weights[1:])]
    return apportioned(total, [part * total for part in weights], weight)


class Resolution:
    """A quote compiled, as the price book remembers it. Without rates: nobody knows the model."""

    __slots__ = ("base", "first_tier", "from_ns", "source", "tiers", "until_ns", "version")

    def __init__(self, quote: Quote | None, from_ns: int, until_ns: int) -> None:
        self.from_ns = from_ns
        self.until_ns = until_ns
        self.base = Rates(quote.base) if quote else None
        self.tiers = [(start, Rates(tariff)) for start, tariff in reversed(quote.tiers)] if quote else []
        self.first_tier = self.tiers[-1][0] if self.tiers else None
        self.source = str(quote.source) if quote else str(PriceSource.UNKNOWN_MODEL)
        self.version = quote.version if quote else ""

    def rates(self, input_tokens: int) -> Rates | None:
        if self.first_tier is not None and input_tokens > self.first_tier:
            for start, rates in self.tiers:
                if input_tokens > start:
                    return rates
        return self.base


class Quotes(Protocol):
    """Where a price book looks prices up: the price data, or a team's own prices before it."""

    def quote(self, provider: str, model: str, service_tier: str, at_ns: int) -> Answer:
        """The price that holds at a time, and for how long."""
        ...


class PriceBook:
    """Prices spans in place. For any number of threads; about a microsecond for a model seen before.

    `own` (a team's prices) is asked before `catalogue`, each with the model that answered and then with
    the model that was asked for.
    """

    def __init__(self, catalogue: Quotes, own: Quotes | None = None) -> None:
        self._lock = threading.Lock()
        self.replace(catalogue, own)

    def replace(self, catalogue: Quotes, own: Quotes | None) -> None:
        """Takes new prices and forgets what was remembered of the old ones."""
        with self._lock:
            self._books: tuple[Quotes, ...] = (own, catalogue) if own else (catalogue,)
            self._remembered: dict[tuple[str, str, str, str], tuple[Resolution, ...]] = {}

    def price(self, span: Span) -> None:
        """Sets the span's cost, its parts, and the price's source and version.

        A cost that the emitter reported is taken as it is, and split into parts as our own price would
        be. A model that nobody knows leaves `cost` None: never free.
        """
        if not span.usage_kind:
            _set(span, FREE, "", "")
            return
        used = span.input_tokens or span.output_tokens
        resolution = self._resolution((span.provider, span.model, span.request_model, span.service_tier), span.start_ns)
        if span.reported_cost is not None:
            _set_reported(span, resolution)
        elif not used and span.status == "error":
            _set(span, FREE, "no_usage", "")
        elif not used and not span.metered:
            _set(span, None, "no_usage", "")
        else:
            rates = resolution.rates(span.input_tokens)
            charged = charge(rates, span) if rates is not None else None
            if charged is None:
                _set(span, None, "unknown_model", "")
            elif charged[0] > MAX_SPAN_COST_NANO:
                _set(span, None, "over_limit", "")
            else:
                _set(span, charged, resolution.source, resolution.version)

    def cost(
        self, provider: str, model: str, request_model: str, service_tier: str, at_ns: int, tokens: Tokens
    ) -> int | None:
        """What these tokens of one call cost, in nano-dollars, as `price` would say; None where nobody knows."""
        rates = self._resolution((provider, model, request_model, service_tier), at_ns).rates(tokens.input_tokens)
        charged = charge(rates, tokens) if rates is not None else None
        return charged[0] if charged is not None and charged[0] <= MAX_SPAN_COST_NANO else None

    def rates(self, provider: str, model: str, service_tier: str, at_ns: int) -> Rates | None:
        """The base tariff of a model at a time, nanoseconds since the epoch; None for one that is not known."""
        return self._resolution((provider, model, "", service_tier), at_ns).base

    def _resolution(self, key: tuple[str, str, str, str], at_ns: int) -> Resolution:
        known = self._remembered.get(key, ())
        for resolution in known:
            if resolution.from_ns <= at_ns < resolution.until_ns:
                return resolution
        return self._resolve(key, at_ns)

    def _resolve(self, key: tuple[str, str, str, str], at_ns: int) -> Resolution:
        with self._lock:
            books, remembered = self._books, self._remembered
        resolution = resolved(books, key, at_ns)
        with self._lock:
            if remembered is self._remembered:
                if len(remembered) >= MAX_REMEMBERED_MODELS:
                    self._remembered = remembered = {}
                remembered[key] = (resolution, *remembered.get(key, ())[: MAX_REMEMBERED_PERIODS - 1])
        return resolution


def resolved(books: Sequence[Quotes], key: tuple[str, str, str, str], at_ns: int) -> Resolution:
    """The first book's quote for the model that answered, else for the model that was asked for.

    It stands as long as every answer on the way to it does: a book that is silent now may speak later.
    """
    provider, model, request_model, service_tier = key
    names = [name for name in dict.fromkeys((model, request_model)) if name]
    from_ns, until_ns = BEGINNING_NS, END_NS
    for book in books:
        for name in names:
            answer = book.quote(provider, name, service_tier, at_ns)
            from_ns, until_ns = max(from_ns, answer.from_ns), min(until_ns, answer.until_ns)
            if answer.quote is not None:
                return Resolution(answer.quote, from_ns, until_ns)
    return Resolution(None, from_ns, until_ns)


def _set(span: Span, charged: Charge | None, source: str, version: str) -> None:
    if charged is None:
        span.cost = None
        _, span.cost_input, span.cost_cache_read, span.cost_cache_write, span.cost_output = FREE
    else:
        span.cost, span.cost_input, span.cost_cache_read, span.cost_cache_write, span.cost_output = charged
    span.price_source = source
    span.price_version = version


def _set_reported(span: Span, resolution: Resolution) -> None:
    reported = span.reported_cost
    if reported is None or not 0 <= reported <= MAX_SPAN_COST_NANO:
        _set(span, None, "over_limit", "")
        return
    rates = resolution.rates(span.input_tokens)
    charged = charge(rates, span) if rates is not None else None
    weights = charged[1:] if charged and charged[0] else _by_tokens(span)
    input_, cache_read, cache_write, output = shares(reported, weights)
    _set(span, (reported, input_, cache_read, cache_write, output), "reported", "")


def _by_tokens(span: Span) -> tuple[int, int, int, int]:
    cache_write = span.cache_write_5m_tokens + span.cache_write_1h_tokens
    plain = max(0, span.input_tokens - span.cache_read_tokens - cache_write)
    return plain, span.cache_read_tokens, cache_write, span.output_tokens
