"""The state machine of one rule and group: hysteresis, durations, and never two alerts at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.alerts.machine import (
    Change,
    Reading,
    Track,
    Zone,
    resolved_by_hand,
    stepped,
    zone_of,
)
from mno.observability.alerts.model import AlertComparison, AlertMeasure, Terms
from support.alerts import NOON, terms

BELOW = AlertComparison.BELOW


def reading(value: int | None, calls: int = 100) -> Reading:
    return Reading(None if value is None else Decimal(value), calls)


@pytest.mark.parametrize(
    ("wish", "value", "calls", "zone"),
    [
        ({}, 10, 100, Zone.BREACH),
        ({}, 9, 100, Zone.BAND),
        ({}, 5, 100, Zone.BAND),
        ({}, 4, 100, Zone.CLEAR),
        ({}, None, 0, Zone.CLEAR),
        ({"threshold": Decimal(10)}, 9, 100, Zone.CLEAR),
        ({"comparison": BELOW, "threshold": Decimal(5), "clear": Decimal(8)}, 4, 9, Zone.BREACH),
        ({"comparison": BELOW, "threshold": Decimal(5), "clear": Decimal(8)}, 5, 9, Zone.BAND),
        ({"comparison": BELOW, "threshold": Decimal(5), "clear": Decimal(8)}, 8, 9, Zone.CLEAR),
        ({"comparison": BELOW, "threshold": Decimal(5), "clear": Decimal(8)}, None, 0, Zone.BREACH),
        # a rate of nothing is clear, of too few calls it says nothing
        ({"measure": AlertMeasure.ERROR_RATE, "minimum_calls": 20}, 100, 19, Zone.BAND),
        ({"measure": AlertMeasure.ERROR_RATE, "minimum_calls": 20}, 100, 20, Zone.BREACH),
        ({"measure": AlertMeasure.ERROR_RATE, "minimum_calls": 20}, None, 0, Zone.CLEAR),
        ({"measure": AlertMeasure.LATENCY, "comparison": BELOW, "threshold": Decimal(5)}, None, 0, Zone.CLEAR),
    ],
)
def test_a_reading_is_in_breach_clear_or_between(
    wish: dict[str, object], value: int | None, calls: int, zone: Zone
) -> None:
    assert zone_of(terms(**wish), reading(value, calls)) is zone


def test_a_condition_must_hold_before_it_fires_and_before_it_is_over() -> None:
    rule = terms(for_s=60, clear_after_s=120)
    track, changes = Track(), []
    for second, value in [(0, 12), (30, 12), (59, 12), (60, 12), (61, 3), (100, 7), (110, 3), (229, 3), (230, 3)]:
        zone = zone_of(rule, reading(value))
        track, change = stepped(track, zone, NOON + timedelta(seconds=second), rule)
        changes += [(second, change)] if change else []
    # what wavers into the band begins its time anew
    assert changes == [(60, Change.FIRED), (230, Change.RESOLVED)]
    assert track.empty


def test_what_was_resolved_by_hand_fires_again_only_after_it_was_clear() -> None:
    rule, track = terms(), resolved_by_hand()
    for zone in (Zone.BREACH, Zone.BAND, Zone.BREACH):
        track, change = stepped(track, zone, NOON, rule)
        assert change is None
    track, _ = stepped(track, Zone.CLEAR, NOON, rule)
    assert stepped(track, Zone.BREACH, NOON, rule)[1] is Change.FIRED


@dataclass
class Told:
    """What an observer saw: how many are open, and in which zone each change came."""

    open: int = 0
    changes: list[tuple[Change, Zone]] = field(default_factory=list)


def walked(rule: Terms, looks: Sequence[tuple[int, int]]) -> Told:
    track, now, told = Track(), NOON, Told()
    for pause, value in looks:
        now += timedelta(seconds=pause)
        zone = zone_of(rule, reading(value))
        track, change = stepped(track, zone, now, rule)
        if change:
            told.changes.append((change, zone))
            told.open += 1 if change is Change.FIRED else -1
        assert told.open in (0, 1), "never two open, and none closed that was not open"
        assert track.open == bool(told.open)
    return told


rules = st.builds(
    lambda low, gap, hold, clear, below: terms(
        threshold=Decimal(low if below else low + gap),
        clear=Decimal(low + gap if below else low),
        for_s=hold,
        clear_after_s=clear,
        comparison=BELOW if below else AlertComparison.ABOVE,
    ),
    st.integers(1, 20),
    st.integers(0, 10),
    st.sampled_from([0, 1, 30]),
    st.sampled_from([0, 1, 30]),
    st.booleans(),
)


@given(rules, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_it_fires_in_breach_only_resolves_in_the_clear_only_and_in_turns(
    rule: Terms, looks: list[tuple[int, int]]
) -> None:
    changes = walked(rule, looks).changes
    wanted = [(Change.FIRED, Zone.BREACH), (Change.RESOLVED, Zone.CLEAR)]
    assert changes == [wanted[number % 2] for number in range(len(changes))]


@given(rules, st.integers(0, 40), st.integers(1, 20))
def test_a_value_that_stays_changes_at_most_once(rule: Terms, value: int, looks: int) -> None:
    assert len(walked(rule, [(60, value)] * looks).changes) <= 1
