"""What a rule's measure is made of, and how the parts of a window add up to a reading. Pure rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import AlertMeasure, Terms

#: Which sums each measure takes besides the number of calls.
NEEDS: Mapping[AlertMeasure, tuple[str, ...]] = {
    AlertMeasure.COST: ("cost",),
    AlertMeasure.CALLS: (),
    AlertMeasure.ERRORS: ("errors",),
    AlertMeasure.ERROR_RATE: ("errors",),
    AlertMeasure.LATENCY: ("latency",),
    AlertMeasure.TOKENS: ("tokens",),
    AlertMeasure.TOOL_ERRORS: ("errors",),
    AlertMeasure.TOOL_ERROR_RATE: ("errors",),
}

#: One group's: `calls`, `errors`, `tokens`, `cost` (USD), `latency` (calls by bucket); only what was asked for.
Sums = Mapping[str, Any]
NO_SUMS: Sums = {"calls": 0, "errors": 0, "tokens": 0, "cost": Decimal(0), "latency": {}}


def added(parts: Iterable[Mapping[str, Sums]]) -> Mapping[str, Sums]:
    """The sums of each group over all parts. A group that only one part has is taken as it is; of one that several
    have, the sums that all of them know: each part knows at least what was asked for.
    """
    return reduce(_merged, parts, {})


def reading_of(terms: Terms, sums: Sums) -> Reading:
    """A measure from its sums."""
    calls = int(sums["calls"])
    match terms.measure:
        case AlertMeasure.CALLS:
            return Reading(Decimal(calls), calls)
        case AlertMeasure.TOOL_ERRORS:
            return Reading(Decimal(int(sums["errors"])), calls)
        case AlertMeasure.ERROR_RATE | AlertMeasure.TOOL_ERROR_RATE:
            rate = Decimal(int(sums["errors"]) * 100) / calls if calls > 0 else None
            return Reading(None if rate is None else round(rate, 3), calls)
        case AlertMeasure.LATENCY:
            return Reading(quantile_ms(sums["latency"], terms.quantile), calls)
        case AlertMeasure.COST:
            return Reading(Decimal(sums["cost"]), calls)
    return Reading(Decimal(int(sums[str(terms.measure)])), calls)


def quantile_ms(histogram: Mapping[int, int], quantile: int) -> Decimal | None:
    """The n-th quickest call's bucket for n = ceil(q x calls), at the bucket's geometric middle: within 1 %.

    A latency bucket n holds durations up to 1.02^n microseconds (migrations/clickhouse/0001_spans.sql).
    """
    total = sum(histogram.values())
    if total <= 0:
        return None
    wanted, counted = -(-quantile * total // 100), 0
    for bucket in sorted(histogram):
        counted += histogram[bucket]
        if counted >= wanted:
            return round(Decimal(1.02 ** max(bucket - 0.5, 0) / 1000), 3)
    return None


def _merged(one: Mapping[str, Sums], other: Mapping[str, Sums]) -> Mapping[str, Sums]:
    if not one or not other:
        return one or other
    found = dict(one)
    for group, sums in other.items():
        known = one.get(group)
        found[group] = sums if known is None else {name: _plus(known[name], sums[name]) for name in known.keys() & sums}
    return found


def _plus(one: Any, other: Any) -> Any:
    if not isinstance(one, Mapping):
        return one + other
    total = Counter(one)
    total.update(other)
    return total
