"""What makes no sense as a rule is refused, and says what to do."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mno.observability.alerts.editing.wishes import checked_terms
from mno.observability.alerts.model import MAX_ESCALATION_STEPS, AlertComparison, AlertMeasure, Step
from mno.platform.errors import Invalid
from support.alerts import BOSS, CHANNEL, terms

BUDGET, ANOMALY = AlertMeasure.BUDGET_SHARE, AlertMeasure.ANOMALIES


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"threshold": Decimal(0)}, "always hold"),
        ({"threshold": Decimal("NaN")}, "a number"),
        ({"threshold": Decimal(10**13)}, "a number"),
        ({"threshold": Decimal(5), "clear": Decimal(6)}, "at most its threshold"),
        ({"comparison": AlertComparison.BELOW, "threshold": Decimal(5), "clear": Decimal(4)}, "at least its threshold"),
        ({"measure": AlertMeasure.ERROR_RATE, "threshold": Decimal(101)}, "100 percent"),
        ({"window_s": 30}, "whole minutes"),
        ({"window_s": 90}, "whole minutes"),
        ({"window_s": 86_460}, "whole minutes"),
        ({"for_s": -1}, "for_s"),
        ({"clear_after_s": 86_401}, "clear_after_s"),
        ({"measure": AlertMeasure.LATENCY}, "quantile"),
        ({"quantile": 95}, "Only a rule on latency"),
        ({"minimum_calls": 5}, "error rates and latency"),
        ({"budget_id": UUID(int=5)}, "names a budget"),
        ({"measure": BUDGET, "comparison": AlertComparison.BELOW, "clear": Decimal(10)}, "'above'"),
        ({"measure": BUDGET, "for_s": 60}, "for_s"),
        ({"measure": BUDGET, "group_by": "user"}, "group_by"),
        ({"measure": BUDGET, "matches": {"model": ("x",)}}, "cannot be matched"),
        ({"measure": ANOMALY, "matches": {"environment": ("x",)}}, "cannot be matched"),
        ({"matches": {"colour": ("red",)}}, "no dimension"),
        ({"matches": {"model": ()}}, "Name a value"),
        ({"matches": {"model": ("",)}}, "text of 1"),
        ({"matches": {"model": ("a\0b",)}}, "text of 1"),
        ({"matches": {"model": tuple(map(str, range(51)))}}, "at most 50"),
        ({"matches": {"model": ("a",)}, "group_by": "model"}, "one group"),
        ({"group_by": "tag:"}, "no dimension"),
        ({"group_by": "project"}, "whole team"),
        ({"steps": (Step(5, (CHANNEL,)),)}, "told at once"),
        ({"steps": (Step(0, ()),)}, "1 to"),
        ({"steps": (Step(0, (CHANNEL,)), Step(0, (BOSS,)))}, "later than"),
        ({"steps": tuple(Step(n, (CHANNEL,)) for n in range(MAX_ESCALATION_STEPS + 1))}, "at most 5 steps"),
        ({"steps": tuple(Step(n, tuple(UUID(int=n * 10 + k + 1) for k in range(9))) for n in range(3))}, "20 channels"),
        ({"repeat_minutes": -1}, "repeat_minutes"),
    ],
)
def test_what_makes_no_sense_is_refused(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        checked_terms(terms(**wish), of_team=False)


def test_the_same_wish_is_written_one_way() -> None:
    wish = terms(matches={"user": ("b", "a", "b"), "model": ("x",)}, steps=(Step(0, (CHANNEL, CHANNEL)),))
    found = checked_terms(wish, of_team=False)
    assert list(found.matches.items()) == [("model", ("x",)), ("user", ("b", "a"))]
    assert found.steps == (Step(0, (CHANNEL,)),)


def test_a_team_s_rule_may_tell_projects_apart() -> None:
    assert checked_terms(terms(group_by="project"), of_team=True).group_by == "project"
