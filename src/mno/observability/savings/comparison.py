"""What the same tokens would have cost otherwise: exact arithmetic over the price book's tariffs, no I/O.

Both sides are priced by the same book at the same time, so that a difference is one of the way and not of a changed
price. Sums of buckets carry no single call's size: where a model charges long inputs more, both sides are priced by
its base tariff. A cheaper model is assumed to need as many tokens.
"""

from fractions import Fraction

from mno.observability.costs.pricing import Rates, charge, half_even
from mno.observability.savings.model import Assumption, Buckets, Saving, Way


def priced(rates: Rates, buckets: Buckets) -> int | None:
    """What the buckets cost by these rates, in nano-dollars; None when they price a side not at all."""
    charged = charge(rates, buckets)
    if charged is None:
        return None
    # a sum of calls is charged as one: the price of the others' requests is missing
    return charged[0] + half_even((buckets.calls - 1) * rates.per_request, rates.denominator)


def by_cheaper_model(
    buckets: Buckets, now: Rates, provider: str, model: str, then: Rates, assumed: Assumption
) -> Saving | None:
    """Moves a share of the calls to another model; None where that would not be cheaper."""
    return _saving(Way.CHEAPER_MODEL, buckets, priced(now, buckets), priced(then, buckets), assumed, provider, model)


def by_batch(buckets: Buckets, now: Rates, batch: Rates, assumed: Assumption) -> Saving | None:
    """Sends a share of the calls as batches; None where the price list knows no cheaper price for them."""
    return _saving(Way.BATCH, buckets, priced(now, buckets), priced(batch, buckets), assumed)


def by_cache(buckets: Buckets, now: Rates, assumed: Assumption) -> Saving | None:
    """Caches a share of the plain input: of every reads + 1 times that it is sent, it is written once and read else."""
    whole = priced(now, buckets)
    if whole is None:
        return None
    times = assumed.reads_per_write + 1
    cached = Fraction(now.cache_read * assumed.reads_per_write + now.cache_write_5m, times)
    a_token = (now.input - cached) / now.denominator
    saved = _whole(a_token * buckets.plain_input_tokens * Fraction(assumed.share))
    return Saving(Way.CACHE, buckets, "", "", whole, saved) if saved > 0 else None


def _saving(
    way: Way,
    buckets: Buckets,
    now: int | None,
    then: int | None,
    assumed: Assumption,
    provider: str = "",
    model: str = "",
) -> Saving | None:
    if now is None or then is None:
        return None
    saved = _whole((now - then) * Fraction(assumed.share))
    return Saving(way, buckets, provider, model, now, saved) if saved > 0 else None


def _whole(amount: Fraction) -> int:
    return half_even(amount.numerator, amount.denominator)
