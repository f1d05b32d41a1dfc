"""Who may see and change what: a project's rules are its own people's; those of the whole team ask for the permission
in the team, as budgets do. Pure rules.
"""

from mno.observability.alerts.model import Place
from mno.platform.errors import Denied, NotFound
from mno.platform.principal import Principal

READ, WRITE, ANSWER = "alerts.read", "alerts.write", "alerts.answer"


def sees(principal: Principal, place: Place, permission: str) -> bool:
    """Whether the permission holds at this place, as the caller stands in one project."""
    if place.team_id != principal.team_id:
        return False
    if place.project_id is None:
        return principal.may_in_team(permission)
    return place.project_id == principal.project_id and principal.may(permission)


def check(principal: Principal, place: Place | None, permission: str, what: str) -> None:
    """`NotFound` for what the caller may not even see (None: it is not there), `Denied` for what it may only see."""
    if place is None or not sees(principal, place, READ):
        raise NotFound(f"There is no {what} in this project.")
    if not sees(principal, place, permission):
        raise Denied(f"What belongs to the whole team takes {permission} in the whole team.")


def place_of(principal: Principal, *, of_team: bool, permission: str) -> Place:
    """Where something new belongs; `Denied` for the whole team without the permission there."""
    if of_team and not principal.may_in_team(permission):
        raise Denied(f"What holds for the whole team takes {permission} in the whole team.")
    return Place(principal.team_id, None if of_team else principal.project_id)
