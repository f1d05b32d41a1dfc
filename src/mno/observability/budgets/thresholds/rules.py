"""Which thresholds a counter has reached. Pure rules."""

from collections.abc import Sequence

from mno.observability.budgets.model import MAX_THRESHOLD_PERCENT, MAX_THRESHOLDS
from mno.platform.errors import Invalid


def reached(spent: int, limit: int, thresholds: Sequence[int]) -> list[int]:
    """Those of the thresholds (percent) at or below the share that is spent; exact, in integers."""
    return [threshold for threshold in thresholds if spent > 0 and spent * 100 >= threshold * limit]


def checked(thresholds: Sequence[int]) -> tuple[int, ...]:
    """In rising order without repetition; `Invalid` for one out of range, or too many."""
    if len(thresholds) > MAX_THRESHOLDS:
        raise Invalid(f"A budget may have at most {MAX_THRESHOLDS} thresholds.")
    if any(not 1 <= threshold <= MAX_THRESHOLD_PERCENT for threshold in thresholds):
        raise Invalid(f"A threshold is 1 to {MAX_THRESHOLD_PERCENT} percent of the limit.")
    return tuple(sorted(set(thresholds)))
