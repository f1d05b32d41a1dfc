"""Answers about usage: the summary in the reader's currency, what was not priced, what can be filtered by."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.costs.model import CurrencyRate
from mno.observability.costs.ports import KeyNames
from mno.observability.costs.prices import Prices
from mno.observability.costs.pricing import apportioned, half_even
from mno.observability.costs.queries import COSTS, MEASURES, Unpriced, UsageQueries
from mno.observability.costs.question import MAX_ROWS, UsageQuestion, dimension_columns
from mno.observability.spans.queries import Tenant
from mno.platform import money
from mno.platform.errors import Invalid
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange

LATENCIES = ("latency_ms_p50", "latency_ms_p95")
_AMOUNT = pa.decimal128(38, 9)
_TIME = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Summary:
    """The answer to a question.

    `table` has `bucket` (where an interval was asked), the dimensions by their names, the measures, and both
    latencies in milliseconds. Amounts are units of `currency`. `truncated`: cheaper groups were left out, or
    rows beyond MAX_ROWS; `unpriced_calls` counts all of them none the less.
    """

    question: UsageQuestion
    currency: str
    rate: CurrencyRate | None
    unpriced_calls: int
    truncated: bool
    table: pa.Table


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Values that occur in a range, the most used first."""

    models: list[str]
    providers: list[str]
    users: list[str]
    agents: list[str]
    environments: list[str]
    tags: list[str]
    api_keys: list[tuple[str, str]]


class Usage:
    """What the API, the export and the pages ask of usage."""

    def __init__(self, queries: UsageQueries, prices: Prices, keys: KeyNames) -> None:
        self._queries = queries
        self._prices = prices
        self._keys = keys

    async def summary(self, reader: Principal, question: UsageQuestion, currency: str = "") -> Summary:
        """`Invalid` for a currency without a rate, `LimitExceeded` when the question is too big."""
        display, rate = self._prices.display(reader.team_id, currency)
        raw = await self._queries.summary(question)
        return await asyncio.to_thread(_summary, question, display, rate, raw)

    async def unpriced(self, tenant: Tenant, window: TimeRange) -> list[Unpriced]:
        """Counted calls without a price, the most frequent model first."""
        return await self._queries.unpriced(tenant, window)

    async def dimensions(self, reader: Principal, tenant: Tenant, window: TimeRange) -> Dimensions:
        names = ("model", "provider", "user", "agent", "environment", "tag", "api_key")
        menus = await asyncio.gather(*(self._queries.menu(tenant, window, name) for name in names))
        values = dict(zip(names, menus, strict=True))
        known = await self._keys.names_of_keys(reader.team_id)
        return Dimensions(
            models=values["model"],
            providers=values["provider"],
            users=values["user"],
            agents=values["agent"],
            environments=values["environment"],
            tags=values["tag"],
            api_keys=[(id_, _name_of(id_, known)) for id_ in values["api_key"]],
        )


def _name_of(id_: str, known: Mapping[UUID, str]) -> str:
    try:
        return known.get(parsed("key", id_), "")
    except Invalid:
        return ""


def _summary(question: UsageQuestion, currency: str, rate: CurrencyRate | None, raw: pa.Table) -> Summary:
    unpriced = raw["all_unpriced_calls"][0].as_py() if raw.num_rows else 0
    kept = raw.filter(pc.less_equal(raw["rank"], question.limit)).slice(0, MAX_ROWS)
    columns: dict[str, Any] = {}
    if "bucket" in kept.column_names:
        seconds = kept["bucket"].cast(pa.int64())
        columns["bucket"] = pc.multiply(seconds, 1_000_000).cast(_TIME)
    for name, column in zip(question.dimensions, dimension_columns(question.dimensions), strict=True):
        columns[name] = _readable(name, kept[column].cast(pa.string()))
    amounts = _converted(kept, rate)
    for name in MEASURES:
        columns[name] = amounts[name] if name in COSTS else kept[name].cast(pa.int64())
    for name in LATENCIES:
        columns[name] = pc.round(kept[name].cast(pa.float64()), 3)
    return Summary(question, currency, rate, unpriced, kept.num_rows < raw.num_rows, pa.table(columns))


def _readable(name: str, column: Any) -> Any:
    """A project's id as it stands elsewhere in the API; keys are stored so."""
    if name != "project":
        return column
    return pa.array([shown("prj", UUID(value)) for value in column.to_pylist()], pa.string())


def _converted(table: pa.Table, rate: CurrencyRate | None) -> dict[str, Any]:
    amounts = {name: table[name].cast(_AMOUNT) for name in COSTS}
    if rate is None:
        return amounts
    rows = zip(*(amounts[name].to_pylist() for name in COSTS), strict=True)
    converted = [in_currency(row, rate.rate) for row in rows]
    return {name: pa.array([row[index] for row in converted], _AMOUNT) for index, name in enumerate(COSTS)}


def in_currency(row: tuple[Decimal, ...], rate: Decimal) -> list[Decimal]:
    """A cost and its parts in another currency: each amount rounded once, and the parts still add up."""
    factor = Fraction(rate)
    cost, *parts = (money.nano(amount) * factor.numerator for amount in row)
    total = half_even(cost, factor.denominator)
    if sum(parts) == cost:
        portions = apportioned(total, parts, factor.denominator)
    else:
        portions = [half_even(part, factor.denominator) for part in parts]
    return [money.usd(total), *map(money.usd, portions)]


def rows_of(table: pa.Table, *, amount: Callable[[Decimal], str], moment: Callable[[Any], str]) -> list[dict[str, Any]]:
    """The table's rows as plain values: amounts and times in the given writing."""
    columns = {}
    for name in table.column_names:
        values = table[name].to_pylist()
        if name in COSTS:
            values = [amount(value) for value in values]
        elif name == "bucket":
            values = [moment(value) for value in values]
        columns[name] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
