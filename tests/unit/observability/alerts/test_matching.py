"""Which silences hold for an alert: by place, rule, labels and time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from mno.observability.alerts.matching import labels_of, silenced
from mno.observability.alerts.model import Place, Silence
from support.alerts import NOON, a_rule, an_alert, terms

RULE = a_rule()
ALERT = an_alert(RULE, labels={"model": "gpt-4o", "user": "ann"})
HOUR = Silence(UUID(int=5), RULE.place, None, {}, NOON, NOON + timedelta(hours=1), "Migration", NOON, "test")


@pytest.mark.parametrize(
    ("wish", "holds"),
    [
        ({}, True),
        ({"rule_id": RULE.id}, True),
        ({"rule_id": UUID(int=6)}, False),
        ({"labels": {"user": "ann"}}, True),
        ({"labels": {"user": "ann", "model": "o3"}}, False),
        ({"labels": {"agent": "clerk"}}, False),
        ({"place": Place(RULE.place.team_id, None)}, True),
        ({"place": Place(RULE.place.team_id, UUID(int=6))}, False),
        ({"start": NOON + timedelta(seconds=1)}, False),
        ({"end": NOON}, False),
    ],
)
def test_a_silence_holds_where_everything_that_it_names_is_so(wish: dict[str, Any], holds: bool) -> None:
    assert silenced(ALERT, [replace(HOUR, **wish)], NOON) is holds


def test_a_silence_of_a_project_does_not_hold_for_the_team_s_alerts() -> None:
    team = replace(ALERT, place=Place(RULE.place.team_id, None))
    assert not silenced(team, [HOUR], NOON)


def test_labels_are_the_group_and_what_the_rule_matches_alone() -> None:
    found = labels_of(terms(group_by="user", matches={"model": ("a",), "agent": ("b", "c")}), "ann")
    assert found == {"user": "ann", "model": "a"}
