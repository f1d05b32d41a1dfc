"""A counter goes on to the end of its period as its weeks before say, and its run-out lies where the limit is met."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from mno.observability.budgets.editing.ahead import MAX_AHEAD_POINTS, ahead
from mno.observability.budgets.model import Cycle, Period, Standing, Unit
from mno.observability.budgets.periods import window_at
from mno.observability.forecast.calendar import Calendar
from support.budgets import a_budget

AS_OF = datetime(2026, 5, 12, 9, tzinfo=UTC)
UTC_CALENDAR = Calendar(ZoneInfo("UTC"), "")
HOUR = timedelta(hours=1)


def standing(limit: int, unit: Unit = Unit.CALLS, cycle: Cycle = Cycle.MONTH) -> Standing:
    budget = a_budget(id=UUID(int=1), limit=limit, unit=unit, period=Period(cycle))
    return Standing(budget, "", 0, 0, window_at(budget.period, ZoneInfo("UTC"), AS_OF))


def steady(hours: int, each: int) -> list[tuple[datetime, int]]:
    return [(AS_OF - place * HOUR, each) for place in range(hours, 0, -1)]


@pytest.mark.parametrize(("unit", "each"), [(Unit.CALLS, 10), (Unit.MONEY, 2_000_000_000)])
def test_steady_use_goes_on_and_meets_the_limit_when_arithmetic_says(unit: Unit, each: int) -> None:
    so_far = (11 * 24 + 9) * each  # since the first of May
    found = ahead(standing(so_far + 48 * each, unit), steady(21 * 24, each), AS_OF, UTC_CALENDAR)
    assert found is not None
    assert found.steps[-1].at == datetime(2026, 6, 1, tzinfo=UTC)
    assert found.steps[-1].median == pytest.approx(31 * 24 * each, rel=0.02)
    assert all(step.lower <= step.median <= step.upper for step in found.steps)
    assert [step.at for step in found.steps] == sorted({step.at for step in found.steps})
    assert len(found.steps) <= MAX_AHEAD_POINTS + 1
    likely = found.run_out.likely
    assert likely is not None
    assert abs(likely - (AS_OF + 48 * HOUR)) <= 2 * HOUR


def test_a_limit_that_lasts_runs_out_never_and_one_that_is_used_up_at_once() -> None:
    hours = steady(21 * 24, 10)
    lasts, over = (ahead(standing(limit), hours, AS_OF, UTC_CALENDAR) for limit in (10**6, 100))
    assert lasts is not None
    assert lasts.run_out.likely is None
    assert over is not None
    assert over.run_out.likely == AS_OF


@pytest.mark.parametrize("hours", [0, 1, 47])
def test_too_little_history_says_nothing(hours: int) -> None:
    assert ahead(standing(100), steady(hours, 10), AS_OF, UTC_CALENDAR) is None


def test_use_before_the_period_is_history_and_not_spent() -> None:
    found = ahead(standing(25, cycle=Cycle.DAY), steady(14 * 24, 1), AS_OF, UTC_CALENDAR)
    assert found is not None
    assert found.steps[0].median == pytest.approx(10, abs=1)
    assert found.steps[-1].at == datetime(2026, 5, 13, tzinfo=UTC)
    assert found.run_out.likely is None
