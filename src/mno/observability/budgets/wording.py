"""What a refused caller reads: which budget, how it stands, and when it resets. Pure rules."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from mno.observability.budgets.model import Cycle, Unit
from mno.observability.budgets.turns.model import Full, Hold
from mno.platform import money
from mno.platform.errors import BudgetExhausted, PaymentRequired, Unavailable

_MONEY_STATUS = 402


def exhausted(full: Full, zone_name: str, now: datetime) -> BudgetExhausted:
    """The error for a call that found no room."""
    hold = full.hold
    budget, unit = hold.budget, hold.budget.unit
    held = f" and {amount(unit, full.reserved)} held by calls under way" if full.reserved else ""
    whose = f" for {budget.per} '{hold.who[:60]}'" if budget.per else ""
    message = (
        f"The budget '{budget.name}'{whose} has no room for this call, which may use up to "
        f"{amount(unit, hold.amount)}: of {amount(unit, budget.limit)}, {amount(unit, full.spent)} are used{held}. "
        f"{_resets(hold, zone_name)}"
    )
    return _error(hold, message, now)


def unpriced(hold: Hold, model: str, zone_name: str, now: datetime) -> BudgetExhausted:
    """The error for a call whose price is not known, on a budget that blocks such calls."""
    message = (
        f"The budget '{hold.budget.name}' blocks calls whose price is not known, and '{model[:100]}' has none. "
        f"Add a price for the model, or let the budget allow or assume one. {_resets(hold, zone_name)}"
    )
    return _error(hold, message, now)


def not_counted(hold: Hold) -> Unavailable:
    """The error for a call on a budget that blocks, while nobody knows how it stands."""
    return Unavailable(
        f"The budget '{hold.budget.name}' cannot be asked now, and it blocks what it cannot count; try again."
    )


def amount(unit: Unit, value: int) -> str:
    """An amount as people read it: `$1.50`, `2,000 tokens`."""
    if unit is Unit.MONEY:
        whole, _, fraction = f"{money.usd(value):,.9f}".partition(".")
        return f"${whole}.{fraction[:2]}{fraction[2:].rstrip('0')}"
    return f"{value:,} {unit if value != 1 else str(unit)[:-1]}"


def _resets(hold: Hold, zone_name: str) -> str:
    at = hold.window.resets_at
    if hold.budget.period.cycle is Cycle.ROLLING:
        return f"Use leaves its rolling window part by part, the next at {at:%Y-%m-%d %H:%M} UTC."
    return f"It resets at {at.astimezone(ZoneInfo(zone_name)):%Y-%m-%d %H:%M} ({zone_name})."


def _error(hold: Hold, message: str, now: datetime) -> BudgetExhausted:
    kind = PaymentRequired if hold.budget.status == _MONEY_STATUS else BudgetExhausted
    wait_s = max(1, math.ceil((hold.window.resets_at - now).total_seconds()))
    return kind(message, retry_after_s=wait_s)
