"""What detection reads of usage: hourly series of a project and of its scopes, who drove a stretch, who is new."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.anomalies.drivers import Part
from mno.observability.anomalies.model import Measure, Scope
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.question import Interval, UsageFilter, UsageQuestion
from mno.observability.forecast.hours import hourly
from mno.observability.forecast.model import Series
from mno.observability.spans.queries import Tenant
from mno.platform.time_range import TimeRange

#: By what a project is divided into scopes, and an anomaly among its drivers.
DIMENSIONS = ("model", "api_key", "agent")
#: Values of each dimension that are watched, the dearest.
_VALUES_WATCHED = 12
#: Values that may be new at once.
_VALUES_NEW = 20
#: Weeks whose same hours say what is usual of each part.
_USUAL_WEEKS = 4
COLUMNS: Mapping[Measure, tuple[str, ...]] = {
    Measure.COST: ("cost",),
    Measure.TOKENS: ("input_tokens", "output_tokens"),
    Measure.ERRORS: ("errors",),
    Measure.LATENCY: ("latency_ms_p95",),
}

Watched = dict[Scope, dict[Measure, Series]]


class Readings:
    """Reads the usage tables; each question is bound to one tenant."""

    def __init__(self, queries: UsageQueries) -> None:
        self._queries = queries

    async def watched(self, tenant: Tenant, window: TimeRange) -> Watched:
        """The project's own series first, then those of its dearest models, keys and agents where there are several."""
        questions = [
            UsageQuestion(tenant, window, Interval.HOUR, dimensions, limit=_VALUES_WATCHED)
            for dimensions in ((), *((name,) for name in DIMENSIONS))
        ]
        whole, *parted = await asyncio.gather(*(self._queries.summary(question) for question in questions))
        found: Watched = {Scope(): _series(whole, window)}
        for name, table in zip(DIMENSIONS, parted, strict=True):
            values = [value for value in pc.unique(table["d0"].cast(pa.string())).to_pylist() if value]
            if len(values) > 1:
                for value in sorted(values)[:_VALUES_WATCHED]:
                    own = table.filter(pc.equal(table["d0"].cast(pa.string()), value))
                    found[Scope(name, value)] = _series(own, window)
        return found

    async def one(self, tenant: Tenant, window: TimeRange, scope: Scope, measure: Measure) -> Series:
        """One measure of one scope."""
        question = UsageQuestion(tenant, window, Interval.HOUR, asked=asked_of(scope), timezone="UTC")
        return _series(await self._queries.summary(question), window)[measure]

    async def parts(self, tenant: Tenant, window: TimeRange, scope: Scope, measure: Measure) -> list[Part]:
        """Each combination of model, key and agent: its amount in the range, and in the mean week of the four before.

        A latency is weighed by the calls that waited.
        """
        weeks = [timedelta(weeks=week) for week in range(_USUAL_WEEKS + 1)]
        tables = await asyncio.gather(
            *(
                self._queries.summary(
                    UsageQuestion(
                        tenant,
                        TimeRange(window.start - week, window.end - week),
                        dimensions=DIMENSIONS,
                        asked=asked_of(scope),
                        latency=measure is Measure.LATENCY,
                    )
                )
                for week in weeks
            )
        )
        amounts = [_amounts(table, measure) for table in tables]
        known = [week for week in amounts[1:] if week]
        combinations = {values for week in amounts for values in week}
        return [
            Part(
                values,
                amounts[0].get(values, 0.0),
                sum(week.get(values, 0.0) for week in known) / max(len(known), 1),
            )
            for values in sorted(combinations)
        ]

    async def newcomers(self, tenant: Tenant, end: datetime, least_cost: float) -> list[tuple[Scope, float]]:
        """Models, keys, agents and users with at least so much cost in the last day, and none in four weeks before."""
        day, before = (
            TimeRange(end - timedelta(days=1), end),
            TimeRange(end - timedelta(days=29), end - timedelta(days=1)),
        )
        found = []
        for name in (*DIMENSIONS, "user"):
            question = UsageQuestion(tenant, day, dimensions=(name,), limit=_VALUES_NEW, latency=False)
            costs = {
                values[0]: cost
                for values, cost in _amounts(await self._queries.summary(question), Measure.COST, 1).items()
                if values[0] and cost >= least_cost
            }
            if costs:
                asked = UsageFilter({name: tuple(costs)})
                known = await self._queries.summary(
                    UsageQuestion(tenant, before, dimensions=(name,), asked=asked, latency=False)
                )
                old = set(known["d0"].cast(pa.string()).to_pylist()) if known.num_rows else set()
                found += [(Scope(name, value), cost) for value, cost in costs.items() if value not in old]
        return found


def asked_of(scope: Scope) -> UsageFilter:
    return UsageFilter({scope.dimension: (scope.value,)}) if scope.dimension else UsageFilter()


def _series(table: pa.Table, window: TimeRange) -> dict[Measure, Series]:
    return {
        measure: Series(measure, window.start, hourly(table, window, columns)) for measure, columns in COLUMNS.items()
    }


def _amounts(table: pa.Table, measure: Measure, dimensions: int = len(DIMENSIONS)) -> dict[tuple[str, ...], float]:
    if not table.num_rows:
        return {}
    values = zip(*(table[f"d{place}"].cast(pa.string()).to_pylist() for place in range(dimensions)), strict=True)
    amounts = np.zeros(table.num_rows)
    for column in COLUMNS[measure]:
        amounts += pc.fill_null(table[column].cast(pa.float64()), 0.0).to_numpy()
    if measure is Measure.LATENCY:
        amounts *= table["calls"].cast(pa.float64()).to_numpy()
    return dict(zip(values, amounts.tolist(), strict=True))
