"""Alert rules for tests, and what stands in for the rest of the hub around them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from mno.observability.alerts.model import (
    Alert,
    AlertComparison,
    AlertMeasure,
    AlertRule,
    AlertSeverity,
    AlertState,
    Place,
    Step,
    Terms,
)
from mno.platform.ids import new_id

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
CHANNEL, BOSS = UUID(int=11), UUID(int=12)
#: Fires at 10 errors in five minutes, is over below 5, and tells one channel.
ERRORS = Terms(
    measure=AlertMeasure.ERRORS,
    comparison=AlertComparison.ABOVE,
    threshold=Decimal(10),
    clear=Decimal(5),
    window_s=300,
    steps=(Step(0, (CHANNEL,)),),
)


def terms(**wish: Any) -> Terms:
    """ERRORS but for what is wished; a threshold alone is the clear threshold as well."""
    if "threshold" in wish:
        wish.setdefault("clear", wish["threshold"])
    return replace(ERRORS, **wish)


def a_rule(place: Place | None = None, *, name: str = "Errors", **wish: Any) -> AlertRule:
    where = place or Place(UUID(int=1), UUID(int=2))
    return AlertRule(new_id(), where, name, True, terms(**wish), 1, NOON, "test", NOON, "test")


def an_alert(rule: AlertRule, **wish: Any) -> Alert:
    """One that has fired at NOON with twelve errors."""
    alert = Alert(
        id=UUID(int=77),
        place=rule.place,
        rule_id=rule.id,
        rule_name=rule.name,
        measure=rule.terms.measure,
        severity=AlertSeverity.WARNING,
        group="",
        labels={},
        state=AlertState.FIRING,
        started_at=NOON,
        updated_at=NOON,
        value=Decimal(12),
        peak=Decimal(12),
        threshold=rule.terms.threshold,
    )
    return replace(alert, **wish)


@dataclass(frozen=True)
class PlainNames:
    """Nothing has another name than its id."""

    async def names_of(self, team_id: UUID) -> Mapping[str, str]:
        assert team_id.int
        return {}


class Shares:
    """Every budget's counter stands where the test says."""

    def __init__(self) -> None:
        self.percent: Decimal | None = Decimal(0)

    async def share(self, team_id: UUID, budget_id: UUID, who: str) -> Decimal | None:
        assert team_id.int
        assert budget_id.int
        assert who is not None
        return self.percent
