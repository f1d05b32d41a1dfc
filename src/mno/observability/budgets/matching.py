"""Which budgets a call counts against, on which counter, and with how much. Pure rules."""

import re
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from mno.observability.budgets.model import (
    DIMENSIONS,
    MAX_BUDGET_CONDITIONS,
    MAX_CALL_AMOUNT,
    MAX_CALL_DIMENSIONS,
    MAX_CONDITION_CHARACTERS,
    MAX_DIMENSION_CHARACTERS,
    TAG,
    Budget,
    Unit,
    Unpriced,
    Used,
)
from mno.platform.errors import Invalid

_MILLION = 1_000_000
#: Half a character: no database takes it.
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Stands for any characters in a model's name: `gpt-4o*` holds for its dated versions as well.
ANY = "*"
#: How often it may stand in one name.
MAX_ANY = 3


def counter_of(budget: Budget, project_id: UUID, dimensions: Mapping[str, str]) -> str | None:
    """Whose counter of this budget the call counts on (empty where it has only one); None where it does not count."""
    if budget.project_id is not None and budget.project_id != project_id:
        return None
    for name, value in budget.matches.items():
        given = dimensions.get(name, "")
        if given != value and not (name == "model" and ANY in value and _pattern(value).fullmatch(given)):
            return None
    if not budget.per:
        return ""
    return dimensions.get(budget.per) or None


def amount_of(budget: Budget, amounts: Used) -> int | None:
    """How much of the budget's unit that is; None where the price is not known and the budget blocks such calls."""
    match budget.unit:
        case Unit.TOKENS:
            return amounts.tokens
        case Unit.CALLS:
            return amounts.calls
    if amounts.cost_nano is not None:
        return amounts.cost_nano
    match budget.unpriced:
        case Unpriced.ALLOW:
            return 0
        case Unpriced.PRICE:
            return fallback_cost(amounts.tokens, budget.fallback_nano)
    return None if budget.hard else 0


def fallback_cost(tokens: int, per_million_nano: int) -> int:
    """Nano-dollars of so many tokens, rounded up: a limit must not leak by rounding."""
    return -(-tokens * per_million_nano // _MILLION)


def checked_matches(matches: Mapping[str, str], per: str) -> dict[str, str]:
    """The conditions of a budget; `Invalid` where one is no dimension or says nothing."""
    if len(matches) > MAX_BUDGET_CONDITIONS:
        raise Invalid(f"A budget may have at most {MAX_BUDGET_CONDITIONS} conditions.")
    for name, value in matches.items():
        _check_dimension(name)
        if not 0 < len(value) <= MAX_CONDITION_CHARACTERS:
            raise Invalid(f"The condition {name} needs a value of 1 to {MAX_CONDITION_CHARACTERS} characters.")
        if name == "model" and value.count(ANY) > MAX_ANY:
            raise Invalid(f"A model's name may hold '{ANY}' at most {MAX_ANY} times.")
        if name == per:
            raise Invalid(f"A budget per {name} has a counter for each; a condition on {name} would leave one.")
    if per == "model":
        raise Invalid("A model answers under other names than it is asked by: make a budget for each, or a pattern.")
    if per:
        _check_dimension(per)
    return dict(sorted(matches.items()))


@lru_cache(maxsize=1_000)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, value.split(ANY))), re.DOTALL)


def _check_dimension(name: str) -> None:
    if name not in DIMENSIONS and not (name.startswith(TAG) and 0 < len(name) - len(TAG) <= 200):
        raise Invalid(f"'{name[:60]}' is nothing to limit by; there are {', '.join(DIMENSIONS)} and tag:NAME.")


def tags_of(dimensions: Mapping[str, str]) -> list[str]:
    """As spans carry them: `NAME=VALUE`, sorted."""
    return sorted(f"{name.removeprefix(TAG)}={value}" for name, value in dimensions.items() if name.startswith(TAG))


def checked_dimensions(dimensions: Mapping[str, str]) -> None:
    """`Invalid` for what cannot stand in a database: its call must not spoil the turn of others."""
    if len(dimensions) > MAX_CALL_DIMENSIONS:
        raise Invalid(f"A call may have at most {MAX_CALL_DIMENSIONS} dimensions.")
    for name, value in dimensions.items():
        text = name + value
        if len(text) > MAX_DIMENSION_CHARACTERS or "\0" in text or _SURROGATE.search(text):
            raise Invalid(
                f"The dimension '{name[:40]!a}' is not text of at most {MAX_DIMENSION_CHARACTERS} characters."
            )


def checked_amounts(amounts: Used) -> None:
    """`Invalid` for an amount that no call can have."""
    for value in (amounts.cost_nano or 0, amounts.tokens, amounts.calls):
        if not 0 <= value <= MAX_CALL_AMOUNT:
            raise Invalid(f"A call uses 0 to {MAX_CALL_AMOUNT} nano-dollars, tokens and calls, not {value}.")
