"""Points over rolling windows: each is the sum of its own steps; thinning loses no breach."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.alerts.evaluation.sums import quantile_ms
from mno.observability.alerts.model import AlertMeasure
from mno.observability.alerts.preview.rolling import MAX_POINTS, Point, StepSums, fired, rolled, step_s, thinned
from support.alerts import NOON, terms


@given(st.lists(st.integers(0, 20), min_size=5, max_size=60))
def test_a_point_is_the_sum_of_the_window_that_ends_there(errors: list[int]) -> None:
    rule = terms(window_s=300)
    points = rolled(rule, [StepSums(calls=one, errors=one) for one in errors], NOON, 60)
    assert len(points) == len(errors) - 4
    assert points[-1].at == NOON
    for number, point in enumerate(points):
        assert point.value == sum(errors[number : number + 5])
        assert point.at == NOON - timedelta(minutes=len(points) - 1 - number)


def test_a_quantile_moves_with_the_window() -> None:
    rule = terms(measure=AlertMeasure.LATENCY, quantile=95, window_s=120)
    slow, quick = StepSums(calls=1, latency={700: 1}), StepSums(calls=1, latency={600: 1})
    points = rolled(rule, [slow, quick, quick], NOON, 60)
    assert [point.value for point in points] == [quantile_ms({700: 1}, 50), quantile_ms({600: 1}, 50)]
    assert rolled(rule, [StepSums(), StepSums()], NOON, 60)[0].value is None


def test_a_quantile_is_the_nth_quickest_call_within_one_percent() -> None:
    assert quantile_ms({}, 95) is None
    found = quantile_ms({100: 90, 200: 5, 300: 5}, 95)
    assert found is not None
    assert abs(float(found) * 1000 / 1.02**200 - 1) < 0.011


def test_it_counts_how_often_the_rule_would_have_fired() -> None:
    values = [0, 12, 7, 12, 3, 20, 0]
    points = [Point(NOON + timedelta(minutes=n), Decimal(value), value) for n, value in enumerate(values)]
    assert fired(terms(), points) == 2


def test_thinning_keeps_the_worst_of_each_stretch() -> None:
    points = [Point(NOON + timedelta(minutes=n), Decimal(n % 400), 1) for n in range(1_440)]
    few = thinned(terms(), points)
    assert len(few) <= MAX_POINTS
    assert max(point.value or 0 for point in few) == 399
    assert thinned(terms(), points[:10]) == points[:10]


@given(st.integers(1, 1_440), st.integers(0, 2 * 86_400), st.booleans())
def test_a_step_divides_the_window(minutes: int, stretch_s: int, hours: bool) -> None:
    assert minutes * 60 % step_s(minutes * 60, stretch_s, hours=hours) == 0


def test_a_step_is_as_short_as_the_stretch_allows() -> None:
    assert step_s(300, 86_400, hours=False) == 60
    assert step_s(86_400, 2 * 86_400, hours=False) == 120
    assert step_s(86_400, 2 * 86_400, hours=True) == 3_600
