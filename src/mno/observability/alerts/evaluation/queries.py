"""What usage says to rules: one statement for all rules of a place, at every look.

The older part of long windows is remembered (`windows.py`), so a look reads about as much as has arrived since.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.observability.alerts.evaluation.statement import Statement, filter_sql, group_sql, place_sql
from mno.observability.alerts.evaluation.sums import NEEDS, NO_SUMS, Sums, added, reading_of
from mno.observability.alerts.evaluation.tools.queries import ToolRuleQueries
from mno.observability.alerts.evaluation.windows import (
    EXACT_WINDOW_S,
    HOURS_FROM_S,
    Cut,
    base,
    base_end_us,
    base_lifetime_us,
    since,
    start_us,
    whole,
)
from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import OF_TOOLS, TOLD, Place, Terms
from mno.observability.costs.question import MINUTE_US, TAG
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import microseconds

#: Bases of long windows that are remembered; of more, all are read again.
MAX_REMEMBERED_BASES = 2_000
#: Groups of which is known that they were there lately; see `lately`.
MAX_KNOWN_GROUPS = 1_000
#: For how long a group that has fallen silent is compared by rules that fire below, beyond the window itself.
KNOWN_FOR = timedelta(days=1)
#: Rows that are added up without a thread of their own.
MAX_ROWS_IN_LOOP = 1_000

_LATELY = """
SELECT {group} AS grouped FROM usage_minute AS t
WHERE {conditions} AND t.bucket >= toDateTime({{since:Int64}}, 'UTC')
GROUP BY grouped HAVING sum(t.calls) > 0 AND grouped != '' ORDER BY sum(t.calls) DESC, grouped LIMIT {limit}
"""
_FINE = frozenset({"user", "session"})

#: A rule's readings by group; the one group of a rule that does not group is the empty text.
Readings = dict[str, Reading]
#: What is asked, under the name that the asker gives it.
Asked = Mapping[UUID, Terms]
#: What rules can share: the same window over the same calls.
_Key = tuple[Place, str, int, tuple[tuple[str, tuple[str, ...]], ...]]


@dataclass(frozen=True, slots=True)
class _Base:
    """The older part of a long window, up to before `end_us`; the window began at `start_us` when it was read."""

    start_us: int
    end_us: int
    measures: frozenset[str]
    groups: Mapping[str, Sums]


class RuleQueries:
    """Reads for the program's own looks and for previews; each statement is bound to one place."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._tools = ToolRuleQueries(clickhouse)
        self._bases: dict[_Key, _Base] = {}

    async def readings(self, place: Place, asked: Asked, now: datetime) -> dict[UUID, Readings]:
        """What each of these rules reads now. Rules that are told by facts are left out."""
        read = {id_: terms for id_, terms in asked.items() if terms.measure not in TOLD | OF_TOOLS}
        of_tools = {id_: terms for id_, terms in asked.items() if terms.measure in OF_TOOLS}
        wanted: dict[_Key, set[str]] = {}
        for terms in read.values():
            wanted.setdefault(_key(place, terms), set()).update(NEEDS[terms.measure])
        one_of = {_key(place, terms): terms for terms in read.values()}
        await self._remember(wanted, one_of, now)
        known = {key: one for key in wanted if (one := self._bases.get(key))}  # another look may replace them
        parts = {key: since(known[key].end_us, now) if key in known else whole(key[2], now) for key in wanted}
        found = await self._summed(wanted, one_of, parts)
        found |= {key: added((older.groups, found[key])) for key, older in known.items()}
        readings = {id_: _readings(terms, found[_key(place, terms)]) for id_, terms in read.items()}
        return readings | await self._tools.readings(place, of_tools, now)

    async def lately(self, place: Place, terms: Terms, now: datetime) -> list[str]:
        """Groups of the rule that had calls within the window or KNOWN_FOR, whatever they have now."""
        begin = now - max(KNOWN_FOR, timedelta(seconds=terms.window_s))
        if terms.measure in OF_TOOLS:
            return await self._tools.lately(place, terms, begin, now)
        bound: dict[str, Any] = {}
        conditions = place_sql(place, bound)
        conditions += [filter_sql(name, values, bound) for name, values in terms.matches.items()]
        bound["since"] = microseconds(begin) // MINUTE_US * 60
        sql = _LATELY.format(
            group=group_sql(terms.group_by, bound), conditions=" AND ".join(conditions), limit=MAX_KNOWN_GROUPS
        )
        rows = await self._clickhouse.rows_of_all(sql, bound)
        return [row["grouped"] for row in rows]

    async def _remember(self, wanted: Mapping[_Key, set[str]], one_of: Mapping[_Key, Terms], now: datetime) -> None:
        """Reads the bases that are missing or too old."""
        stale = {key: measures for key, measures in wanted.items() if self._is_stale(key, measures, now)}
        if len(self._bases) + len(stale) > MAX_REMEMBERED_BASES:
            self._bases.clear()
        for hours in (True, False):
            some = {key: stale[key] for key in stale if by_hours(one_of[key]) is hours}
            parts = {key: base(one_of[key].window_s, now, hours=hours) for key in some}
            for key, groups in (await self._summed(some, one_of, parts)).items():
                start = start_us(one_of[key].window_s, now)
                self._bases[key] = _Base(start, base_end_us(now), frozenset(some[key]), groups)

    def _is_stale(self, key: _Key, measures: set[str], now: datetime) -> bool:
        window_s, known = key[2], self._bases.get(key)
        if window_s <= EXACT_WINDOW_S:
            return False
        if known is None or not measures <= known.measures:
            return True
        return not 0 <= start_us(window_s, now) - known.start_us < base_lifetime_us(window_s)

    async def _summed(
        self, wanted: Mapping[_Key, set[str]], one_of: Mapping[_Key, Terms], parts: Mapping[_Key, Cut]
    ) -> dict[_Key, Mapping[str, Sums]]:
        found: dict[_Key, Mapping[str, Sums]] = {}
        for place in {key[0]: None for key in wanted}:
            statement = Statement(place)
            alike = [key for key in wanted if key[0] == place]
            for key in alike:
                statement.ask(one_of[key], parts[key], wanted[key])
            rows = await self._clickhouse.rows_of_all(statement.sql(), statement.bound)
            apart = len(rows) > MAX_ROWS_IN_LOOP
            answers = await asyncio.to_thread(statement.found, rows) if apart else statement.found(rows)
            found |= dict(zip(alike, answers, strict=True))
        return found


def by_hours(terms: Terms) -> bool:
    """Whether the rollup of hours may answer: it knows neither users, sessions nor tags."""
    names = {terms.group_by, *terms.matches}
    if terms.measure in OF_TOOLS:
        return False
    return terms.window_s >= HOURS_FROM_S and not any(name in _FINE or name.startswith(TAG) for name in names)


def _key(place: Place, terms: Terms) -> _Key:
    return place, terms.group_by, terms.window_s, tuple(terms.matches.items())


def _readings(terms: Terms, groups: Mapping[str, Sums]) -> Readings:
    """A rule that does not group reads nothing as 0; groups whose calls were all taken back are none."""
    if not terms.group_by:
        return {"": reading_of(terms, groups.get("", NO_SUMS))}
    return {group: reading_of(terms, one) for group, one in groups.items() if one["calls"] != 0}
