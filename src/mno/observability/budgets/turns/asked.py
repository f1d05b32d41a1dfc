"""A turn as counters are asked for it; see `budgets_turn` in migrations/postgres/0033_budget_allowances.sql. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mno.observability.budgets.model import Unit, Unpriced
from mno.observability.budgets.turns.allowances import Change
from mno.observability.budgets.turns.model import End, Hold, Key, Reserve


@dataclass(slots=True)
class Counters:
    """The counters of one turn by what is locked, numbered from 1."""

    numbers: dict[Key, int] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def number(self, hold: Hold) -> int:
        number = self.numbers.get(hold.key)
        if number is None:
            number = self.numbers[hold.key] = len(self.rows) + 1
            self.holds.append(hold)
            self.rows.append(_counter(number, hold))
        else:  # a part of a rolling window may end within a turn
            row = self.rows[number - 1]
            row["p"], row["f"] = max(row["p"], hold.window.part), min(row["f"], hold.window.since)
        return number


def asked_of(
    counters: Counters,
    granted: Sequence[Reserve],
    ends: Iterable[End],
    reserves: Sequence[Reserve],
    changes: Iterable[Change],
) -> dict[str, Any]:
    """`granted` are calls that go on already. Fills `counters`, which say what the numbers in the answer are."""
    ending: dict[str, dict[str, Any]] = {}
    for end in ends:
        # of two ends of one call the first counts, whichever turn they come in
        ending.setdefault(str(end.id), _end(end))
    return {
        "granted": [_reserve(place, one, counters) for place, one in enumerate(granted)],
        "ends": ending,
        "reserves": [_reserve(place, one, counters) for place, one in enumerate(reserves)],
        "allowances": [_change(one, counters) for one in changes],
        "counters": counters.rows,
    }


def _end(end: End) -> dict[str, Any]:
    actual = end.actual
    return {
        "settled": actual is not None,
        "cost": actual.cost_nano if actual else None,
        "tokens": actual.tokens if actual else 0,
        "calls": actual.calls if actual else 0,
        "estimated": end.estimated,
    }


def _reserve(place: int, wish: Reserve, counters: Counters) -> dict[str, Any]:
    return {
        "n": place,
        "id": wish.id,
        "team": wish.team_id,
        "project": wish.project_id,
        "started": wish.started_at,
        "lease": wish.lease_s,
        "k": [counters.number(hold) for hold in wish.holds],
        "a": [hold.amount for hold in wish.holds],
        "holds": [_hold(hold) for hold in wish.holds],
        "cost": wish.cost_nano,
        "dims": dict(wish.dimensions),
        "tags": list(wish.tags),
    }


def _hold(hold: Hold) -> dict[str, Any]:
    budget = hold.budget
    prices = budget.unit is Unit.MONEY and budget.unpriced is Unpriced.PRICE
    return {
        "b": budget.id,
        "w": hold.who,
        "h": hold.window.head,
        "p": hold.window.part,
        "u": str(budget.unit),
        "a": hold.amount,
        "f": budget.fallback_nano if prices else None,
    }


def _counter(number: int, hold: Hold) -> dict[str, Any]:
    budget, window = hold.budget, hold.window
    return {
        "n": number,
        "t": budget.team_id,
        "b": budget.id,
        "w": hold.who,
        "h": window.head,
        "p": window.part,
        "f": window.since,
        "l": budget.limit,
        "hard": budget.hard,
    }


def _change(change: Change, counters: Counters) -> dict[str, Any]:
    return {
        "id": change.id,
        "k": counters.number(change.hold),
        "back": change.back,
        "more": change.more,
        "useful": change.useful,
        "lease": change.lease_s,
    }
