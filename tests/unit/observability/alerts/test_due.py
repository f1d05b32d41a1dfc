"""Who is told of an alert and when: steps, reminders, silences; and every transition exactly once."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.alerts.model import Alert, AlertState, Step, Terms
from mno.observability.alerts.telling.due import MessageKind, due
from support.alerts import BOSS, CHANNEL, NOON, a_rule, an_alert, terms

TWO_STEPS = terms(steps=(Step(0, (CHANNEL,)), Step(15, (BOSS, CHANNEL))), repeat_minutes=60)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def told(alert: Alert, rule: Terms, *minutes: float, silenced: bool = False) -> tuple[Alert, list[tuple[float, str]]]:
    found = []
    for minute in minutes:
        alert, messages = due(alert, rule, at(minute), silenced=silenced)
        found += [(minute, str(one.kind)) for one in messages]
    return alert, found


def test_it_tells_escalates_and_reminds_each_in_its_time() -> None:
    alert, found = told(an_alert(a_rule()), TWO_STEPS, 0, 1, 14, 15, 16, 74, 75, 76, 135)
    assert found == [(0, "fired"), (15, "escalated"), (75, "still_firing"), (135, "still_firing")]
    assert alert.told_steps == 2
    assert alert.reminders == 2


def test_who_has_taken_it_on_is_left_in_peace_and_all_who_know_hear_of_the_end() -> None:
    alert, _ = told(an_alert(a_rule()), TWO_STEPS, 0)
    taken = replace(alert, state=AlertState.ACKNOWLEDGED)
    taken, found = told(taken, TWO_STEPS, 15, 60, 600)
    assert found == []
    over, messages = due(replace(taken, state=AlertState.RESOLVED), TWO_STEPS, at(601), silenced=False)
    assert [(one.kind, one.channels) for one in messages] == [(MessageKind.RESOLVED, (CHANNEL,))]
    assert due(over, TWO_STEPS, at(602), silenced=False) == (over, [])


def test_a_silence_puts_off_and_its_end_tells_what_still_fires() -> None:
    alert, found = told(an_alert(a_rule()), TWO_STEPS, 0, 10, 20, silenced=True)
    assert found == []
    _, found = told(alert, TWO_STEPS, 30, 44, 45)
    assert found == [(30, "fired"), (45, "escalated")]


def test_what_began_and_ended_in_a_silence_is_never_told() -> None:
    over = replace(an_alert(a_rule()), state=AlertState.RESOLVED)
    silent, _ = told(over, TWO_STEPS, 0, silenced=True)
    after, found = told(silent, TWO_STEPS, 10)
    assert found == []
    assert after.told_closed


def test_an_end_in_a_silence_is_told_after_it_to_who_knew_of_the_beginning() -> None:
    alert, _ = told(an_alert(a_rule()), TWO_STEPS, 0)
    over, found = told(replace(alert, state=AlertState.RESOLVED), TWO_STEPS, 5, silenced=True)
    assert found == []
    assert told(over, TWO_STEPS, 6)[1] == [(6, "resolved")]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.sampled_from(["", "", "ack", "over"])), max_size=40),
    st.sampled_from([0, 20]),
)
def test_every_message_leaves_once_under_its_own_key(looks: list[tuple[int, bool, str]], repeat: int) -> None:
    rule = replace(TWO_STEPS, repeat_minutes=repeat)
    alert, now, seen = an_alert(a_rule()), NOON, Counter[tuple[MessageKind, int]]()
    for pause, silenced, act in looks:
        now += timedelta(minutes=pause)
        if act == "ack" and alert.state is AlertState.FIRING:
            alert = replace(alert, state=AlertState.ACKNOWLEDGED)
        if act == "over":
            alert = replace(alert, state=AlertState.RESOLVED)
        alert, messages = due(alert, rule, now, silenced=silenced)
        assert not (silenced and messages)
        seen.update((one.kind, one.number) for one in messages)
    assert all(count == 1 for count in seen.values())
    if alert.told_closed and alert.told_steps:
        assert seen[MessageKind.RESOLVED, 0] == 1
    assert seen[MessageKind.FIRED, 0] == (alert.told_steps > 0)
