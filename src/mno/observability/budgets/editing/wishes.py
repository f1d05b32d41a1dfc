"""What somebody asks a budget to be, and whether that makes sense. Pure rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mno.observability.budgets.matching import checked_matches
from mno.observability.budgets.model import (
    MAX_BUDGET_LIMIT,
    MAX_FALLBACK_NANO,
    MAX_ROLLING_S,
    SHORTEST_ROLLING_S,
    Budget,
    Cycle,
    Period,
    Unit,
    Unpriced,
)
from mno.observability.budgets.thresholds.rules import checked
from mno.platform import money
from mno.platform.errors import Invalid
from mno.platform.limits import MAX_NAME_CHARACTERS

STATUSES = (402, 429)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may change while a budget counts. `limit` is USD, tokens or calls; `fallback` USD for a million tokens."""

    name: str
    limit: Decimal
    hard: bool
    status: int
    thresholds: Sequence[int]
    unpriced: Unpriced
    fallback: Decimal


@dataclass(frozen=True, slots=True)
class Counted:
    """What it counts: fixed for ever, because its counters stand by it."""

    of_team: bool
    unit: Unit
    matches: Mapping[str, str]
    per: str
    period: Period


def checked_terms(terms: Terms, unit: Unit) -> dict[str, Any]:
    """The fields of a `Budget` that they make; `Invalid` for what makes no sense."""
    name = " ".join(terms.name.split())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(f"A budget needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    if terms.status not in STATUSES:
        raise Invalid("A refused call is answered with 402 or 429.")
    if terms.status == STATUSES[0] and unit is not Unit.MONEY:
        raise Invalid("402 asks for payment; a budget in tokens or calls answers 429.")
    fallback = _nano(terms.fallback, MAX_FALLBACK_NANO, "The price of a million tokens")
    if terms.unpriced is not Unpriced.ALLOW and unit is not Unit.MONEY:
        raise Invalid("Only a budget in money asks for prices: leave 'unpriced' at 'allow'.")
    if terms.unpriced is Unpriced.PRICE and fallback == 0:
        raise Invalid("State the price of a million tokens that calls without a price are counted with.")
    return {
        "name": name,
        "limit": limit_of(terms.limit, unit),
        "hard": terms.hard,
        "status": terms.status,
        "thresholds": checked(terms.thresholds),
        "unpriced": terms.unpriced,
        "fallback_nano": fallback if terms.unpriced is Unpriced.PRICE else 0,
    }


def checked_counted(counted: Counted) -> dict[str, Any]:
    """The same of what it counts, but for the project."""
    period = counted.period
    if period.cycle is Cycle.ROLLING:
        if not SHORTEST_ROLLING_S <= period.rolling_s <= MAX_ROLLING_S:
            raise Invalid(f"A rolling window is {SHORTEST_ROLLING_S} to {MAX_ROLLING_S} seconds long.")
    elif period.rolling_s:
        raise Invalid("Only a rolling window has a length; the calendar gives that of the others.")
    return {
        "unit": counted.unit,
        "matches": checked_matches(counted.matches, counted.per),
        "per": counted.per,
        "period": period,
    }


def limit_of(limit: Decimal, unit: Unit) -> int:
    """In the budget's unit, money in nano-dollars. `Invalid` for a fraction of what has none, or out of range."""
    if unit is Unit.MONEY:
        return _nano(limit, MAX_BUDGET_LIMIT, "The limit")
    if limit != int(limit) or not 0 <= limit <= MAX_BUDGET_LIMIT:
        raise Invalid(f"The limit is a whole number of {unit}, at most {MAX_BUDGET_LIMIT}.")
    return int(limit)


def shown_limit(value: int, unit: Unit) -> str:
    """As it stands in JSON: USD with nine places, or a whole number."""
    return money.shown(money.usd(value)) if unit is Unit.MONEY else str(value)


def told(budget: Budget) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": budget.name,
        "of": "project" if budget.project_id else "team",
        "unit": str(budget.unit),
        "limit": shown_limit(budget.limit, budget.unit),
        "matches": dict(budget.matches),
        "per": budget.per,
        "period": str(budget.period.cycle),
        "rolling_s": budget.period.rolling_s,
        "hard": budget.hard,
        "status": budget.status,
        "thresholds": list(budget.thresholds),
        "unpriced": str(budget.unpriced),
        "fallback_price": money.shown(money.usd(budget.fallback_nano)),
    }


def _nano(amount: Decimal, most: int, what: str) -> int:
    if not amount.is_finite() or not 0 <= amount <= money.usd(most):
        raise Invalid(f"{what} is 0 to {money.usd(most):f} USD.")
    return money.nano(amount)
