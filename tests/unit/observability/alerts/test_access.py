"""A project's rules are its own people's; those of the whole team ask for the permission in the team."""

from dataclasses import replace
from uuid import UUID

import pytest

from mno.observability.alerts.access import READ, WRITE, check, place_of, sees
from mno.observability.alerts.model import Place
from mno.platform.errors import Denied, NotFound
from mno.platform.principal import Principal, PrincipalKind

TEAM, PROJECT, OTHER = (UUID(int=n) for n in (1, 2, 3))
BOTH = frozenset({READ, WRITE})
HERE = Principal(PrincipalKind.USER, UUID(int=9), "Ann", TEAM, PROJECT, BOTH)
EVERYWHERE = replace(HERE, team_permissions=BOTH)
READS_ALL = replace(HERE, team_permissions=frozenset({READ}))


@pytest.mark.parametrize(
    ("who", "place", "seen"),
    [
        (HERE, Place(TEAM, PROJECT), True),
        (HERE, Place(TEAM, OTHER), False),
        (HERE, Place(TEAM, None), False),
        (EVERYWHERE, Place(TEAM, None), True),
        (EVERYWHERE, Place(TEAM, OTHER), False),
        (EVERYWHERE, Place(OTHER, PROJECT), False),
        (replace(HERE, permissions=frozenset()), Place(TEAM, PROJECT), False),
    ],
)
def test_what_somebody_sees_goes_by_project_and_team(who: Principal, place: Place, seen: bool) -> None:
    assert sees(who, place, READ) is seen


def test_what_may_not_be_seen_is_not_found_and_what_may_only_be_seen_is_denied() -> None:
    with pytest.raises(NotFound):
        check(HERE, None, READ, "alert")
    with pytest.raises(NotFound):
        check(HERE, Place(TEAM, None), WRITE, "alert")
    with pytest.raises(Denied):
        check(READS_ALL, Place(TEAM, None), WRITE, "alert")
    check(EVERYWHERE, Place(TEAM, None), WRITE, "alert")


def test_what_holds_for_the_team_is_made_by_who_may_there() -> None:
    assert place_of(HERE, of_team=False, permission=WRITE) == Place(TEAM, PROJECT)
    assert place_of(EVERYWHERE, of_team=True, permission=WRITE) == Place(TEAM, None)
    with pytest.raises(Denied):
        place_of(READS_ALL, of_team=True, permission=WRITE)
