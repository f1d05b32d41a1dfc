"""An alert as others are told of it (`facts.py`)."""

from mno.observability.alerts.model import Alert
from mno.platform.facts import Fact
from mno.platform.ids import shown


def fact_of(kind: str, alert: Alert, by: str = "") -> Fact:
    """`by` is who acknowledged or resolved it."""
    place = alert.place
    return Fact(
        place.team_id,
        shown("alt", alert.id),
        kind,
        {
            "project": shown("prj", place.project_id) if place.project_id else None,
            "rule": alert.rule_name,
            "measure": str(alert.measure),
            "severity": str(alert.severity),
            "value": str(alert.value),
            "labels": dict(alert.labels),
            "by": by,
        },
    )
