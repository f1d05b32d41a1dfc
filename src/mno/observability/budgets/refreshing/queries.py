"""What the span store knows of a budget's use, by counter and part: the program's own work over a team's rows."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.observability.budgets.matching import ANY, fallback_cost
from mno.observability.budgets.model import TAG, Budget, Cycle, Unit, Unpriced
from mno.observability.budgets.periods import EPOCH, part_s
from mno.observability.budgets.refreshing.arrivals import GATEWAY
from mno.platform import money
from mno.platform.clickhouse import ClickHouse

_COLUMNS: Mapping[str, str] = {
    "provider": "provider",
    "model": "model",
    "user": "user_id",
    "session": "session_id",
    "agent": "agent",
    "api_key": "api_key_id",
    "environment": "environment",
}

#: Counters of one budget that a recount takes.
MAX_RECOUNTED_COUNTERS = 200_000

_OF_ROLLUP = """
SELECT {who} AS who, {part} AS part_s, {used} AS used
FROM usage_minute AS t
WHERE {conditions} AND t.bucket >= toDateTime({{since:Int64}}, 'UTC') AND t.bucket < toDateTime({{until:Int64}}, 'UTC')
GROUP BY who, part_s HAVING used != 0 LIMIT {limit}
"""
#: Under which names the models that a budget names have answered: the rollups know no other.
_ANSWERED = """
SELECT DISTINCT t.model AS model FROM spans AS t
WHERE {conditions} AND t.request_model LIKE {{asked:String}} AND t.model != ''
  AND t.start_time >= fromUnixTimestamp64Micro({{since:Int64}} * 1000000) LIMIT 1000
"""
#: How long those names are believed, in seconds.
ANSWERED_LIFETIME = 30.0
_OF_SPANS = """
SELECT {who} AS who, {part} AS part_s, {used} AS used
FROM spans AS t
WHERE {conditions} AND t.counted
  AND t.start_time >= fromUnixTimestamp64Micro({{since:Int64}} * 1000000)
  AND t.start_time < fromUnixTimestamp64Micro({{until:Int64}} * 1000000)
GROUP BY who, part_s HAVING used != 0 LIMIT {limit}
"""

_ROLLUP_USED = {
    Unit.MONEY: "sum(t.cost)",
    Unit.TOKENS: "sum(t.input_tokens) + sum(t.output_tokens)",
    Unit.CALLS: "sum(t.calls)",
}

#: Budgets whose models' names are remembered.
MAX_REMEMBERED_NAMES = 1_000

#: Use by counter and part.
Used = dict[tuple[str, datetime], int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` to before `until`, whole minutes; `part` is the period's start for a calendar budget."""

    since: datetime
    until: datetime
    part: datetime


class UseQueries:
    """Read views of usage as budgets count it."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._answered: dict[tuple[UUID, datetime], tuple[float, list[str]]] = {}

    async def of_rollup(self, budget: Budget, stretch: Stretch) -> Used:
        """Everything in the rollups, whoever sent it; corrections are in it."""
        found = await self._asked(_OF_ROLLUP, budget, stretch, "toUnixTimestamp(t.bucket)", _ROLLUP_USED[budget.unit])
        return _added(found, await self._assumed(budget, stretch, ""))

    async def of_others(self, budget: Budget, stretch: Stretch) -> Used:
        """What came by other ways than the gateway, from the spans themselves."""
        return await self._of_spans(budget, stretch, "t.source != {gateway:String}")

    async def of_gateway(self, budget: Budget, stretch: Stretch) -> Used:
        """What the gateway's own calls used, as far as their spans have arrived."""
        return await self._of_spans(budget, stretch, "t.source = {gateway:String}")

    async def _of_spans(self, budget: Budget, stretch: Stretch, whose: str) -> Used:
        used = {
            Unit.MONEY: "sum(t.sign * ifNull(t.cost, 0))",
            Unit.TOKENS: "sum(t.sign * (t.input_tokens + t.output_tokens))",
            Unit.CALLS: "sum(toInt64(t.sign))",
        }[budget.unit]
        found = await self._asked(_OF_SPANS, budget, stretch, "toUnixTimestamp(t.start_time)", used, whose)
        return _added(found, await self._assumed(budget, stretch, whose))

    async def steps(self, budget: Budget, who: str, stretch: Stretch, step_s: int) -> list[tuple[datetime, int]]:
        """What one counter used, by steps of so many seconds that used something, in order of time; by the rollups."""
        used = _ROLLUP_USED[budget.unit]
        found = await self._asked(
            _OF_ROLLUP, budget, stretch, "toUnixTimestamp(t.bucket)", used, only=who, step=(step_s, stretch.since)
        )
        return sorted((moment, value) for (_, moment), value in found.items())

    async def _assumed(self, budget: Budget, stretch: Stretch, more: str) -> Used:
        """What calls without a price cost by the budget's own."""
        if budget.unit is not Unit.MONEY or budget.unpriced is not Unpriced.PRICE:
            return {}
        tokens = "sum(t.sign * (t.input_tokens + t.output_tokens))"
        conditions = " AND ".join(filter(None, ("isNull(t.cost)", more)))
        found = await self._asked(
            _OF_SPANS, budget, stretch, "toUnixTimestamp(t.start_time)", tokens, conditions, money_=False
        )
        return {key: fallback_cost(value, budget.fallback_nano) for key, value in found.items()}

    async def _asked(
        self,
        sql: str,
        budget: Budget,
        stretch: Stretch,
        clock_s: str,
        used: str,
        more: str = "",
        *,
        money_: bool = True,
        only: str = "",
        step: tuple[int, datetime] | None = None,
    ) -> Used:
        if stretch.since >= stretch.until:
            return {}
        parameters: dict[str, Any] = {
            "since": _seconds(stretch.since),
            "until": _seconds(stretch.until),
            "gateway": GATEWAY,
            "only": only,
        }
        if "model" in budget.matches:
            parameters["models"] = await self._models(budget, stretch)
        conditions = [*_conditions(budget, parameters), *([more] if more else [])]
        who = _who(budget, parameters)
        if budget.per:
            conditions.append(f"{who} = {{only:String}}" if only else f"{who} != ''")
        statement = sql.format(
            who=who,
            part=_part(budget, stretch, clock_s, step),
            used=used,
            conditions=" AND ".join(conditions),
            limit=MAX_RECOUNTED_COUNTERS,
        )
        rows = await self._clickhouse.rows_of_all(statement, parameters)
        reading = money.nano if budget.unit is Unit.MONEY and money_ else int
        return {(row["who"], EPOCH + timedelta(seconds=int(row["part_s"]))): reading(row["used"]) for row in rows}

    async def _models(self, budget: Budget, stretch: Stretch) -> list[str]:
        """The names under which what the budget names has answered."""
        key = budget.id, stretch.since
        at, found = self._answered.get(key, (-ANSWERED_LIFETIME, []))
        if time.monotonic() - at < ANSWERED_LIFETIME:
            return found
        parameters: dict[str, Any] = {"since": _seconds(stretch.since), "asked": _like(budget.matches["model"])}
        conditions = " AND ".join(_owned(budget, parameters))
        rows = await self._clickhouse.rows_of_all(_ANSWERED.format(conditions=conditions), parameters)
        found = sorted(row["model"] for row in rows)
        if len(self._answered) >= MAX_REMEMBERED_NAMES:
            self._answered.clear()
        self._answered[key] = time.monotonic(), found
        return found


def _part(budget: Budget, stretch: Stretch, clock_s: str, step: tuple[int, datetime] | None) -> str:
    """To which part a row belongs, in seconds; the constants come from the budget's own rules."""
    if step is not None:
        length, start = step[0], _seconds(step[1])
        return f"intDiv({clock_s} - {start}, {length}) * {length} + {start}"
    if budget.period.cycle is Cycle.ROLLING:
        length = part_s(budget.period.rolling_s)
        return f"intDiv({clock_s}, {length}) * {length}"
    return str(_seconds(stretch.part))


def _added(one: Used, other: Used) -> Used:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {*one, *other}}


def _owned(budget: Budget, parameters: dict[str, Any]) -> list[str]:
    parameters["team"] = str(budget.team_id)
    conditions = ["t.team_id = {team:String}"]
    if budget.project_id is not None:
        parameters["project"] = str(budget.project_id)
        conditions.append("t.project_id = {project:String}")
    return conditions


def _conditions(budget: Budget, parameters: dict[str, Any]) -> list[str]:
    conditions = _owned(budget, parameters)
    for number, (name, value) in enumerate(budget.matches.items()):
        bound = f"value_{number}"
        if name.startswith(TAG):
            parameters[bound] = f"{name.removeprefix(TAG)}={value}"
            conditions.append(f"has(t.tags, {{{bound}:String}})")
        elif name == "model":
            parameters[bound] = _like(value)
            conditions.append(f"(t.model LIKE {{{bound}:String}} OR has({{models:Array(String)}}, t.model))")
        else:
            parameters[bound] = value
            conditions.append(f"t.{_COLUMNS[name]} = {{{bound}:String}}")
    return conditions


def _who(budget: Budget, parameters: dict[str, Any]) -> str:
    if not budget.per:
        return "''"
    if not budget.per.startswith(TAG):
        return f"CAST(t.{_COLUMNS[budget.per]}, 'String')"
    parameters["tag"] = f"{budget.per.removeprefix(TAG)}="
    return (
        "CAST(substring(arrayFirst(tag -> startsWith(tag, {tag:String}), t.tags), length({tag:String}) + 1), 'String')"
    )


def _like(pattern: str) -> str:
    """For LIKE: everything but `*` stands for itself."""
    return re.sub(r"([\\%_])", r"\\\1", pattern).replace(ANY, "%")


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)
