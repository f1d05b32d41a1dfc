"""Detection on series in which it is known what is strange."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from faults import Fault, faulty_scopes
from mno.observability.anomalies.detection import examined, kind_of, replaced
from mno.observability.anomalies.model import AnomalyKind, Measure
from mno.observability.anomalies.stretches import Stretch
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series
from watch import scored, touches, watched

CALENDAR = Calendar(ZoneInfo("UTC"))
START = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 5


def office(seed: int = 1) -> Floats:
    """Five weeks of office hours with 10 % of noise."""
    hours = CALENDAR.hours_of_week(START, WEEKS * 168)
    working = (hours // 24 < 5) & (hours % 24 >= 9) & (hours % 24 < 17)
    return np.where(working, 4.0, 1.0) * np.exp(np.random.default_rng(seed).normal(0, 0.1, len(hours)))


def look(values: Floats, measure: Measure = Measure.COST, fresh: int = 24, hours: int = WEEKS * 168) -> Floats:
    found = examined(Series("office", START, values), CALENDAR, measure, np.zeros(len(values), dtype=bool), fresh)
    assert found is not None
    assert len(found.scores) == fresh
    assert len(found.values) == len(found.expected) == hours - 24
    assert np.all(found.low <= found.expected + 1e-9)
    assert np.all(found.expected <= found.high + 1e-9)
    return found.scores


def test_a_usual_day_raises_no_alarm() -> None:
    for seed in range(1, 6):
        assert np.all(np.abs(look(office(seed))) < 1)


def test_a_spike_is_found_in_its_hour() -> None:
    values = office()
    values[-10] *= 5
    scores = look(values)
    assert scores[-10] >= 1
    assert np.all(scores[:-10] < 1)


def test_a_new_level_that_no_single_hour_shows_is_found_within_a_day() -> None:
    values = office()
    values[-24:] *= 1.5
    scores = look(values)
    assert scores.max() >= 1
    # each hour is within what an hour may be
    assert scores[0] < 1


def test_a_day_of_silence_is_a_drop() -> None:
    values = office()
    values[-30:-6] = 0
    scores = look(values)
    assert scores.min() <= -1
    assert kind_of(float(scores.min()), 8) is AnomalyKind.DROP


def test_errors_count_when_they_rise_and_not_when_they_end() -> None:
    rng = np.random.default_rng(2)
    errors = rng.poisson(3, WEEKS * 168).astype(float)
    assert np.all(np.abs(look(errors, Measure.ERRORS)) < 1)
    errors[-5:] = 60
    assert look(errors, Measure.ERRORS)[-5:].max() >= 1
    errors[-24:] = 0
    assert np.all(look(errors, Measure.ERRORS) == 0)


def test_the_first_errors_ever_are_an_anomaly_when_they_are_several() -> None:
    errors = np.zeros(WEEKS * 168)
    errors[-3] = 2
    assert np.all(look(errors, Measure.ERRORS) == 0)
    errors[-3:] = 12
    assert look(errors, Measure.ERRORS)[-3] >= 1


def test_hours_before_the_first_use_are_no_history() -> None:
    values = office()
    values[: 2 * 168] = 0
    values[-5:-2] *= 4
    assert look(values, hours=3 * 168)[-5] >= 2


def test_hours_without_calls_have_no_latency_and_no_alarm() -> None:
    latency = np.full(WEEKS * 168, 900.0) * np.exp(np.random.default_rng(4).normal(0, 0.1, WEEKS * 168))
    latency[-20:] = 0
    assert np.all(look(latency, Measure.LATENCY) == 0)


def test_too_little_history_and_silence_are_not_examined() -> None:
    for values in (np.ones(180), np.zeros(WEEKS * 168)):
        none = np.zeros(len(values), dtype=bool)
        assert examined(Series("x", START, values), CALENDAR, Measure.COST, none, 24) is None


def test_what_was_strange_teaches_nothing() -> None:
    values = office()
    values[-48:-24] *= 6
    strange = np.zeros(len(values), dtype=bool)
    strange[-48:-24] = True
    found = examined(Series("office", START, values), CALENDAR, Measure.COST, strange, 24)
    assert found is not None
    assert np.all(np.abs(found.scores) < 1)
    assert replaced(values, strange)[-30] == pytest.approx(values[-30 - 168], rel=0.5)


def test_a_stretch_is_one_anomaly_with_its_worst_hour() -> None:
    values = office()
    values[-20:-12] *= 4
    [stretch] = watched(Series("office", START, values), CALENDAR, Measure.COST)
    assert abs(stretch.first - (len(values) - 20)) <= 1
    assert stretch.score > 1


def test_a_level_that_lasts_is_learned() -> None:
    rng = np.random.default_rng(5)
    values = np.exp(rng.normal(0, 0.1, 12 * 168))
    values[6 * 168 :] *= 3
    stretches = watched(Series("grown", START, values), CALENDAR, Measure.COST)
    assert stretches[0].first <= 6 * 168 + 2
    assert stretches[-1].last < 6 * 168 + 12 * 24


def test_alarms_that_come_soon_after_a_fault_are_its_own() -> None:
    fault = Fault("slow", 100, 110)
    for first, last, hit in ((105, 106, True), (112, 113, True), (113, 114, False), (90, 100, False), (90, 101, True)):
        assert touches(Stretch(first, first, last, 1.0, 1), fault) is hit


@pytest.mark.slow
def test_seeded_faults_are_found_and_little_else() -> None:
    found = scored(faulty_scopes(4711, count=2))
    assert found.faults >= 10
    assert found.recall >= 0.85
    assert found.precision >= 0.75
