"""Answers what could have been saved over a period, by default last month: model by model, way by way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from mno.observability.costs.model import CurrencyRate
from mno.observability.costs.prices import Prices
from mno.observability.costs.pricing import PriceBook
from mno.observability.forecast.periods import month_before
from mno.observability.forecast.ports import Calendars
from mno.observability.savings.comparison import by_batch, by_cache, by_cheaper_model
from mno.observability.savings.model import MAX_SAVING_DAYS, Assumption, Buckets, Saving
from mno.observability.savings.queries import SavingQueries
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.errors import Invalid, NotFound
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class Target:
    """A model to which calls are moved, as somebody names it."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class SavingsFound:
    """The greatest saving first. `cost` is what the looked-at models were charged altogether, in USD."""

    period: TimeRange
    currency: str
    rate: CurrencyRate | None
    cost: Decimal
    assumed: Assumption
    savings: list[Saving]


class Savings:
    """Reads the buckets, asks the project's price book."""

    def __init__(self, queries: SavingQueries, prices: Prices, calendars: Calendars) -> None:
        self._queries = queries
        self._prices = prices
        self._calendars = calendars

    async def found(
        self, reader: Principal, period: TimeRange | None, assumed: Assumption, target: Target | None, currency: str
    ) -> SavingsFound:
        """Without a target, calls move to each cheaper model that the project used as well.

        `NotFound` for a target without a price, `Invalid` for a period that is too long or a currency without rate.
        """
        display, rate = self._prices.display(reader.team_id, currency)
        if period is None:
            calendar = await self._calendars.calendar_of(reader.team_id, reader.project_id)
            period = month_before(clock.now(), calendar.zone)
        if period.end - period.start > timedelta(days=MAX_SAVING_DAYS):
            raise Invalid(f"Savings are looked for in {MAX_SAVING_DAYS} days at most; choose a shorter range.")
        used = await self._queries.buckets(Tenant(str(reader.team_id), str(reader.project_id)), period)
        book = self._prices.book(reader.team_id, reader.project_id)
        at_ns = clock.now_ns()
        if target is not None and book.rates(target.provider, target.model, "", at_ns) is None:
            raise NotFound(f"The model '{target.model[:100]}' has no price; add one, or choose another.")
        targets = [target] if target else [Target(one.provider, one.model) for one in used]
        savings = [saving for buckets in used for saving in _ways(book, buckets, targets, assumed, at_ns)]
        savings.sort(key=lambda saving: (-saving.saved, saving.of.model, saving.way, saving.to_model))
        return SavingsFound(period, display, rate, sum((one.cost for one in used), Decimal(0)), assumed, savings)


def _ways(
    book: PriceBook, buckets: Buckets, targets: list[Target], assumed: Assumption, at_ns: int
) -> Iterator[Saving]:
    now = book.rates(buckets.provider, buckets.model, "", at_ns)
    if now is None:
        return
    for target in targets:
        if (target.provider, target.model) == (buckets.provider, buckets.model):
            continue
        then = book.rates(target.provider, target.model, "", at_ns)
        if then and (moved := by_cheaper_model(buckets, now, target.provider, target.model, then, assumed)):
            yield moved
    if cached := by_cache(buckets, now, assumed):
        yield cached
    batch = book.rates(buckets.provider, buckets.model, "batch", at_ns)
    if batch and (batched := by_batch(buckets, now, batch, assumed)):
        yield batched
