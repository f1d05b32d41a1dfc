"""What a rule's measure is made of, and how the parts of a window add up to a reading. Pure rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
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
}

#: One group's: `calls`, `errors`, `tokens`, `cost` (USD), `latency` (calls by bucket); only what was asked for.
Sums = Mapping[str, Any]
NO_SUMS: Sums = {"calls": 0, "errors": 0, "tokens": 0, "cost": Decimal(0), "latency": {}}


def added(parts: Iterable[Mapping[str, Sums]]) -> dict[str, dict[str, Any]]:
    """The sums of each group over all parts."""
    total: dict[str, dict[str, Any]] = {}
    for part in parts:
        for group, sums in part.items():
            known = total.setdefault(group, {})
            for name, value in sums.items():
                known[name] = _plus(known[name], value) if name in known else value
    return total


def reading_of(terms: Terms, sums: Sums) -> Reading:
    """A measure from its sums."""
    calls = int(sums["calls"])
    match terms.measure:
        case AlertMeasure.CALLS:
            return Reading(Decimal(calls), calls)
        case AlertMeasure.ERROR_RATE:
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


def _plus(one: Any, other: Any) -> Any:
    if not isinstance(one, Mapping):
        return one + other
    total = Counter(one)
    total.update(other)
    return total
