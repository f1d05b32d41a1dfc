"""A project's own prices: they win over the public list for every model that their pattern matches.

Pure: the prices and the rates of exchange are given, so one instance never changes.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from mno.observability.costs.model import (
    BEGINNING_NS,
    END_NS,
    Answer,
    CurrencyRate,
    CurrencySettings,
    CustomPrice,
    PriceSource,
    Quote,
    Tariff,
)
from mno.platform.ids import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OwnPrices:
    """The custom prices of one project, as quotes in USD."""

    def __init__(self, prices: Sequence[CustomPrice], currencies: CurrencySettings) -> None:
        self._prices = [(price, _pattern(price.model)) for price in prices]
        self._currencies = currencies

    def quote(self, provider: str, model: str, service_tier: str, at_ns: int) -> Answer:  # noqa: ARG002
        """The most specific price that is valid; a contract has one price whatever the service tier."""
        matching = [price for price, pattern in self._prices if _matches(price, pattern, provider, model)]
        valid = [price for price in matching if nanoseconds(price.valid_from) <= at_ns]
        edges = [nanoseconds(price.valid_from) for price in matching]
        chosen = max(valid, key=precedence, default=None)
        if chosen is None:
            return _answer(None, edges, at_ns)
        return self._in_usd(chosen, edges, at_ns)

    def _in_usd(self, price: CustomPrice, edges: list[int], at_ns: int) -> Answer:
        version = f"custom {shown('prc', price.id)} {price.valid_from.date().isoformat()}"
        if price.currency == "USD":
            return _answer(Quote(tariff(price, Decimal(1)), PriceSource.CUSTOM, version), edges, at_ns)
        edges = edges + [_midnight(rate.dated) for rate in self._currencies.rates if rate.currency == price.currency]
        rate = self._currencies.rate_on(price.currency, _day(at_ns))
        if rate is None:
            return _answer(None, edges, at_ns)
        dated = f"{version}, {rate.rate} {rate.currency}/USD {rate.dated.isoformat()}"
        return _answer(Quote(tariff(price, rate.rate), PriceSource.CUSTOM, dated), edges, at_ns)


def tariff(price: CustomPrice, units_per_usd: Decimal) -> Tariff:
    """The price in USD, exact: a fraction where the division does not come out."""

    def usd(amount: Decimal | None) -> Fraction | None:
        return None if amount is None else Fraction(amount) / Fraction(units_per_usd)

    stated = price.prices
    return Tariff(
        input=usd(stated.input),
        cache_read=usd(stated.cache_read),
        cache_write_5m=usd(stated.cache_write_5m),
        cache_write_1h=usd(stated.cache_write_1h if stated.cache_write_1h is not None else stated.cache_write_5m),
        input_audio=usd(stated.input_audio),
        output=usd(stated.output),
        output_audio=usd(stated.output_audio),
    )


def precedence(price: CustomPrice) -> tuple[bool, int, datetime, datetime]:
    """The greatest wins: a named provider, more literal characters, the later start, the later entry."""
    literal = len(price.model.replace("*", ""))
    return bool(price.provider), literal, price.valid_from, price.created_at


def converted(amount: Decimal, rate: CurrencyRate | None) -> Decimal:
    """An amount in USD, in units of the rate's currency; not rounded."""
    return amount if rate is None else amount * rate.rate


def nanoseconds(moment: datetime) -> int:
    """Whole nanoseconds since the epoch, exact to the microsecond."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _matches(price: CustomPrice, pattern: re.Pattern[str], provider: str, model: str) -> bool:
    return (not price.provider or price.provider == provider.lower()) and pattern.fullmatch(model) is not None


def _pattern(model: str) -> re.Pattern[str]:
    """`gpt-4o*` as a regular expression; `*` stands for any characters, also none. Case does not matter."""
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", model)), re.IGNORECASE | re.DOTALL)


def _answer(quote: Quote | None, edges: list[int], at_ns: int) -> Answer:
    from_ns = max((edge for edge in edges if edge <= at_ns), default=BEGINNING_NS)
    until_ns = min((edge for edge in edges if edge > at_ns), default=END_NS)
    return Answer(quote, from_ns, until_ns)


def _midnight(day: date) -> int:
    return nanoseconds(datetime.combine(day, time(), UTC))


def _day(at_ns: int) -> date:
    try:
        return (_EPOCH + timedelta(microseconds=at_ns // 1000)).date()
    except OverflowError:
        return date.max if at_ns > 0 else date.min
