"""Synthetic scopes with seeded faults, to measure detection on. Nothing here was recorded anywhere.

The quiet part is the forecast's synthetic spend without its own surprises, with tokens, errors (1 % of the calls by
chance) and a latency beside it. Into it go faults of the kinds that bills and incidents are made of, four days apart
or more, the first after four weeks. How large and how long each is comes from the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mno.observability.anomalies.model import Measure
from mno.observability.forecast import synthetic
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series
from mno.observability.forecast.shape import WEEK

_QUIET_WEEKS = 4
_APART_HOURS = 96


@dataclass(frozen=True, slots=True)
class Fault:
    """From hour `first` of its scope to before `last`."""

    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Faulty:
    """One scope: its measures, its calendar, and the faults in it."""

    measures: Mapping[Measure, Series]
    calendar: Calendar
    faults: tuple[Fault, ...]


def faulty_scopes(seed: int, *, count: int = 30, weeks: int = 12, faults: bool = True) -> list[Faulty]:
    """About eight faults a scope of twelve weeks; none, where only quiet data are wanted."""
    calm = synthetic.scopes(seed, count=count, weeks=weeks, calm=True)
    return [_faulty(np.random.default_rng((seed, 7, number)), one, faults) for number, one in enumerate(calm)]


def _faulty(rng: np.random.Generator, scope: synthetic.Synthetic, wanted: bool) -> Faulty:
    cost = scope.series.values.copy()
    hours, mean = len(cost), float(np.mean(cost))
    calls = cost / mean * rng.uniform(40, 400)
    tokens = cost * 250_000 * np.exp(rng.normal(0, 0.08, hours))
    errors = rng.poisson(0.01 * calls).astype(np.float64)
    busy = calls / np.mean(calls)
    latency = rng.uniform(600, 4_000) * (1 + 0.15 * np.minimum(busy, 3)) * np.exp(rng.normal(0, 0.12, hours))
    values = {Measure.COST: cost, Measure.TOKENS: tokens, Measure.ERRORS: errors, Measure.LATENCY: latency}
    faults = []
    first = _QUIET_WEEKS * WEEK + int(rng.integers(0, _APART_HOURS))
    while wanted and first < hours - 100:
        kind = str(rng.choice(list(_FAULTS)))
        last = first + _FAULTS[kind](rng, values, calls, first)
        faults.append(Fault(kind, first, last))
        first = last + _APART_HOURS + int(rng.integers(0, _APART_HOURS))
    series = {name: Series(f"{scope.series.name} {name}", scope.series.start, found) for name, found in values.items()}
    return Faulty(series, scope.calendar, tuple(faults))


_Values = Mapping[Measure, Floats]


def _runaway(rng: np.random.Generator, values: _Values, _: Floats, first: int) -> int:
    """An agent in a loop: 2 to 6 mean hours on top, every hour."""
    last = first + int(rng.integers(2, 13))
    more = rng.uniform(2, 6)
    for name in (Measure.COST, Measure.TOKENS):
        values[name][first:last] += more * float(np.mean(values[name][:first])) * rng.uniform(0.8, 1.2, last - first)
    return last - first


def _retries(rng: np.random.Generator, values: _Values, calls: Floats, first: int) -> int:
    """A storm of retries: twice to four times the calls, a third of them errors."""
    last = first + int(rng.integers(6, 25))
    times = rng.uniform(2, 4)
    for name in (Measure.COST, Measure.TOKENS):
        values[name][first:last] *= times
    values[Measure.ERRORS][first:last] += rng.poisson(0.3 * (times - 1) * calls[first:last])
    return last - first


def _dearer(rng: np.random.Generator, values: _Values, _: Floats, first: int) -> int:
    """Traffic goes to a dearer model: 1.6 to 3 times the cost of the same tokens."""
    last = first + int(rng.integers(24, 97))
    values[Measure.COST][first:last] *= rng.uniform(1.6, 3.0)
    return last - first


def _failing(rng: np.random.Generator, values: _Values, calls: Floats, first: int) -> int:
    """A tenth to a half of the calls fail."""
    last = first + int(rng.integers(3, 13))
    values[Measure.ERRORS][first:last] += rng.poisson(rng.uniform(0.1, 0.5) * np.maximum(calls[first:last], 10))
    return last - first


def _slow(rng: np.random.Generator, values: _Values, _: Floats, first: int) -> int:
    """A provider takes 1.8 to 5 times as long."""
    last = first + int(rng.integers(2, 25))
    values[Measure.LATENCY][first:last] *= rng.uniform(1.8, 5.0)
    return last - first


def _outage(rng: np.random.Generator, values: _Values, _: Floats, first: int) -> int:
    """The application is away for a day or so."""
    last = first + int(rng.integers(20, 49))
    left = rng.uniform(0.0, 0.1)
    for name in (Measure.COST, Measure.TOKENS):
        values[name][first:last] *= left
    return last - first


def _addition(rng: np.random.Generator, values: _Values, _: Floats, first: int) -> int:
    """Somebody begins to use the key for something else: 0.7 to 2 mean days on top, in its own rhythm."""
    last = first + int(rng.integers(24, 73))
    more = rng.uniform(0.7, 2.0) * np.exp(rng.normal(0, 0.3, last - first))
    for name in (Measure.COST, Measure.TOKENS):
        values[name][first:last] += more * float(np.mean(values[name][:first]))
    return last - first


_FAULTS: Mapping[str, Callable[[np.random.Generator, _Values, Floats, int], int]] = {
    "runaway": _runaway,
    "retries": _retries,
    "dearer": _dearer,
    "failing": _failing,
    "slow": _slow,
    "outage": _outage,
    "addition": _addition,
}
