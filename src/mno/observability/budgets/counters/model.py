"""What counters are told, wherever they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.observability.budgets.model import Budget, Window

#: An amount by whose it is and the start of the part.
ByCounter = Mapping[tuple[str, datetime], int]

#: A turn for nobody.
NOTHING_ASKED: Mapping[str, Any] = {"ends": {}, "counters": [], "reserves": []}


class CountersLost(Exception):  # noqa: N818 - not a failure: it says what has to be counted first
    """These budgets are not counted here, or not any more; nothing was done."""

    def __init__(self, budgets: Collection[UUID]) -> None:
        super().__init__(f"{len(budgets)} budgets are to be counted anew")
        self.budgets = budgets


@dataclass(frozen=True, slots=True)
class Recount:
    """What the span store knows of a budget, for its parts from `since` on.

    `base` is everything before `cut`, `recent` what others than the gateway sent after it. What was settled of the
    time before `cut` goes, unless it was settled after `settled_before`: its span may be on its way.
    """

    budget: Budget
    window: Window
    cut: datetime
    settled_before: datetime
    base: ByCounter
    recent: ByCounter
    #: Of counters that were lost: what the gateway's own calls after `cut` have used.
    settled: ByCounter = field(default_factory=dict)
