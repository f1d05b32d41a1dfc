"""What becomes one anomaly: begun, gone on, and told once however many scopes show it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mno.observability.anomalies.judging import Project, judged, strange
from mno.observability.anomalies.model import Anomaly, AnomalyKind, Measure, Scope
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series

CALENDAR = Calendar(ZoneInfo("UTC"))
START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 5 * 168
PROJECT = Project(UUID(int=1), UUID(int=2))
WHOLE, MODEL, KEY = Scope(), Scope("model", "large"), Scope("api_key", "key_a")


def steady(seed: int = 1) -> Floats:
    return np.exp(np.random.default_rng(seed).normal(0, 0.1, HOURS))


def look(series: dict[Scope, Floats], known: list[Anomaly] | None = None, hours: int = HOURS) -> list[Anomaly]:
    watched = {scope: {Measure.COST: Series("cost", START, values[:hours])} for scope, values in series.items()}
    return judged(PROJECT, watched, CALENDAR, known or [], 24, START)


def with_spike(first: int, last: int, factor: float = 6.0) -> Floats:
    values = steady()
    values[-first : -last or None] *= factor
    return values


def test_a_spike_begins_an_anomaly_with_its_hours_and_figures() -> None:
    [found] = look({WHOLE: with_spike(10, 7)})
    assert (found.kind, found.measure, found.scope) == (AnomalyKind.SPIKE, Measure.COST, WHOLE)
    assert found.start == START + timedelta(hours=HOURS - 10)
    assert found.end - found.start >= timedelta(hours=3)
    assert found.actual > 3 * found.expected
    assert found.score > 1


def test_what_goes_on_is_the_same_anomaly_with_more_hours() -> None:
    values = with_spike(20, 10)
    [first] = look({WHOLE: values}, hours=HOURS - 16)
    [second] = look({WHOLE: values}, [first])
    assert second.id == first.id
    assert second.start == first.start
    assert second.end > first.end
    assert second.actual > first.actual
    assert second.expected > first.expected


def test_nothing_new_changes_nothing() -> None:
    values = with_spike(20, 17)
    [first] = look({WHOLE: values})
    assert look({WHOLE: values}, [first]) == []


def test_a_model_that_drives_the_project_is_not_told_beside_it() -> None:
    found = look({WHOLE: with_spike(10, 7), MODEL: with_spike(10, 7)})
    assert [one.scope for one in found] == [WHOLE]


def test_a_model_and_its_key_are_told_as_one() -> None:
    found = look({WHOLE: steady(), MODEL: with_spike(10, 7), KEY: with_spike(10, 7)})
    assert [one.scope for one in found] == [MODEL]


def test_two_models_are_two_anomalies() -> None:
    small = Scope("model", "small")
    found = look({WHOLE: steady(), MODEL: with_spike(10, 7), small: with_spike(12, 9)})
    assert [one.scope for one in found] == [MODEL, small]


@pytest.mark.parametrize("expected", [True, False])
def test_hours_that_were_expected_teach_and_others_do_not(expected: bool) -> None:
    values = with_spike(20, 17)
    [found] = look({WHOLE: values})
    marked = replace(found, expected_at=START if expected else None)
    mask = strange(Series("cost", START, values), [marked])
    assert bool(mask.any()) is not expected


def test_a_level_that_lasts_for_more_than_a_week_teaches() -> None:
    [found] = look({WHOLE: with_spike(20, 17)})
    long = replace(found, start=found.end - timedelta(days=8))
    assert not strange(Series("cost", START, steady()), [long]).any()
