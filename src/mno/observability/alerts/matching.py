"""What an alert is called by, and which silences hold for it. Pure rules."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mno.observability.alerts.model import Alert, Silence, Terms


def labels_of(terms: Terms, group: str) -> dict[str, str]:
    """The group's dimension and value, and every dimension of which the rule accepts one value."""
    labels = {name: values[0] for name, values in terms.matches.items() if len(values) == 1}
    return labels | ({terms.group_by: group} if terms.group_by else {})


def silences(silence: Silence, alert: Alert) -> bool:
    """Whether it speaks of this alert: of its place (a team's silence holds in all its projects), rule and labels."""
    if silence.place.project_id is not None and silence.place.project_id != alert.place.project_id:
        return False
    if silence.rule_id is not None and silence.rule_id != alert.rule_id:
        return False
    return _holds(silence.labels, alert.labels)


def silenced(alert: Alert, all_silences: Iterable[Silence], now: datetime) -> bool:
    return any(one.start <= now < one.end and silences(one, alert) for one in all_silences)


def _holds(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())
